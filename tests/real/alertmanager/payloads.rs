//! What each provider sends for one fixed group, first firing and then resolved, to peers that write it down.
//!
//! `NOROSHI_PAYLOADS=FOLDER` keeps what was recorded, one file for each message.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use jiff::{Timestamp, ToSpan as _, Unit};
use noroshi::{
    model::{Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs},
    notify::template::{Data, Surroundings, Templates},
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};

use super::peers::Side;
use crate::support::{eventually, peer::Peer, web};

const RECEIVER: &str = "team.x (b)";
const EXTERNAL: &str = "http://alerts.example/am";
const GENERATOR: &str = "http://prometheus.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1";

/// A message as its peer got it. What differs from run to run (ports, dates, boundaries) is replaced by its name.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    /// `webhook`, `slack`, `telegram` or `email`.
    pub(super) kind: &'static str,
    /// The request line, or the envelope.
    pub(super) request: String,
    /// By name in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// When the two alerts began, and when both ended. Not long ago: a group of old alerts is not waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    starts: [Timestamp; 2],
    ends: Timestamp,
}

impl Times {
    pub(super) fn now() -> Self {
        let now = Timestamp::now().round(Unit::Millisecond).unwrap();
        Self { starts: [now, now + 1.millisecond()], ends: now + 100.milliseconds() }
    }
}

type Kept = Arc<Mutex<Vec<Payload>>>;

/// All messages of one of the two programs: each provider's of the firing group, then each one's of the resolved.
pub(super) async fn recorded(side: Side, times: Times) -> Option<Vec<Payload>> {
    let kept = Kept::default();
    let (http, smtp) = (providers(&kept).await, mailbox(&kept).await);
    let folder = tempfile::tempdir().unwrap();
    let peer = side.start(
        &config(&http, &smtp),
        &[&format!("--web.external-url={EXTERNAL}"), "--web.route-prefix=/"],
    )?;
    let mut all = Vec::new();
    for ends in [None, Some(times.ends)] {
        let answer = peer.daemon.post("/api/v2/alerts", &alerts(times, ends)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        eventually!(kept.lock().unwrap().len() >= 4, "{}", peer.daemon.log());
        let mut told = std::mem::take(&mut *kept.lock().unwrap());
        told.sort_by_key(|payload| payload.kind);
        let kinds: Vec<_> = told.iter().map(|payload| payload.kind).collect();
        assert_eq!(kinds, ["email", "slack", "telegram", "webhook"], "{}", peer.daemon.log());
        all.extend(told);
    }
    for payload in &mut all {
        for address in [http.address(), smtp.address()] {
            payload.settle(&address.to_string(), "PEER");
        }
    }
    keep(side, &all);
    drop(folder);
    Some(all)
}

fn config(http: &Peer, smtp: &Peer) -> String {
    let (http, smtp) = (http.address(), smtp.address());
    format!(
        "route: {{ receiver: '{RECEIVER}', group_by: [alertname], group_wait: 300ms, group_interval: 1s, repeat_interval: 1h }}\n\
         receivers:\n- name: '{RECEIVER}'\n\
         \x20 webhook_configs: [{{ url: 'http://{http}/webhook' }}]\n\
         \x20 slack_configs: [{{ api_url: 'http://{http}/slack', channel: '#alerts', send_resolved: true }}]\n\
         \x20 telegram_configs: [{{ api_url: 'http://{http}', bot_token: '123:secret', chat_id: -100, send_resolved: true }}]\n\
         \x20 email_configs: [{{ smarthost: '{smtp}', from: 'am@example.com', to: 'a@example.com, b@example.com', hello: 'localhost', require_tls: false, send_resolved: true }}]\n"
    )
}

fn labels(at: usize) -> Pairs {
    let instance = format!("web-{at}:9100");
    Pairs::new([("alertname", "Slow <web>"), ("instance", &instance), ("severity", "warning")])
}

fn annotations() -> Pairs {
    Pairs::new([
        ("summary", "it's 100% slow: 狼煙 & co"),
        ("runbook", "https://runbooks.example/slow?a=1&b=2"),
    ])
}

fn alerts(times: Times, ends: Option<Timestamp>) -> Value {
    let alert = |at: usize| {
        let mut alert = json!({
            "labels": labels(at),
            "annotations": annotations(),
            "startsAt": times.starts[at],
            "generatorURL": GENERATOR,
        });
        if let Some(ends) = ends {
            alert["endsAt"] = json!(ends);
        }
        alert
    };
    json!([alert(0), alert(1)])
}

/// Slack's webhooks, Telegram's bots, and a webhook.
async fn providers(kept: &Kept) -> Peer {
    let kept = Arc::clone(kept);
    web::serve(move |request| {
        let (kind, content, answer) = match request.path() {
            "/webhook" => ("webhook", "text/plain", ""),
            "/slack" => ("slack", "text/plain", "ok"),
            _ => (
                "telegram",
                "application/json",
                r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":-100,"type":"group"}}}"#,
            ),
        };
        let mut lines = request.head.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        kept.lock().unwrap().push(Payload {
            kind,
            request: first,
            headers: headers.collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        });
        web::reply(200, &[("Content-Type", content)], answer.as_bytes())
    })
    .await
}

/// A mail server without TLS that takes whatever it is given.
async fn mailbox(kept: &Kept) -> Peer {
    let kept = Arc::clone(kept);
    Peer::stream(move |stream, _, _| {
        let kept = Arc::clone(&kept);
        async move {
            let mut stream = BufStream::new(stream);
            let (mut envelope, mut line) = (String::new(), String::new());
            say(&mut stream, "220 mailbox").await?;
            while stream.read_line(&mut line).await? > 0 {
                let command = line.trim_end().to_owned();
                line.clear();
                let word =
                    command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
                match word.as_str() {
                    "EHLO" => say(&mut stream, "250 mailbox").await?,
                    "DATA" => {
                        say(&mut stream, "354 go on").await?;
                        let mut mail = String::new();
                        while !mail.ends_with("\r\n.\r\n") {
                            assert!(stream.read_line(&mut mail).await? > 0, "the mail ends");
                        }
                        kept.lock().unwrap().push(mail_of(&envelope, &mail));
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
    })
    .await
}

async fn say(stream: &mut BufStream<tokio::net::TcpStream>, words: &str) -> std::io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}

fn mail_of(envelope: &str, mail: &str) -> Payload {
    let (head, body) = mail.split_once("\r\n\r\n").expect("headers and a body");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let boundary = headers
        .get("content-type")
        .and_then(|kind| kind.split_once("boundary="))
        .map(|(_, boundary)| boundary.trim_matches(['"', ';']).to_owned());
    let mut payload = Payload {
        kind: "email",
        request: envelope.trim_end_matches("; ").to_owned(),
        headers,
        body: body.trim_end_matches("\r\n.\r\n").to_owned(),
    };
    for name in ["date", "message-id"] {
        if let Some(value) = payload.headers.get_mut(name) {
            *value = name.to_ascii_uppercase();
        }
    }
    if let Some(boundary) = boundary {
        payload.settle(&boundary, "BOUNDARY");
    }
    payload
}

impl Payload {
    fn settle(&mut self, found: &str, name: &str) {
        for text in [&mut self.request, &mut self.body].into_iter().chain(self.headers.values_mut())
        {
            *text = text.replace(found, name);
        }
    }
}

fn keep(side: Side, all: &[Payload]) {
    let Some(folder) = std::env::var_os("NOROSHI_PAYLOADS") else { return };
    for (at, payload) in all.iter().enumerate() {
        let state = if at < 4 { "firing" } else { "resolved" };
        let name = format!("{side:?}-{}-{state}.txt", payload.kind).to_ascii_lowercase();
        let headers: String = payload
            .headers
            .iter()
            .flat_map(|(name, value)| {
                [
                    name, ": ", value, "
",
                ]
            })
            .collect();
        let text = format!("{}\n{headers}\n{}\n", payload.request, payload.body);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
    }
}

/// The data that we would render the same group with.
fn data(reason: NoticeReason, times: Times, ends: Option<Timestamp>) -> Data {
    let alert = |at: usize| NoticeAlert {
        fingerprint: Fingerprint(labels(at).fingerprint()),
        labels: labels(at),
        annotations: annotations(),
        starts_at: times.starts[at],
        ends_at: ends,
        generator_url: GENERATOR.into(),
    };
    let at = times.ends;
    let notice = Notice {
        id: 1,
        lane: Lane { group: "{}:{}".into(), receiver: RECEIVER.into(), integration: 0 },
        kind: "webhook".into(),
        idempotency_key: "key".into(),
        reason,
        at,
        since: at,
        group_labels: Pairs::new([("alertname", "Slow <web>")]),
        alerts: [alert(0), alert(1)].into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    };
    let around =
        Surroundings { external_url: EXTERNAL.into(), route_labels: Pairs::default(), now: at };
    Data::new(&notice, around)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_data_are_those_of_its_messages() {
    let times = Times::now();
    let Some(all) = recorded(Side::Theirs, times).await else { return };
    let set = Templates::parse(&[]).unwrap();
    let groups = [
        data(NoticeReason::First, times, None),
        data(NoticeReason::AllResolved, times, Some(times.ends)),
    ];
    for (told, data) in all.chunks(4).zip(&groups) {
        let [email, slack, telegram, webhook] = told else { panic!("{told:?}") };
        let body: Value = serde_json::from_str(&webhook.body).unwrap();
        for (key, own) in serde_json::to_value(data).unwrap().as_object().unwrap() {
            assert_eq!(body[key], *own, "{key}");
        }
        let default =
            |name: &str| set.text(&format!("{{{{ template \"{name}\" . }}}}"), data).unwrap();
        let slack: Value = serde_json::from_str(&slack.body).unwrap();
        let attachment = &slack["attachments"][0];
        for (key, name) in [
            ("title", "title"),
            ("title_link", "titlelink"),
            ("fallback", "fallback"),
            ("color", "color"),
        ] {
            assert_eq!(attachment[key], default(&format!("slack.default.{name}")), "{key}");
        }
        assert_eq!(email.headers["subject"], default("email.default.subject"));
        let telegram: Value = serde_json::from_str(&telegram.body).unwrap();
        let ours = set.html("{{ template \"telegram.default.message\" . }}", data).unwrap();
        for told in
            ["Slow &lt;web&gt;", "web-0:9100", "web-1:9100", "it&#39;s 100% slow: 狼煙 &amp; co"]
        {
            assert!(telegram["text"].as_str().unwrap().contains(told), "{told}: {telegram}");
            assert!(ours.contains(told), "{told}: {ours}");
        }
    }
}
