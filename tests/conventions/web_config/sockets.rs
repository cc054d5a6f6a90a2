//! 27: where it listens.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::CHECKS;
use crate::support::daemon::{Daemon, noroshi};

#[test]
fn c27_addresses_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    fs::write(&file, CHECKS).unwrap();
    let daemon = Daemon::start(&[
        "--config.file",
        file.to_str().unwrap(),
        "--web.listen-address=127.0.0.1:0",
        "--web.listen-address=:0",
    ]);
    daemon.until_log("noroshi watches");
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("noroshi watches")).unwrap();
    let ports: Vec<_> = line
        .split_once("addresses=")
        .unwrap()
        .1
        .split([',', ' ', ']', '['])
        .filter_map(|address| address.trim_matches('"').rsplit_once(':')?.1.parse::<u16>().ok())
        .collect();
    assert_eq!(ports.len(), 3, "{line}");
    for port in ports {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET /-/healthy HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }
}

/// Ended when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that finds the two sockets as its file descriptors 3 and 4, passed as systemd does to the process `pid`.
fn activated(folder: &Path, sockets: [OwnedFd; 2], pid: &str) -> Child {
    let file = folder.join("c.toml");
    fs::write(&file, CHECKS).unwrap();
    let script = format!(
        "exec 3<&0 4<&1 0</dev/null 1>/dev/null; LISTEN_FDS=2 LISTEN_PID={pid} exec \"$0\" \"$@\""
    );
    let program = noroshi(&[]);
    let [first, second] = sockets;
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program.get_program());
    command.args(["--web.systemd-socket", "--web.listen-address=192.0.2.1:1", "--config.file"]);
    command.arg(file).env("LISTEN_FDNAMES", "a:b");
    command.stdin(Stdio::from(first)).stdout(Stdio::from(second)).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn c27_every_socket_systemd_passes_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let (tcp, path) = (TcpListener::bind("127.0.0.1:0").unwrap(), folder.path().join("socket"));
    let address = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    // The address that cannot be bound is not looked at.
    let _process = Process(activated(folder.path(), [tcp.into(), unix.into()], "$$"));
    // They listen already: what is sent waits for its answer.
    let mut streams: [Box<dyn ReadWrite>; 2] = [
        Box::new(TcpStream::connect(address).unwrap()),
        Box::new(std::os::unix::net::UnixStream::connect(&path).unwrap()),
    ];
    for stream in &mut streams {
        stream.write_all(b"GET /-/healthy HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

#[test]
fn c27_sockets_for_another_process_are_left_alone_and_silence_listens_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = || [TcpListener::bind("127.0.0.1:0").unwrap().into(), client().into()];
    for (pid, words) in [("1", "no socket was passed"), ("$$", "does not listen")] {
        let output = activated(folder.path(), sockets(), pid).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{pid}: {said}");
    }
}

/// A connected socket.
fn client() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(listener.local_addr().unwrap()).unwrap()
}
