//! The app in process: started on port 0, asked, reloaded, stopped.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{fs, time::Duration};

use noroshi::{
    app::{App, Options, StartError},
    clock::Clock,
};
use support::{
    app::{Bench, COMMON, ask, site, sources, start},
    eventually,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A target that accepts and closes.
async fn target() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    address
}

fn tcp(name: &str, address: &str) -> String {
    format!("[checks.{name}]\ntcp.address = \"{address}\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_on_port_0_twice_in_one_process_and_stops() {
    let target = target().await;
    let (one, two) = (Bench::new(&tcp("a", &target)).await, Bench::new(&tcp("b", &target)).await);
    assert_ne!(one.app.addresses(), two.app.addresses());
    eventually!(some one.value("noroshi_check_up", "a").await);
    eventually!(some two.value("noroshi_check_up", "b").await);
    assert_eq!(one.value("noroshi_check_up", "b").await, None);
    let address = one.app.addresses()[0];
    assert!(one.app.stop().await, "something did not end by itself");
    assert!(ask(address, "/-/healthy").await.is_err());
    assert_eq!(two.get("/-/ready").await.0, 200);
    assert!(two.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_adds_changes_and_removes() {
    let target = target().await;
    let bench =
        Bench::new(&[tcp("kept", &target), tcp("changed", &target), tcp("gone", &target)].concat())
            .await;
    eventually!(bench.value("noroshi_check_runs_total", "kept").await > Some(1.0));
    eventually!(bench.value("noroshi_check_runs_total", "gone").await > Some(1.0));
    bench.write(
        &[tcp("kept", &target), tcp("changed", "127.0.0.1:1"), tcp("new", &target)].concat(),
    );
    assert_eq!(bench.app.reload().await.as_deref(), Ok("3 checks, 3 changed"));
    eventually!(bench.value("noroshi_check_up", "changed").await == Some(0.0));
    eventually!(bench.value("noroshi_check_up", "new").await == Some(1.0));
    let (_, text) = bench.get("/metrics").await;
    assert!(!text.contains("\"gone\""), "series of a removed check");
    assert_eq!(bench.app.reload().await.as_deref(), Ok("3 checks, 0 changed"));
    assert!(bench.app.stop().await);
}

/// A target that takes a request and leaves it unanswered, and a check whose run it holds.
async fn holding(name: &str) -> (TcpListener, String) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let check = format!(
        "[checks.{name}]\ninterval = \"4s\"\ntimeout = \"4s\"\nhttp.url = \"http://{address}/\"\n"
    );
    (silent, check)
}

/// The connection of a run that is in flight: its request has come.
async fn in_flight(target: &TcpListener) -> TcpStream {
    let (mut stream, _) = target.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_leaves_the_run_of_an_unchanged_check_in_flight() {
    let (silent, kept) = holding("kept").await;
    let bench = Bench::new(&kept).await;
    let mut held = in_flight(&silent).await;
    bench.write(&[kept, tcp("new", &target().await)].concat());
    assert_eq!(bench.app.reload().await.as_deref(), Ok("2 checks, 1 changed"));
    eventually!(bench.value("noroshi_check_up", "new").await == Some(1.0));
    assert_eq!(bench.value("noroshi_check_runs_total", "kept").await, Some(0.0));
    // The same run, on the same connection, ends well: a cut one could not.
    held.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    eventually!(bench.value("noroshi_check_up", "kept").await == Some(1.0));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_cuts_the_run_of_a_changed_check() {
    let (silent, changed) = holding("changed").await;
    let bench = Bench::new(&changed).await;
    let mut held = in_flight(&silent).await;
    // The same kind, so that what was counted stays counted.
    let other = site(|_| 200).await;
    bench.write(&format!("[checks.changed]\nhttp.url = \"http://{}/\"\n", other.address()));
    assert_eq!(bench.app.reload().await.as_deref(), Ok("1 check, 1 changed"));
    assert!(ended(&mut held).await);
    // A run that had met its deadline instead would have been counted as a failure.
    eventually!(bench.value("noroshi_check_up", "changed").await == Some(1.0));
    assert_eq!(bench.value("noroshi_check_failures_total", "changed").await, Some(0.0));
    assert!(bench.app.stop().await);
}

/// Whether the other side has closed, or cut it off.
async fn ended(stream: &mut TcpStream) -> bool {
    !matches!(stream.read(&mut [0; 16]).await, Ok(1..))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_reload_keeps_everything() {
    let bench = Bench::new(&tcp("a", &target().await)).await;
    bench.write("[checks.a]\ntcp.adress = \"x:1\"\n[checks.b]\nicmp.host = 3\n");
    let text = bench.app.reload().await.unwrap_err();
    assert!(text.contains("did you mean `address`") && text.contains("2 errors"), "{text}");
    eventually!(some bench.value("noroshi_check_up", "a").await);
    let (_, metrics) = bench.get("/metrics").await;
    assert!(metrics.contains("\nnoroshi_config_last_reload_successful 0\n"));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_noticed() {
    let target = target().await;
    let bench = Bench::new(&tcp("a", &target)).await;
    bench.write(&[tcp("a", &target), tcp("b", &target)].concat());
    eventually!(some bench.value("noroshi_check_up", "b").await);
    assert!(bench.app.stop().await);
}

/// The kubelet keeps a volume's files behind a symlink `..data` and swings it to the new version.
#[tokio::test(flavor = "multi_thread")]
async fn the_symlink_swap_of_a_config_map_is_noticed() {
    let target = target().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let publish = |version: &str, checks: &str| {
        fs::create_dir(root.join(version)).unwrap();
        fs::write(root.join(version).join("noroshi.toml"), format!("{COMMON}{checks}")).unwrap();
        std::os::unix::fs::symlink(version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    };
    publish("..2026_1", &tcp("old", &target));
    let file = root.join("noroshi.toml");
    std::os::unix::fs::symlink("..data/noroshi.toml", &file).unwrap();
    let bench = Bench { app: start(&file).await.unwrap(), folder: tempfile::tempdir().unwrap() };
    publish("..2026_2", &tcp("new", &target));
    eventually!(some bench.value("noroshi_check_up", "new").await);
    assert_eq!(bench.value("noroshi_check_up", "old").await, None);
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_stops_it_is_not_ready_and_the_run_in_flight_is_cut() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let bench = Bench::new(&format!(
        "[checks.slow]\ninterval = \"1s\"\ntimeout = \"1s\"\nhttp.url = \"http://{address}/\"\n"
    ))
    .await;
    // A run is in flight and stays there until its deadline.
    let _held = silent.accept().await.unwrap();
    let listening = bench.app.addresses()[0];
    assert_eq!(bench.get("/-/ready").await.0, 200);
    let stopping = tokio::spawn(bench.app.stop());
    eventually!(ask(listening, "/-/ready").await.is_ok_and(|(status, _)| status == 503));
    assert!(stopping.await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_and_taken_ports_are_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    fs::write(&file, "[checks.a]\ntcp.address = 5\n").unwrap();
    assert!(matches!(start(&file).await, Err(StartError::Config(_))));
    fs::write(&file, tcp("a", "127.0.0.1:1")).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sources = sources(&file);
    let web =
        figment::Figment::from(("web.listen_address", taken.local_addr().unwrap().to_string()));
    sources.flags = web.extract().unwrap();
    let grace = Duration::from_secs(1);
    let refused = App::start(Options { sources, clock: Clock::system(), grace }).await;
    assert!(matches!(refused, Err(StartError::Listen { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_suppressed_while_their_parent_is_in_trouble() {
    let target = target().await;
    let bench = Bench::new(&format!(
        "[checks.parent]\ntcp.address = \"127.0.0.1:1\"\n[checks.child]\ndepends_on = [\"parent\"]\ntcp.address = \"{target}\"\n"
    ))
    .await;
    eventually!(bench.value("noroshi_check_overlay", "child").await == Some(1.0));
    assert_eq!(bench.value("noroshi_check_up", "parent").await, Some(0.0));
    assert!(bench.app.stop().await);
}
