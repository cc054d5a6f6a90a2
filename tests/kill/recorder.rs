//! A webhook receiver that keeps all it is told, whatever becomes of the sender.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// One request: its key, and what it said of which alert.
struct Notice {
    key: String,
    alert: String,
    firing: bool,
}

/// A server on loopback; it lives as long as the test's process.
pub(crate) struct Recorder {
    address: SocketAddr,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// What all notices say together.
#[derive(Default)]
pub(crate) struct Told {
    /// Alerts that were told as firing.
    pub(crate) firing: BTreeSet<String>,
    /// Alerts that were told as resolved.
    pub(crate) resolved: BTreeSet<String>,
    /// Notices that came again under the same key: the kill came between the answer and its record.
    pub(crate) repeated: usize,
    /// The same told under different keys, which no key could have kept apart for the receiver.
    pub(crate) unexplained: Vec<String>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let notices = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&notices);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                // A connection that a kill cut off is the end of that thread alone.
                thread::spawn(move || while receive(&stream, &kept).is_some() {});
            }
        });
        Self { address, notices }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn count(&self) -> usize {
        self.notices.lock().unwrap().len()
    }

    /// Alerts that were told as firing and not yet as resolved.
    pub(crate) fn burning(&self) -> Vec<String> {
        let told = self.told();
        told.firing.difference(&told.resolved).cloned().collect()
    }

    pub(crate) fn told(&self) -> Told {
        let notices = self.notices.lock().unwrap();
        let mut told = Told::default();
        let mut keys: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
        for notice in notices.iter() {
            let all = if notice.firing { &mut told.firing } else { &mut told.resolved };
            all.insert(notice.alert.clone());
            let known = keys.entry((&notice.alert, notice.firing)).or_default();
            told.repeated += usize::from(!known.insert(&notice.key));
        }
        let twice = keys.into_iter().filter(|(_, keys)| keys.len() > 1);
        told.unexplained = twice.map(|(what, keys)| format!("{what:?}: {keys:?}")).collect();
        told
    }
}

/// One request on the connection; `None` at its end.
fn receive(stream: &TcpStream, kept: &Mutex<Vec<Notice>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "idempotency-key" => value.trim().clone_into(&mut key),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).expect("a webhook's body");
    assert!(!key.is_empty(), "every notice has its key");
    for alert in body["alerts"].as_array().unwrap() {
        kept.lock().unwrap().push(Notice {
            key: key.clone(),
            alert: alert["labels"]["alertname"].as_str().unwrap().to_owned(),
            firing: alert["status"] == "firing",
        });
    }
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()
}
