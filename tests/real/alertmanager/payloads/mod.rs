//! What each provider sends for the same groups, first firing and then resolved: both programs told the same, each with
//! peers of its own that write down what arrives.

mod message;
mod recorder;

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::{Timestamp, ToSpan as _, Unit};
use noroshi::model::Pairs;
use serde_json::{Value, json};

use self::{message::Message, recorder::Recorder};
use super::peers::{Peer, Side};
use crate::{
    server::itself,
    support::{authority::Authority, eventually},
};

/// Every provider with its own defaults and with everything that it can be told.
const DEFAULTS: &str = include_str!("defaults.yml");

/// Receivers that use a file of templates, and the file.
const OVERRIDES: &str = include_str!("overrides.yml");
const TEMPLATES: &str = include_str!("overrides.tmpl");

const EXTERNAL: &str = "http://alerts.example/am";
const GENERATOR: &str = "http://prometheus.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1";

/// Where we mean to differ: the integration (`*` ends a part of its name), the field, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("*", "header user-agent", "each names itself"),
    ("*", "header idempotency-key", "a receiver may know a message again"),
    ("*", "header connection", "each message has a connection of its own"),
    ("email*", "header message-id", "a letter's is the same at every attempt"),
    ("email", "part text/html", "a longer text in a layout of our own"),
    ("email-firing", "part text/html", "a longer text in a layout of our own"),
    ("telegram", "body /text", "a longer text in a layout of our own"),
    ("telegram-markdown", "request", "a slash at the end of `api_url` is not doubled"),
    ("webhook-warning", "body", "a key of `payload` that is a number is kept"),
    ("webhook-warning", "body /9", "a key of `payload` that is a number is kept"),
    ("webhook-warning", "body /10", "a key of `payload` that is a number is kept"),
];

/// One of the programs, and who it tells.
struct Told {
    peer: Peer,
    recorder: Recorder,
}

impl Told {
    async fn start(side: Side, config: &str, authority: &Authority) -> Option<Self> {
        let recorder = Recorder::new(authority).await;
        let config = recorder.filled(config);
        let flags = [&format!("--web.external-url={EXTERNAL}"), "--web.route-prefix=/"];
        Some(Self { peer: side.start(&config, &flags)?, recorder })
    }

    /// What came of these alerts: so many messages, and no more.
    async fn messages(&self, alerts: &Value, count: usize) -> Vec<Message> {
        let answer = self.peer.daemon.post("/api/v2/alerts", alerts).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let log = || self.peer.daemon.log();
        let recorder = &self.recorder;
        eventually!(
            recorder.count() >= count,
            "{count}, but {:?}\n{}",
            recorder.take().iter().map(|message| message.name.clone()).collect::<Vec<_>>(),
            log()
        );
        // A message too many would come at the group's next flush.
        tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
        recorder.take()
    }
}

/// Two alerts with what has to be escaped somewhere.
fn alerts(starts: Timestamp, ends: Option<Timestamp>) -> Value {
    let alert = |at: i64| {
        let mut alert = json!({
            "labels": labels(at),
            "annotations": annotations(),
            "startsAt": starts + at.milliseconds(),
            "generatorURL": GENERATOR,
        });
        if let Some(ends) = ends {
            alert["endsAt"] = json!(ends);
        }
        alert
    };
    json!([alert(0), alert(1)])
}

fn labels(at: i64) -> Pairs {
    let instance = format!("web-{at}:9100");
    Pairs::new([("alertname", "Slow <web>"), ("instance", &instance), ("severity", "warning")])
}

fn annotations() -> Pairs {
    Pairs::new([
        ("summary", "it's 100% slow: 狼煙 & co"),
        ("runbook", "https://runbooks.example/slow?a=1&b=2"),
    ])
}

/// Where the two differ, a line for each field; the allowances that were used are taken out.
fn differences(theirs: &[Message], ours: &[Message], state: &str, unused: &mut Unused) -> String {
    let names =
        |all: &[Message]| all.iter().map(|message| message.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs), "{state}");
    let mut found = String::new();
    for (theirs, ours) in theirs.iter().zip(ours) {
        let fields: BTreeSet<_> = theirs.fields.keys().chain(ours.fields.keys()).collect();
        for field in fields {
            let [wanted, got] = [theirs, ours].map(|message| message.fields.get(field));
            let name = &theirs.name;
            if let (true, Some(wanted), Some(got)) = (is_long(field), wanted, got) {
                assert_eq!(facts(wanted), facts(got), "{name} {state}\n{wanted}\n{got}");
            }
            if wanted == got || unused.allows(name, field) {
                continue;
            }
            let _ =
                writeln!(found, "{name} {state}, {field}\n  theirs {wanted:?}\n  ours   {got:?}");
        }
    }
    found
}

/// Texts whose layout may be our own.
fn is_long(field: &str) -> bool {
    ["part text/html", "body /text"].contains(&field)
}

/// What of all there is to tell a text tells.
fn facts(text: &str) -> Vec<(String, bool)> {
    let mut facts = vec!["Slow <web>", "web-0:9100", "web-1:9100", "warning", GENERATOR, EXTERNAL];
    let annotations = annotations();
    facts.extend(annotations.iter().map(|(_, value)| value));
    let escaped = |fact: &str| {
        let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("+", "&#43;")];
        pairs.iter().fold(fact.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    facts.into_iter().map(|fact| (fact.to_owned(), text.contains(&escaped(fact)))).collect()
}

/// Allowances that no difference has needed yet.
struct Unused(Vec<(&'static str, &'static str)>);

impl Unused {
    fn new(allowed: &[(&'static str, &'static str, &'static str)]) -> Self {
        Self(allowed.iter().map(|(name, field, _)| (*name, *field)).collect())
    }

    fn allows(&mut self, name: &str, field: &str) -> bool {
        let is_it = |own: &str, own_field: &str| {
            let same = own.strip_suffix('*').map_or(own == name, |start| name.starts_with(start));
            same && own_field == field
        };
        self.0.retain(|(own, own_field)| !is_it(own, own_field));
        !itself() && ALLOWED.iter().any(|(own, own_field, _)| is_it(own, own_field))
    }
}

/// What both say of a configuration: so many messages as long as it fires, and so many when it is over.
async fn compare(config: &str, counts: [usize; 2], unused: &mut Unused) {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.tmpl"), TEMPLATES).unwrap();
    let config = config
        .replace("AUTHORITY", &authority.ca_file().display().to_string())
        .replace("FOLDER", &folder.path().display().to_string());
    let Some(theirs) = Told::start(Side::Theirs, &config, &authority).await else { return };
    let Some(ours) = Told::start(Side::Ours, &config, &authority).await else { return };
    let starts = Timestamp::now().round(Unit::Millisecond).unwrap();
    let mut found = String::new();
    for (state, ends, count) in
        [("firing", None, counts[0]), ("resolved", Some(starts + 100.milliseconds()), counts[1])]
    {
        let alerts = alerts(starts, ends);
        let (theirs, ours) =
            tokio::join!(theirs.messages(&alerts, count), ours.messages(&alerts, count));
        assert_eq!(theirs.len(), count, "{state}");
        found += &differences(&theirs, &ours, state, unused);
    }
    assert!(found.is_empty(), "\n{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_provider_says_what_theirs_does() {
    let mut unused = Unused::new(ALLOWED);
    compare(DEFAULTS, [18, 14], &mut unused).await;
    assert!(itself() || unused.0.is_empty(), "no longer needed: {:?}", unused.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_of_ones_own_are_used_alike() {
    compare(OVERRIDES, [8, 8], &mut Unused(Vec::new())).await;
}
