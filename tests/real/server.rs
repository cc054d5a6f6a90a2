//! Real servers as processes: found, started, waited for, ended by their pid.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{alone::missing, patience::patience};

/// A program `parts.sh` has fetched, or one of the system's own. `None` after saying that it is missing.
pub(crate) fn part(name: &str) -> Option<PathBuf> {
    let parts = std::env::var_os("NOROSHI_PARTS").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/noroshi/parts"))
    });
    let fetched = parts.map(|parts| parts.join("bin").join(name)).filter(|path| path.exists());
    let found = fetched.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let mut folders = std::env::split_paths(&path);
        folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
    });
    if found.is_none() {
        missing(&format!("{name}: `tests/real/parts.sh` fetches it"));
    }
    found
}

/// A running server. Ended when dropped; what it said is shown when a test fails.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a command whose output goes to a file in `folder`, and waits until it is `ready`.
    pub(crate) fn start(
        command: &mut Command,
        folder: &Path,
        name: &str,
        ready: impl Fn() -> bool,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut server = Self { child, log };
        wait_until(&format!("{name} to be ready"), || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended: {ended:?}\n{}", server.said());
            ready().then_some(())
        });
        server
    }

    /// Sends a signal by name: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Everything it has printed.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let tail = said.lines().rev().take(30).collect::<Vec<_>>();
            eprintln!("{}:", self.log.display());
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn wait_until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience().max(Duration::from_secs(30));
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        // Another program's answer: there is nothing to be told by.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one themselves and tell.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The body of an HTTP answer with status 200; `None` when it is another one, or nobody is there yet.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    // HTTP/1.0 is answered without chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    (head.split(' ').nth(1) == Some("200")).then(|| body.to_owned())
}

/// Whether the peer is to stand on both sides, which shows that a difference is not the test's own:
/// `NOROSHI_DIFFERENTIAL=itself`. Nothing may differ then, and no difference is allowed.
pub(crate) fn itself() -> bool {
    std::env::var("NOROSHI_DIFFERENTIAL").is_ok_and(|value| value == "itself")
}
