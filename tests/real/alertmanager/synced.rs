//! What the kernel was asked for, and in which order: an answer or a notice leaves the process when what it promises is on
//! disk, not before. The whole binary is watched by strace.

use std::{path::Path, process::Command};

use serde_json::json;

use crate::{
    server::{part, wait_until},
    support::{daemon::Daemon, web},
};

/// Every way in which bytes leave a process or become safe.
const CALLS: &str = "trace=write,writev,sendto,sendmsg,sendmmsg,pwrite64,pwritev,fsync,fdatasync";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_promised_before_it_is_on_disk() {
    let Some(strace) = part("strace") else { return };
    let sink = web::serve(|_| web::reply(200, &[], b"")).await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "route: {{receiver: sink, group_by: [alertname], group_wait: 10ms}}\n\
         receivers: [{{name: sink, webhook_configs: [{{url: 'http://{}/'}}]}}]\n",
        sink.address()
    );
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let trace = folder.path().join("trace");
    let mut daemon = start(&strace, folder.path(), &trace);
    assert_eq!(daemon.post("/api/v2/alerts", &alert()).unwrap().status, 200);
    wait_until("the notice", || (sink.connections() > 0).then_some(()));
    assert_eq!(daemon.post("/api/v2/silences", &silence()).unwrap().status, 200);
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    let trace = wait_until("the end of the trace", || {
        std::fs::read_to_string(&trace).ok().filter(|trace| trace.contains("+++ exited with 0"))
    });

    let unsynced: Vec<&str> = trace.lines().filter(|line| !line.contains("sync")).collect();
    let unsynced = unsynced.join("\n");
    for (row, words) in [
        (r#"{\"alertname\":\"Synced\"}"#, "HTTP/1.1 200 OK"),
        // The row of the outbox has the group's key.
        (r#"{}:{alertname=\"Synced\"}"#, "POST / HTTP/1.1"),
        ("a comment", "silenceID"),
    ] {
        assert_eq!(promised(&trace, row, words), Ok(()));
        assert_eq!(promised(&unsynced, row, words), Err("told before it was on disk"));
    }
}

/// The pid is the program's own: strace steps aside.
fn start(strace: &Path, folder: &Path, trace: &Path) -> Daemon {
    let mut command = Command::new(strace);
    command
        .args(["-D", "-f", "-y", "-s", "65536", "-e", CALLS, "-o"])
        .arg(trace)
        .args([env!("CARGO_BIN_EXE_noroshi"), "alertmanager", "--config.file=alertmanager.yml"])
        .args(["--storage.path=data", "--cluster.listen-address="])
        .arg("--web.listen-address=127.0.0.1:0")
        .current_dir(folder);
    Daemon::spawn(&mut command)
}

fn alert() -> serde_json::Value {
    json!([{ "labels": { "alertname": "Synced" } }])
}

fn silence() -> serde_json::Value {
    json!({
        "matchers": [{ "name": "alertname", "value": "Other", "isRegex": false }],
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z",
        "createdBy": "a test", "comment": "a comment",
    })
}

/// Whether the log's page with this row was written, then safe, and only then these words were sent.
fn promised(trace: &str, row: &str, words: &str) -> Result<(), &'static str> {
    let lines: Vec<&str> = trace.lines().collect();
    let is_log = |line: &&str| line.contains("-wal>");
    let written = lines
        .iter()
        .position(|line| line.contains("pwrite") && is_log(line) && line.contains(row))
        .ok_or("never written")?;
    let told = lines
        .iter()
        .position(|line| line.contains("<socket:") && line.contains(words))
        .ok_or("never told")?;
    let between = lines.get(written..told).ok_or("told before it was written")?;
    let synced = between.iter().enumerate().any(|(at, line)| {
        let begins = line.contains("sync(") && is_log(line);
        let process = line.split(' ').next().unwrap_or_default();
        let ends = |line: &&&str| line.starts_with(process) && line.contains("sync resumed>");
        let end =
            if line.contains("<unfinished") { between[at..].iter().find(ends) } else { Some(line) };
        begins && end.is_some_and(|end| end.trim_end().ends_with("= 0"))
    });
    if synced { Ok(()) } else { Err("told before it was on disk") }
}
