//! The real binary as a process: started, asked over HTTP, signalled, ended when dropped.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// How long a start or an end may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that is awaited.
const POLL: Duration = Duration::from_millis(10);

/// A running daemon.
pub struct Daemon {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// The body's bytes.
    pub raw: Vec<u8>,
}

impl Answer {
    /// A header's value, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

/// One request on a connection of its own; `None` where there is no whole answer.
pub fn exchange(
    address: &str,
    (method, path): (&str, &str),
    headers: &[&str],
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let headers: String = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    // In one piece: a server that refuses after the first would reset what follows it.
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).ok()?;
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(raw[..end].to_vec()).unwrap().to_ascii_lowercase();
    let mut body = raw[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = joined(&body);
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head, body: String::from_utf8_lossy(&body).into_owned(), raw: body })
}

/// The binary with these arguments and a clean environment.
pub fn noroshi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_noroshi"));
    command.args(arguments).env_clear().env("NO_COLOR", "1");
    command
}

impl Daemon {
    /// Starts on a free port of 127.0.0.1 and waits until it listens.
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(noroshi(arguments).arg("--web.listen-address=127.0.0.1:0"))
    }

    /// Starts on the configuration's text; the folder lives as long as the daemon's owner keeps it.
    pub fn configured(text: &str) -> (Self, tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("noroshi.toml");
        std::fs::write(&file, text).unwrap();
        let daemon = Self::start(&["--config.file", file.to_str().unwrap()]);
        (daemon, folder, file)
    }

    /// Starts a prepared command, which must listen on port 0, and waits until it listens.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut address = None;
        for line in lines.by_ref() {
            let line = line.unwrap();
            writeln!(log.lock().unwrap(), "{line}").unwrap();
            // Exporters written in Go say `address=`, once for each.
            let told = line.split_once("addresses=").or_else(|| line.split_once("\" address="));
            if let Some((_, rest)) = told {
                let rest = rest.trim_start_matches(['"', '[']);
                address = Some(rest.split([']', '"', ',', ' ']).next().unwrap().to_owned());
                break;
            }
        }
        let Some(address) = address else {
            let _ = child.kill();
            panic!("it did not start: {}", log.lock().unwrap());
        };
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                writeln!(kept.lock().unwrap(), "{line}").unwrap();
            }
        });
        Self { child, address, log }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log contains the words.
    pub fn until_log(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.log().contains(words) {
            std::thread::park_timeout(POLL);
            assert!(Instant::now() < until, "no {words} in:\n{}", self.log());
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub fn metrics(&self) -> String {
        self.get("/metrics").body
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        self.send(method, path, headers, b"").expect("an answer")
    }

    /// JSON, by POST; `None` where nobody answers any more.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Option<Answer> {
        self.send("POST", path, &["Content-Type: application/json"], body.to_string().as_bytes())
    }

    /// Any request on a connection of its own; `None` where there is no whole answer.
    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Option<Answer> {
        exchange(&self.address, (method, path), headers, body)
    }

    /// Sends a signal by name: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::park_timeout(POLL);
            assert!(Instant::now() < until, "it does not end: {}", self.log());
        }
    }

    /// Asks again and again until the metrics satisfy the question.
    pub fn until_metrics(&self, wanted: &str, question: impl Fn(&str) -> bool) -> String {
        self.until("/metrics", wanted, question)
    }

    /// The same of another path.
    pub fn until(&self, path: &str, wanted: &str, question: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let metrics = self.get(path).body;
            if question(&metrics) {
                return metrics;
            }
            std::thread::park_timeout(POLL);
            assert!(Instant::now() < until, "no {wanted} in:\n{metrics}\n{}", self.log());
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The data of a chunked body.
fn joined(mut chunked: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = chunked.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&chunked[..end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap(), 16).unwrap();
        whole.extend_from_slice(&chunked[end + 2..end + 2 + size]);
        chunked = &chunked[end + 4 + size..];
        if size == 0 {
            break;
        }
    }
    whole
}
