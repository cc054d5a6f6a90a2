//! `[receivers.NAME]`: who is told, and how. Each kind of provider is one table, or an array of tables in order.

use std::{collections::BTreeMap, num::NonZeroU32};

use figment::value::{Dict, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    alert::spec::{self as alert, RateLimit},
    config::{
        codes::Code,
        finding::{Finding, Path},
        layers::Values,
        reading::{self, Read},
        sensitive,
    },
    model::{Pairs, PromDuration, suggest},
    notify::spec::{self as notify, Integration, Limits, PROVIDERS, Provider, UNBUILT, Unbuilt},
};

/// What every receiver may have beside the tables of its providers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ReceiverKeys {
    /// Labels of the receiver, which the API shows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// At most so many notices in so much time; the rest is held back, and the next one says how many. Off when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitKeys>,
    /// How hard it is tried.
    pub retry: Limits,
}

/// At most so many notices in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RateLimitKeys {
    /// How many.
    pub notices: NonZeroU32,
    /// In what time.
    pub per: PromDuration,
}

impl From<RateLimitKeys> for RateLimit {
    fn from(keys: RateLimitKeys) -> Self {
        Self { notices: keys.notices.get(), per: keys.per.0 }
    }
}

/// A receiver as it is written: the common keys, and the integrations in Alertmanager's order of kinds.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct Receiver {
    /// Its name.
    pub name: String,
    /// What every receiver has.
    pub keys: ReceiverKeys,
    /// How it tells.
    pub providers: Vec<Provider>,
}

/// The order in which Alertmanager counts the integrations of a receiver.
const ORDER: [&str; 18] = [
    "webhook",
    "email",
    "pagerduty",
    "opsgenie",
    "wechat",
    "slack",
    "victorops",
    "pushover",
    "sns",
    "telegram",
    "discord",
    "webex",
    "msteams",
    "msteamsv2",
    "jira",
    "incidentio",
    "rocketchat",
    "mattermost",
];

/// The keys that hold the integrations: those of built providers first.
pub(in crate::config) fn kinds() -> impl Iterator<Item = &'static str> {
    let unbuilt = UNBUILT.iter().map(|(word, _)| *word);
    PROVIDERS.iter().map(|kind| kind.word).chain(unbuilt)
}

/// Reads one receiver; what is wrong with it goes to `findings`.
pub(super) fn read(
    values: &Values,
    at: &Path,
    name: &str,
    value: &Value,
    findings: &mut Vec<Finding>,
) -> Receiver {
    let mut receiver =
        Receiver { name: name.to_owned(), keys: ReceiverKeys::default(), providers: Vec::new() };
    let empty = Dict::new();
    let dict = match value {
        Value::Dict(_, dict) => dict,
        Value::Empty(..) => &empty,
        _ => {
            let message = format!("{} must be a table", at.subject());
            findings.push(Finding::new(Code::WrongType, at.clone(), message));
            return receiver;
        }
    };
    let (integrations, common): (Dict, Dict) =
        dict.clone().into_iter().partition(|(key, _)| kinds().any(|kind| kind == key));
    let keys = reading::section::<ReceiverKeys>(values, at, &common.into());
    findings.extend(keys.findings.into_iter().map(|finding| with_kinds(finding, at)));
    receiver.keys = keys.value.unwrap_or_default();
    let mut kinds: Vec<(&String, &Value)> = integrations.iter().collect();
    kinds.sort_by_key(|(kind, _)| ORDER.iter().position(|known| known == kind));
    for (kind, value) in kinds {
        let at = at.key(kind.as_str());
        let tables: Vec<(Path, &Value)> = match value {
            Value::Array(_, list) => {
                list.iter().enumerate().map(|(index, value)| (at.index(index), value)).collect()
            }
            one => vec![(at, one)],
        };
        for (at, table) in tables {
            let read = provider(values, &at, kind, table);
            findings.extend(read.findings);
            receiver.providers.extend(read.value);
        }
    }
    receiver
}

/// Beside the common keys, the words of the providers would have been right here too.
fn with_kinds(finding: Finding, at: &Path) -> Finding {
    if finding.code != Code::UnknownKey || finding.path.parent().as_ref() != Some(at) {
        return finding;
    }
    let path = finding.path.clone();
    let key = path.last_key().to_owned();
    let mut known: Vec<&str> = Vec::new();
    known.extend(kinds().map(|kind| -> &str { kind }));
    known.extend(finding.known.iter().map(String::as_str));
    let hint = elsewhere(&key).or_else(|| suggest::did_you_mean(&key, known.iter().copied()));
    reading::unknown_key(&path, &key, known.iter().copied()).hint(hint)
}

/// What Alertmanager calls it.
fn elsewhere(key: &str) -> Option<String> {
    let kind = key.strip_suffix("_configs").or_else(|| key.strip_suffix("_config"))?;
    kinds().any(|known| known == kind).then(|| format!("here it is called `{kind}`"))
}

fn provider(values: &Values, at: &Path, word: &str, value: &Value) -> Read<Provider> {
    let Some(kind) = PROVIDERS.iter().find(|kind| kind.word == word) else {
        return unbuilt(at, word, value);
    };
    let mut read = match (kind.parse)(value) {
        Ok(provider) => Read { value: Some(provider), findings: Vec::new() },
        Err(error) => reading::again(values, at, value.clone(), error, kind.parse),
    };
    for problem in read.value.iter().flat_map(Provider::problems) {
        let path = at.then(Path::parse(&problem.path).0);
        // What was told of a value already was taken out of it, so that it looks as if it were missing.
        if read.findings.iter().any(|told| told.path == path) {
            continue;
        }
        let message = format!("{}: {}", at.subject(), sensitive::mask(&problem.message));
        read.findings.push(Finding::new(Code::Contradiction, path, message).hint(problem.hint));
    }
    read
}

/// A provider that comes later: whatever stands in its table is taken, so that the file can be written already.
fn unbuilt(at: &Path, word: &str, value: &Value) -> Read<Provider> {
    let Value::Dict(_, dict) = value else {
        let message = format!("{} must be a table, or a list of tables", at.subject());
        let finding = Finding::new(Code::WrongType, at.clone(), message);
        return Read { value: None, findings: vec![finding] };
    };
    let told = dict.get("send_resolved").map(|value| (value, value.to_bool()));
    let mut read = Read { value: Unbuilt::named(word), findings: Vec::new() };
    match (told, &mut read.value) {
        (Some((_, Some(told))), Some(unbuilt)) => unbuilt.send_resolved = told,
        (Some((_, None)), _) => {
            let at = at.key("send_resolved");
            let message = format!("{} must be true or false", at.subject());
            read.findings.push(Finding::new(Code::WrongType, at, message));
        }
        _ => {}
    }
    Read { value: read.value.map(Provider::Unbuilt), findings: read.findings }
}

impl Receiver {
    /// What the pipeline knows of it.
    pub(super) fn for_alert(&self) -> alert::Receiver {
        alert::Receiver {
            name: self.name.as_str().into(),
            labels: Pairs::new(&self.keys.labels),
            integrations: self
                .providers
                .iter()
                .map(|provider| alert::Integration {
                    kind: provider.kind().into(),
                    send_resolved: provider.send_resolved(),
                })
                .collect(),
            rate_limit: self.keys.rate_limit.map(Into::into),
        }
    }

    /// What delivery knows of it.
    pub(super) fn for_notify(&self) -> notify::Receiver {
        notify::Receiver {
            name: self.name.as_str().into(),
            labels: Pairs::new(&self.keys.labels),
            integrations: self.providers.iter().cloned().map(Integration::from).collect(),
            limits: self.keys.retry,
        }
    }
}
