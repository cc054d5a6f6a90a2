//! The v2 API beside the real one: the same requests to both, in the same order; status, headers and bodies are the same
//! but for what is listed.

use std::collections::HashMap;

use jiff::Timestamp;
use regex::{Captures, Regex};

use serde::Deserialize;

use super::peers::{Peer, Side};
use crate::{
    server::{itself, wait_until},
    support::{alertmanager::YAML, daemon::Answer},
};

/// One request a line: a name, what is sent, headers, a body; whether what it changed takes a while.
const EXCHANGES: &str = include_str!("exchanges.jsonl");

/// A line of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    name: String,
    send: String,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    settles: bool,
    /// A group of it is muted.
    #[serde(default)]
    mutes: bool,
}

/// Headers that clients look at. `X-Content-Type-Options` is on every answer of ours, on some of theirs.
const HEADERS: [&str; 8] = [
    "content-type",
    "allow",
    "cache-control",
    "vary",
    "location",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
];

/// Where we mean to differ: the exchange, what of it, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("alert null", "all", "the real one panics and closes the connection"),
    ("silence matcher null", "all", "the real one panics and closes the connection"),
    ("type any", "all", "the real one answers 500, though the request is at fault"),
    ("page", "all", "the page is ours"),
];

/// What one side answered, with what may differ from run to run masked.
#[derive(Debug, PartialEq)]
struct Told {
    status: u16,
    headers: Vec<String>,
    body: String,
}

/// Masks what is of this run: ids in the order in which they come, moments near now, and of whom the build is.
struct Mask {
    ids: HashMap<String, usize>,
    build: Regex,
    id: Regex,
    moment: Regex,
}

impl Mask {
    fn new() -> Self {
        Self {
            ids: HashMap::new(),
            build: Regex::new(r#""(branch|buildDate|buildUser|goVersion|revision)":"[^"]*""#)
                .unwrap(),
            id: Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap(),
            moment: Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").unwrap(),
        }
    }

    fn told(&mut self, answer: &Answer) -> Told {
        let header = |name: &&str| {
            let value = answer.header(name)?;
            let mut parts: Vec<&str> = value.split(',').map(str::trim).collect();
            // A set to the client, and a map to the real one: its order changes from answer to answer.
            parts.sort_unstable();
            Some(format!("{name}: {}", parts.join(",")))
        };
        let headers = HEADERS.iter().filter_map(header).collect();
        let now = Timestamp::now();
        let near = |captures: &Captures<'_>| {
            let at: Timestamp = captures[0].parse().unwrap();
            let near = at.duration_since(now).abs().as_secs() < 1200;
            if near { "<soon>".to_owned() } else { captures[0].to_owned() }
        };
        let body = self.moment.replace_all(&answer.body, near);
        let body = self.id.replace_all(&body, |captures: &Captures<'_>| {
            let next = self.ids.len();
            format!("<id {}>", self.ids.entry(captures[0].to_owned()).or_insert(next))
        });
        let body = self.build.replace_all(&body, r#""$1":"<own>""#);
        let sorted = Regex::new(r"\[([A-Z]+),([A-Z]+)\] are").unwrap();
        let body = sorted.replace(&body, |captures: &Captures<'_>| {
            let (one, other) = (&captures[1], &captures[2]);
            format!("[{},{}] are", one.min(other), one.max(other))
        });
        Told { status: answer.status, headers, body: body.into_owned() }
    }
}

/// The requests of one side; an id that it gave earlier stands where the exchange says `{id}`.
fn told(exchanges: &[Exchange], peer: &Peer) -> Vec<Option<Told>> {
    let mut mask = Mask::new();
    let mut ids: Vec<String> = Vec::new();
    let given = Regex::new("\"silenceID\":\"([^\"]+)\"").unwrap();
    let filled = |text: &str, ids: &[String]| {
        ids.iter()
            .enumerate()
            .fold(text.to_owned(), |text, (at, id)| text.replace(&format!("{{id {at}}}"), id))
    };
    let mut all = Vec::new();
    for exchange in exchanges {
        let (place, body) = (filled(&exchange.send, &ids), filled(&exchange.body, &ids));
        let headers: Vec<&str> = exchange.headers.iter().map(String::as_str).collect();
        // The real one may close before it has read a body that it refuses, and its answer is lost with that.
        let (method, path) = place.split_once(' ').unwrap();
        let asked = || peer.daemon.send(method, path, &headers, body.as_bytes());
        let answer = (0..5).find_map(|_| asked());
        let id = answer.as_ref().and_then(|answer| given.captures(&answer.body));
        ids.extend(id.map(|captures| captures[1].to_owned()));
        all.push(answer.map(|answer| mask.told(&answer)));
        if exchange.settles {
            peer.settled();
        }
        if exchange.mutes {
            // Which a group shows from its first flush on.
            wait_until("the muted group", || {
                let groups = peer.daemon.get("/api/v2/alerts/groups").body;
                groups.contains("[\"always\"]").then_some(())
            });
        }
    }
    all
}

#[test]
fn the_v2_api_answers_as_the_real_one() {
    let Some(theirs) = Side::Theirs.start(YAML, &[]) else { return };
    let Some(ours) = Side::Ours.start(YAML, &[]) else { return };
    let lines = EXCHANGES.lines().map(serde_json::from_str::<Exchange>);
    let exchanges = lines.collect::<Result<Vec<_>, _>>().unwrap();
    assert!(exchanges.len() >= 120, "{}", exchanges.len());
    let [wanted, found] = [&theirs, &ours].map(|peer| told(&exchanges, peer));
    let mut unused: Vec<_> = ALLOWED.to_vec();
    let mut faults = Vec::new();
    for ((exchange, wanted), found) in exchanges.iter().zip(&wanted).zip(&found) {
        if wanted == found {
            continue;
        }
        let is_allowed = |(name, what, _): &(&str, &str, &str)| {
            *name == exchange.name
                && match (wanted, found, *what) {
                    (_, _, "all") => true,
                    (Some(wanted), Some(found), "body") => {
                        (wanted.status, &wanted.headers) == (found.status, &found.headers)
                    }
                    (Some(wanted), Some(found), "headers") => {
                        (wanted.status, &wanted.body) == (found.status, &found.body)
                    }
                    _ => false,
                }
        };
        if !itself() && ALLOWED.iter().any(is_allowed) {
            unused.retain(|allowed| !is_allowed(allowed));
        } else {
            faults.push(format!(
                "{} {:?}\n  theirs {wanted:?}\n  ours   {found:?}",
                exchange.name, exchange.body
            ));
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(itself() || unused.is_empty(), "no longer needed: {unused:?}");
}
