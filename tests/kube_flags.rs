//! `noroshi kube-state-metrics` as its operators start it: the binary, its flags, how it ends.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use socket2::{Domain, Socket, Type};
use support::{
    daemon::{Daemon, noroshi},
    kube_api::KubeApi,
};

const LOOPBACK: [&str; 4] =
    ["--host=127.0.0.1", "--port=0", "--telemetry-host=127.0.0.1", "--telemetry-port=0"];

fn ended(flags: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        noroshi(&["kube-state-metrics"]).args(LOOPBACK).args(flags).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_cluster_that_cannot_be_asked_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let missing = folder.path().join("missing").display().to_string();
    let broken = file("broken", "clusters: [");
    let other = file(
        "other",
        "{ apiVersion: v1, kind: Config, current-context: gone, contexts: [], clusters: [], users: [] }",
    );
    let kubeconfig = |path: &str| format!("--kubeconfig={path}");
    for (flag, words) in [
        (kubeconfig(&missing), &[&*missing, "No such file"][..]),
        (kubeconfig(&broken), &["the cluster cannot be asked: "]),
        (kubeconfig(&other), &["gone"]),
        ("--apiserver=example.test".to_owned(), &["begins with neither https:// nor http://"]),
        // And without either, outside of any cluster.
        (
            "--resources=pods".to_owned(),
            &["neither --kubeconfig nor --apiserver is given", "does not run inside a cluster"],
        ),
    ] {
        let (code, _, said) = ended(&[&flag]);
        assert_eq!(code, Some(1), "{flag}: {said}");
        let failed: Vec<_> = said.lines().filter(|line| line.contains("level=ERROR")).collect();
        let [failed] = &*failed else { panic!("{flag}: one message in {said}") };
        assert!(failed.contains("Failed to run kube-state-metrics"), "{failed}");
        assert!(words.iter().all(|word| failed.contains(word)), "{flag}: {failed}");
        assert!(!said.contains("Listening on"), "{said}");
    }
}

#[test]
fn flags_that_are_not_built_say_so_and_what_there_is() {
    for (flag, words) in [
        ("--config=a.yml", "--config is given, and noroshi cannot do what it asks for yet: @FILE"),
        ("--object-limit=5", "--object-limit is given"),
        (
            "--auth-filter",
            "--auth-filter is given, and noroshi cannot do what it asks for yet: --tls-config",
        ),
        ("--custom-resource-state-config={}", "--custom-resource-state-config is given"),
        ("--custom-resource-state-config-file=a", "--custom-resource-state-config-file is given"),
        ("--custom-resource-state-only", "--custom-resource-state-only is given"),
        ("--pod=a", "--pod is given, and noroshi cannot do what it asks for yet: --shard"),
        ("--pod-namespace=a", "--pod-namespace is given"),
    ] {
        let (code, _, said) = ended(&["--apiserver=http://127.0.0.1:9", flag]);
        assert_eq!(code, Some(1), "{flag}");
        assert!(said.contains(words), "{flag}: {said}");
        // So does the page that people read first.
        let name = flag.split('=').next().unwrap();
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kube-state-metrics.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, refused) = page.split_once("## Refused first").unwrap();
        let (refused, _) = refused.split_once("**Taken and without effect**").unwrap();
        assert!(refused.contains(&format!("`{name}`")), "{name} in {refused}");
    }
}

#[test]
fn switches_take_the_words_that_go_takes() {
    let switches = [
        "enable-gzip-encoding",
        "track-unscheduled-pods",
        "auth-filter",
        "custom-resource-state-only",
        "auto-gomemlimit",
        "continue-without-config",
        "continue-without-custom-resource-state-config-file",
        "use-apiserver-cache",
        "add_dir_header",
        "alsologtostderr",
        "legacy_stderr_threshold_behavior",
        "logtostderr",
        "one_output",
        "skip_headers",
        "skip_log_headers",
    ];
    let all = |word: &str| switches.map(|switch| format!("--{switch}={word}"));
    for word in ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"] {
        let flags = all(word);
        let flags: Vec<_> = flags.iter().map(String::as_str).chain(["version"]).collect();
        let (code, shown, said) = ended(&flags);
        assert_eq!(code, Some(0), "{word}: {said}");
        assert!(shown.starts_with("kube-state-metrics, version v2.20.0 ("), "{shown}");
    }
    let bare = switches.map(|switch| format!("--{switch}"));
    let bare: Vec<_> = bare.iter().map(String::as_str).chain(["version"]).collect();
    assert_eq!(ended(&bare).0, Some(0));
    for flag in ["yes", "on", "y", "tRUE", "2", ""].iter().flat_map(|word| all(word)) {
        let (code, _, said) = ended(&[&flag, "version"]);
        assert_eq!(code, Some(1), "{flag}");
        assert!(said.contains("invalid value"), "{flag}: {said}");
    }
    // The words mean what they say: the refusal is of the flag that is switched on.
    let asked = "--apiserver=http://127.0.0.1:9";
    assert!(ended(&[asked, "--auth-filter=F", "--object-limit=1"]).2.contains("--object-limit is"));
    assert!(ended(&[asked, "--auth-filter=T", "--object-limit=1"]).2.contains("--auth-filter is"));
}

/// What a kubeconfig names may take its time; who stops the program meanwhile does not wait for it, nor leaves it behind.
#[test]
fn a_signal_before_it_has_started_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (kubeconfig, begun) = (folder.path().join("config"), folder.path().join("begun"));
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 60", begun.display());
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": "http://127.0.0.1:9" } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "users": [{ "name": "u", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sh", "args": ["-c", script],
        } } }],
    });
    std::fs::write(&kubeconfig, text.to_string()).unwrap();
    let mut command = noroshi(&["kube-state-metrics"]);
    command.args(LOOPBACK).arg(format!("--kubeconfig={}", kubeconfig.display()));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let hanging = waited(|| std::fs::read_to_string(&begun).ok());
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let status = waited(|| child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    let process = format!("/proc/{}/status", hanging.trim());
    // A zombie is its new parent's affair.
    let ended =
        || std::fs::read_to_string(&process).map_or(true, |status| status.contains("(zombie)"));
    waited(|| ended().then_some(()));
}

/// What comes to be within ten seconds, a sixth of what the command above takes.
fn waited<Value>(mut look: impl FnMut() -> Option<Value>) -> Value {
    let begun = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A connection that says nothing yet, with room for little that is unread.
fn connected(daemon: &Daemon) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let address: SocketAddr = daemon.url().strip_prefix("http://").unwrap().parse().unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, path: &str) {
    // A connection that was ended takes no words: what is read of it tells.
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: noroshi\r\nConnection: close\r\n\r\n");
}

/// Whether a page far larger than what waits for its reader comes whole to one who takes his time, and whether a
/// connection is answered that has said nothing meanwhile.
async fn served(api: &KubeApi, flags: &'static [&'static str]) -> (bool, bool) {
    let flag = format!("--apiserver={}", api.url());
    let serve = move || {
        let mut command = noroshi(&["kube-state-metrics", &flag, "--resources=pods"]);
        let daemon = Daemon::spawn(command.args(LOOPBACK).args(flags));
        daemon.until("/readyz", "readiness", |page| page == "OK");
        let (mut silent, mut slow) = (connected(&daemon), connected(&daemon));
        ask(&mut slow, "/metrics");
        let (mut page, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = slow.read(&mut part) {
            page.extend_from_slice(&part[..read]);
            if page.len() < 512 << 10 {
                // Slower than any writer: another question between two reads.
                assert_eq!(daemon.get("/healthz").status, 200);
            }
        }
        assert!(page.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(page.len() > 256 << 10, "{}", page.len());
        let is_whole = page.ends_with(b"\r\n0\r\n\r\n");
        if is_whole {
            ask(&mut silent, "/healthz");
        }
        let mut answer = Vec::new();
        silent.read_to_end(&mut answer).unwrap();
        (is_whole, answer.ends_with(b"OK"))
    };
    tokio::task::spawn_blocking(serve).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_time_is_all_the_time() {
    let api = KubeApi::start().await;
    api.put_pods(3_000);
    // That it is large enough and slow enough to be cut off.
    let short: &[&str] = &[
        "--server-write-timeout=1ns",
        "--server-read-header-timeout=2s",
        "--server-idle-timeout=2s",
    ];
    assert_eq!(served(&api, short).await, (false, false));
    let none: &[&str] = &[
        "--server-write-timeout=0",
        "--server-read-timeout=0s",
        "--server-read-header-timeout=0",
        "--server-idle-timeout=0",
    ];
    assert_eq!(served(&api, none).await, (true, true));
    // Go takes these for none too.
    let negative: &[&str] = &[
        "--server-write-timeout=-1s",
        "--server-read-header-timeout=-1s",
        "--server-idle-timeout=-1s",
    ];
    assert_eq!(served(&api, negative).await, (true, true));
}
