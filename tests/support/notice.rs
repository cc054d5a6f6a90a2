//! Notices, and one attempt at one of them.

use std::sync::Arc;

use figment::value::Value;
use noroshi::{
    clock::Clock,
    model::{Delivery, Fingerprint, Handle, Lane, Notice, NoticeAlert, NoticeReason, Pairs},
    net::Net,
    notify::{
        self, DeadmanMetrics, Metrics, PROVIDERS, Parts, Provider, PushMetrics, Setup,
        spec::{Integration, Limits, Receiver, Receivers},
        template::Templates,
    },
};
use tokio::sync::mpsc;

/// A provider of one table in TOML; it has no mistakes.
pub fn provider(kind: &str, table: &str) -> Provider {
    let row = PROVIDERS.iter().find(|row| row.word == kind).unwrap();
    let table: toml::Table = toml::from_str(table).unwrap();
    let value = Value::serialize(table).unwrap();
    let provider = (row.parse)(&value).unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert!(provider.problems().is_empty(), "{kind}: {:?}", provider.problems());
    provider
}

/// A configuration of one receiver `r` with one integration.
pub fn setup(provider: Provider) -> Setup {
    let receiver = Receiver {
        name: "r".into(),
        integrations: vec![Integration::from(provider)],
        limits: Limits::default(),
        ..Receiver::default()
    };
    Setup {
        receivers: Receivers {
            receivers: vec![Arc::new(receiver)],
            external_url: "http://noroshi.example".into(),
            ..Receivers::default()
        },
        templates: Arc::new(Templates::parse(&[]).unwrap()),
    }
}

/// What delivery needs, and where it reports.
pub fn parts() -> (Parts, mpsc::Receiver<Delivery>) {
    let (deliveries, told) = mpsc::channel(256);
    let parts = Parts {
        net: Net::new(),
        clock: Clock::anchored(at()),
        deliveries,
        metrics: Metrics::default(),
        pushes: PushMetrics::default(),
        heartbeats: DeadmanMetrics::default(),
        alive: Arc::new(|| true),
    };
    (parts, told)
}

/// When all of it happens.
pub fn at() -> jiff::Timestamp {
    "2026-11-28T12:00:00.25Z".parse().unwrap()
}

/// A notice of two alerts, the second one resolved, to the first integration of `r`.
pub fn notice(kind: &str) -> Notice {
    let alert = |name: &str, ends_at| {
        let labels = Pairs::new([("alertname", name), ("severity", "critical")]);
        NoticeAlert {
            fingerprint: Fingerprint(labels.fingerprint()),
            labels,
            annotations: Pairs::new([("summary", "it is <down> & out")]),
            starts_at: "2026-11-28T11:59:00.123456789Z".parse().unwrap(),
            ends_at,
            generator_url: "http://prometheus.example/graph?a=1&b=2".into(),
        }
    };
    Notice {
        id: 7,
        lane: Lane {
            group: r#"{}:{alertname="Down"}"#.into(),
            receiver: "r".into(),
            kind: kind.into(),
            integration: 0,
        },
        idempotency_key: "key-7".into(),
        reason: NoticeReason::First,
        at: at(),
        since: at(),
        group_labels: Pairs::new([("severity", "critical")]),
        alerts: [alert("Down", None), alert("Slow", Some(at()))].into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    }
}

/// The same when all is over, after a message of that handle.
pub fn resolved(kind: &str, handle: Option<Handle>) -> Notice {
    let notice = notice(kind);
    let ended = |alert: &NoticeAlert| NoticeAlert { ends_at: Some(at()), ..alert.clone() };
    Notice {
        id: 8,
        idempotency_key: "key-8".into(),
        reason: NoticeReason::AllResolved,
        alerts: notice.alerts.iter().map(ended).collect(),
        handle,
        ..notice
    }
}

/// One attempt.
pub async fn once(notice: &Notice, provider: Provider) -> Delivery {
    notify::once(notice, &setup(provider), &parts().0).await
}

/// Requests of JSON as they came: the path and the body.
pub async fn requests(peer: &super::Peer) -> Vec<(String, serde_json::Value)> {
    let mut heard = peer.heard().await.into_iter();
    let mut requests = Vec::new();
    while let Some((part, words)) = heard.next() {
        if part == "request" {
            let path = words.split(' ').nth(1).unwrap().to_owned();
            let (_, body) = heard.find(|(part, _)| part == "body").unwrap();
            requests.push((path, serde_json::from_slice(&unescaped(&body)).unwrap()));
        }
    }
    requests
}

/// What a peer heard, before it was escaped to be kept.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let (byte, length) = match (first, after.first()) {
            (b'\\', Some(b'x')) => {
                let hex = std::str::from_utf8(&after[1..3]).unwrap();
                (u8::from_str_radix(hex, 16).unwrap(), 3)
            }
            (b'\\', Some(b'n')) => (b'\n', 1),
            (b'\\', Some(other)) => (*other, 1),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes
}
