//! The peers that messages go to: web servers, Slack behind a proxy, and a mailbox.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::message::{Message, SLACK_API};
use crate::support::{
    authority::{Authority, Flaw},
    peer::Peer,
    web::{self, Reply, Request},
};

type Kept = Arc<Mutex<Vec<Message>>>;

/// Everything one program is told to reach, and what arrived there.
pub(super) struct Recorder {
    http: Peer,
    proxy: Peer,
    smtp: Peer,
    kept: Kept,
}

impl Recorder {
    pub(super) async fn new(authority: &Authority) -> Self {
        let kept = Kept::default();
        let http = providers(&kept).await;
        let proxy = slack(authority.acceptor(Flaw::None), &kept).await;
        Self { http, proxy, smtp: mailbox(&kept).await, kept }
    }

    /// The configuration with this recorder's addresses in place of their names.
    pub(super) fn filled(&self, config: &str) -> String {
        self.names().iter().fold(config.to_owned(), |text, (address, name)| {
            text.replace(&format!("://{name}"), &format!("://{address}"))
                .replace(&format!("'{name}'"), &format!("'{address}'"))
        })
    }

    /// What came so far, by name, and since the last time.
    pub(super) fn take(&self) -> Vec<Message> {
        let mut all = std::mem::take(&mut *self.kept.lock().unwrap());
        for message in &mut all {
            for (address, name) in &self.names() {
                message.mask(address, name);
            }
        }
        all.sort_by_key(|message| (message.name.clone(), format!("{:?}", message.fields)));
        all
    }

    pub(super) fn count(&self) -> usize {
        self.kept.lock().unwrap().len()
    }

    fn names(&self) -> [(String, &'static str); 3] {
        [(&self.http, "HTTP"), (&self.proxy, "PROXY"), (&self.smtp, "SMTP")]
            .map(|(peer, name)| (peer.address().to_string(), name))
    }
}

/// Slack's webhooks, Telegram's bots, and plain webhooks: the first part of the path says which.
async fn providers(kept: &Kept) -> Peer {
    let kept = Arc::clone(kept);
    web::serve(move |request| {
        let name = request.path().split(['/', '?']).nth(1).unwrap_or_default().to_owned();
        let (content, answer) = match name.split('-').next() {
            Some("telegram") => (
                "application/json",
                r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":-100,"type":"group"}}}"#,
            ),
            Some("slack") => ("text/plain", "ok"),
            _ => ("text/plain", ""),
        };
        keep(&kept, name, request);
        web::reply(200, &[("Content-Type", content)], answer.as_bytes())
    })
    .await
}

/// Slack's own API, wherever a client of this proxy wants to go.
async fn slack(acceptor: TlsAcceptor, kept: &Kept) -> Peer {
    let kept = Arc::clone(kept);
    Peer::stream(move |mut stream, nth, seen| {
        let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
        async move {
            let request = web::hear(&mut stream, nth).await?;
            assert!(request.head.starts_with("CONNECT slack.com:443 "), "{}", request.head);
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            let stream = acceptor.accept(stream).await?;
            web::converse(stream, nth, &seen, &move |request: &Request| answer(&kept, request))
                .await
        }
    })
    .await
}

fn answer(kept: &Kept, request: &Request) -> Reply {
    keep(kept, SLACK_API.into(), request);
    let answer = br#"{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}"#;
    web::reply(200, &[("Content-Type", "application/json; charset=utf-8")], answer)
}

fn keep(kept: &Kept, name: String, request: &Request) {
    let mut lines = request.head.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let values = headers.entry(name.to_ascii_lowercase()).or_default();
        let between = if values.is_empty() { "" } else { " | " };
        let _ = write!(values, "{between}{}", value.trim());
    }
    kept.lock().unwrap().push(Message::of_web(name, first, headers, &request.body));
}

/// A mail server without TLS that takes whatever it is given.
async fn mailbox(kept: &Kept) -> Peer {
    let kept = Arc::clone(kept);
    Peer::stream(move |stream, _, _| {
        let kept = Arc::clone(&kept);
        async move { deliver(BufStream::new(stream), &kept).await }
    })
    .await
}

async fn deliver(mut stream: BufStream<TcpStream>, kept: &Kept) -> io::Result<()> {
    let (mut envelope, mut line) = (String::new(), String::new());
    say(&mut stream, "220 mailbox").await?;
    while stream.read_line(&mut line).await? > 0 {
        let command = line.trim_end().to_owned();
        line.clear();
        let word = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    assert!(stream.read_line(&mut mail).await? > 0, "the mail ends");
                }
                kept.lock().unwrap().push(Message::of_mail(&envelope, &mail));
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => {
                let _ = write!(envelope, "{command}; ");
                say(&mut stream, "250 ok").await?;
            }
        }
    }
    Ok(())
}

async fn say(stream: &mut BufStream<TcpStream>, words: &str) -> io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}
