//! `[alertmanagers.NAME]` and `[deadman.NAME]`: what goes to other machines beside the receivers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use figment::value::{Dict, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compile::Compile;
use crate::{
    alert::spec::Push,
    config::{
        codes::Code,
        finding::{Finding, Path},
        layers::Values,
        reading, sensitive,
    },
    model::{Pairs, Problem, PromDuration},
    notify::spec::{Alertmanager, Deadman, Receivers},
};

/// When and as what our own alerts are pushed to a real Alertmanager; where to, its sender knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PushKeys {
    /// From one send of a firing alert to the next; it ends by itself after four of them.
    pub resend: PromDuration,
    /// Added to every alert, as Prometheus does it: the same as its own, where a check has `notify = "both"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub external_labels: BTreeMap<String, String>,
}

impl Default for PushKeys {
    fn default() -> Self {
        Self { resend: PromDuration(Duration::from_mins(1)), external_labels: BTreeMap::new() }
    }
}

/// A real Alertmanager.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct AlertmanagerKeys {
    /// When and as what.
    pub push: PushKeys,
    /// Where, and how.
    pub sender: Alertmanager,
}

/// The keys of [`PushKeys`]; all others are the sender's.
pub(super) const PUSH_KEYS: [&str; 2] = ["resend", "external_labels"];

impl AlertmanagerKeys {
    /// Reads one; what is wrong with it goes to `findings`.
    pub(super) fn read(
        values: &Values,
        (name, at, value): (&str, &Path, &Value),
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let empty = Dict::new();
        let dict = match value {
            Value::Dict(_, dict) => dict,
            Value::Empty(..) => &empty,
            _ => {
                let message = format!("{} must be a table", at.subject());
                findings.push(Finding::new(Code::WrongType, at.clone(), message));
                return None;
            }
        };
        let (own, rest): (Dict, Dict) =
            dict.clone().into_iter().partition(|(key, _)| PUSH_KEYS.contains(&key.as_str()));
        let push = reading::section::<PushKeys>(values, at, &own.into());
        findings.extend(push.findings);
        let sender = reading::section::<Alertmanager>(values, at, &rest.into());
        findings.extend(sender.findings.into_iter().map(with_push_keys));
        let sender = Alertmanager { name: name.into(), ..sender.value? };
        findings.extend(problems(at, sender.problems()));
        let push = push.value?;
        if push.resend.0.is_zero() {
            let at = at.key("resend");
            let message = format!("{} must be more than 0", at.subject());
            findings.push(Finding::new(Code::BadValue, at, message));
        }
        Some(Self { push, sender })
    }

    /// What the pipeline knows of it.
    pub(super) fn for_alert(&self) -> Push {
        Push {
            name: Arc::clone(&self.sender.name),
            resend: self.push.resend.0,
            external_labels: Pairs::new(&self.push.external_labels),
        }
    }
}

fn with_push_keys(finding: Finding) -> Finding {
    if finding.code != Code::UnknownKey {
        return finding;
    }
    let path = finding.path.clone();
    let key = path.last_key().to_owned();
    let known: Vec<&str> = finding.known.iter().map(String::as_str).chain(PUSH_KEYS).collect();
    reading::unknown_key(&path, &key, known.iter().copied())
}

/// Reads a heartbeat; what is wrong with it goes to `findings`.
pub(super) fn deadman(
    values: &Values,
    (name, at, value): (&str, &Path, &Value),
    findings: &mut Vec<Finding>,
) -> Option<Deadman> {
    let empty = Value::from(Dict::new());
    let value = if matches!(value, Value::Empty(..)) { &empty } else { value };
    let read = reading::section::<Deadman>(values, at, value);
    findings.extend(read.findings);
    let deadman = Deadman { name: name.into(), ..read.value? };
    findings.extend(problems(at, deadman.problems()));
    if deadman.interval.0 < LEAST {
        let at = at.key("interval");
        let message = format!("{} must be at least {}", at.subject(), PromDuration(LEAST));
        findings.push(Finding::new(Code::BadValue, at, message));
    }
    Some(deadman)
}

/// The shortest time between two heartbeats: whoever hears them counts minutes.
const LEAST: Duration = Duration::from_secs(1);

/// The receivers of heartbeats must be there.
pub(super) fn check_receivers(deadmen: &BTreeMap<String, Deadman>, compile: &mut Compile<'_>) {
    for (name, deadman) in deadmen {
        if let Some(receiver) = &deadman.receiver {
            compile.receiver(&Path::of(["deadman", name, "receiver"]), receiver);
        }
    }
}

/// Heartbeats by receivers of an `alertmanager.yml` that have a provider which is not built.
pub(super) fn unbuilt_receivers(
    deadmen: &BTreeMap<String, Deadman>,
    receivers: &Receivers,
) -> Vec<Finding> {
    let unbuilt = |(name, deadman): (&String, &Deadman)| {
        let receiver = receivers.get(deadman.receiver.as_deref()?)?;
        let missing = receiver.integrations.iter().find(|one| !one.provider.is_built())?;
        let (told, kind) = (&*receiver.name, missing.provider.kind());
        let message = format!("receiver {told:?} tells by {kind}, which this build cannot do");
        let hint = "--allow-missing-providers starts all the same".to_owned();
        let at = Path::of(["deadman", name, "receiver"]);
        Some(Finding::new(Code::MissingProvider, at, message).hint(hint))
    };
    deadmen.iter().filter_map(unbuilt).collect()
}

fn problems(at: &Path, problems: Vec<Problem>) -> impl Iterator<Item = Finding> {
    problems.into_iter().map(move |problem| {
        let path = at.then(Path::parse(&problem.path).0);
        let message = format!("{}: {}", at.subject(), sensitive::mask(&problem.message));
        Finding::new(Code::Contradiction, path, message).hint(problem.hint)
    })
}
