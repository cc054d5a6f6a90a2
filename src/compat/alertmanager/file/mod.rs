//! An `alertmanager.yml` as Alertmanager 0.33.1 declares it: every section, every key, every default, and the rules that hold
//! within one section.
//!
//! Contract: declarations and the rules between neighbouring keys, nothing else. What sections say of each other is `check`'s
//! affair, what they mean for noroshi `compile`'s.

mod chat;
mod email;
mod global;
mod matchers;
mod pager;
mod receiver;
mod recorder;
mod route;
mod service;
mod slack;
mod teams;
mod template;
mod times;
mod values;
mod webhook;

pub(super) use self::{
    chat::{Discord, Mattermost, Rocketchat, Telegram, Webex, Wechat},
    email::Email,
    global::Global,
    matchers::{Matchers, Regexps, Values},
    pager::{Incidentio, Opsgenie, Pagerduty, Pushover, Victorops},
    receiver::Receiver,
    recorder::{EventRecorder, Tracing},
    route::{InhibitRule, Route},
    service::{Jira, Sns},
    slack::Slack,
    teams::{Msteams, Msteamsv2},
    times::NamedIntervals,
    values::{HostPort, HttpUrl, Listed, Period, SecretUrl, written},
    webhook::Webhook,
};

use super::codes;
use crate::compat::{
    decode::{Codes, Dialect, Field, Reader, Section, Text, key, section},
    yaml::{Id, Version, Yaml},
};

/// How the file is read and what its mistakes are called.
pub(super) static DIALECT: Dialect = Dialect {
    codes: Codes {
        syntax: codes::SYNTAX,
        empty: codes::EMPTY,
        ignored: codes::IGNORED,
        wrong_type: codes::WRONG_TYPE,
        bad_value: codes::BAD_VALUE,
        unknown_field: codes::UNKNOWN_FIELD,
        duplicate: codes::DUPLICATE,
        missing: codes::MISSING,
        contradiction: codes::CONTRADICTION,
    },
    version: Version::V2,
    least: "a route with a receiver, and that receiver, is the least",
    subject,
    elsewhere,
};

section! {
    /// The whole file.
    File {
        global: Option<Global>,
        route: Option<Route>,
        inhibit_rules: Vec<InhibitRule>,
        receivers: Vec<Receiver>,
        templates: Vec<Text> => always,
        mute_time_intervals: Vec<NamedIntervals>,
        time_intervals: Vec<NamedIntervals>,
        tracing: Tracing,
        event_recorder: EventRecorder,
    }
}

/// The value at a path, for a sentence.
pub(super) fn subject(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

/// Where a key that is unknown at `path` would have been right.
fn elsewhere(key: &str, path: &str) -> Option<String> {
    fn has<S: Section>(key: &str) -> bool {
        let mut keys = Vec::new();
        S::keys(&mut keys);
        keys.contains(&key)
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    if path.is_empty() {
        let below = [
            ("global", has::<Global>(key)),
            ("route", has::<Route>(key)),
            ("receivers", has::<Receiver>(key)),
        ];
        let found = below.iter().find(|(_, has)| *has).map(|(name, _)| name);
        return found.map(|name| format!("it belongs below `{name}:`"));
    }
    if has::<File>(key) {
        return Some(format!("`{key}` is a section of its own: take its indentation away"));
    }
    if last.starts_with("receivers[") && !key.ends_with("_configs") {
        let kind = format!("{key}_configs");
        if has::<Receiver>(&kind) {
            return Some(format!("did you mean `{kind}`?"));
        }
    }
    if last.contains("_configs[") && has::<crate::compat::client::Client>(key) {
        return Some("it belongs below `http_config:`".to_owned());
    }
    has::<Global>(key).then(|| "it belongs below `global:`".to_owned())
}

/// A value and a file that holds it exclude each other.
fn at_most_one(reader: &mut Reader<'_>, key: &str, value: bool, file: &Text) {
    if value && !file.is_empty() {
        let other = format!("{key}_file");
        let why = format!("at most one of `{key}` and `{other}` may be set");
        reader.clash(reader.codes().contradiction, &[&other, key], why);
    }
}

/// A value or a file that holds it has to be there, and not both.
fn exactly_one(reader: &mut Reader<'_>, key: &str, value: bool, file: &Text) {
    if !value && file.is_empty() {
        let why = format!("`{key}` or `{key}_file` is missing");
        reader.clash(reader.codes().missing, &[key, &format!("{key}_file")], why);
    }
    at_most_one(reader, key, value, file);
}

/// A text has to be there.
fn needed(reader: &mut Reader<'_>, key: &str, value: &Text) {
    if value.is_empty() {
        reader.clash(reader.codes().missing, &[key], format!("`{key}` is missing"));
    }
}

/// The template of a default: `{{ template "slack.default.title" . }}`.
fn default(name: &str) -> Text {
    Text(format!("{{{{ template \"{name}\" . }}}}").into_bytes())
}

fn text(text: &str) -> Text {
    Text(text.as_bytes().to_vec())
}
