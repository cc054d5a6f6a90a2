//! A headless Chromium, driven through WebDriver.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, part};

/// How long the page may take for what is awaited.
const PATIENCE: Duration = Duration::from_secs(20);

/// One window. It ends when dropped, and its driver with it.
pub(super) struct Browser {
    address: String,
    session: String,
    _driver: Server,
    _folder: TempDir,
}

impl Browser {
    /// A window of this size; `None` where there is no Chromium, which was said then.
    pub(super) fn open(width: u32, height: u32, dark: bool) -> Option<Self> {
        let (chromium, driver) = (part("chromium")?, part("chromedriver")?);
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(driver);
        command.arg(format!("--port={port}")).env("HOME", folder.path());
        let driver = Server::start(&mut command, folder.path(), "chromedriver", || {
            asked(&address, "GET", "/status", "").is_some()
        });
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &profile,
        ];
        if dark {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        let options = json!({ "binary": chromium, "args": arguments });
        let wanted = json!({
            "capabilities": { "alwaysMatch": { "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } } }
        });
        let mut browser =
            Self { address, session: String::new(), _driver: driver, _folder: folder };
        let made = browser.command("POST", "/session", &wanted);
        made["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser.on("/window/rect", &json!({ "width": width, "height": height }));
        Some(browser)
    }

    pub(super) fn go(&self, url: &str) {
        self.on("/url", &json!({ "url": url }));
    }

    /// What a script returns.
    pub(super) fn run(&self, script: &str) -> Value {
        self.on("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script returns true.
    pub(super) fn until(&self, script: &str) {
        let begun = Instant::now();
        while self.run(&format!("return Boolean({script})")) != json!(true) {
            let text = self.run("return document.body.innerText");
            assert!(begun.elapsed() < PATIENCE, "not {script}: {text}");
            // The browser tells nobody when a page has changed.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the page shows these words.
    pub(super) fn sees(&self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words)));
    }

    /// Clicks the first element of that selector whose text begins so, when it is there.
    pub(super) fn click(&self, selector: &str, words: &str) {
        let find = format!(
            "[...document.querySelectorAll({})].find((e) => e.textContent.startsWith({}))",
            json!(selector),
            json!(words)
        );
        self.until(&find);
        self.run(&format!("{find}.click()"));
    }

    /// What the browser itself complains of.
    pub(super) fn complaints(&self) -> Vec<String> {
        let log = self.on("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture where `NOROSHI_SCREENSHOTS` says, for people.
    pub(super) fn keep(&self, name: &str) {
        let picture =
            self.command("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        let bytes = STANDARD.decode(picture.as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
        if let Some(folder) = std::env::var_os("NOROSHI_SCREENSHOTS") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes)
                .unwrap();
        }
    }

    fn on(&self, what: &str, body: &Value) -> Value {
        self.command("POST", &format!("/session/{}{what}", self.session), body)
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (head, answer) = asked(&self.address, method, path, &body).unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {path} {body}: {answer}");
        serde_json::from_str::<Value>(&answer).unwrap()["value"].take()
    }
}

/// A head and a body. The driver leaves its connections open whatever it is asked, so the body's length counts.
fn asked(address: &str, method: &str, path: &str, body: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(2 * PATIENCE)).ok()?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let (mut head, mut lines) = (String::new(), BufReader::new(stream));
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let told = head.lines().filter_map(|line| line.split_once(':'));
    let mut length = told.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.next_back()?.1.trim().parse().ok()?];
    lines.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

impl Drop for Browser {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = asked(&self.address, "DELETE", &path, "");
    }
}
