//! `alerting:` and `alerts:`, as receivers and routes.
//!
//! Contract: alerts that say the same in the same way share a receiver; an alert that reaches nobody here is told, with its
//! check. The story: [`Alerting::of_check`] for each endpoint, then [`Alerting::finish`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::told;
use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, Telling},
};

mod provider;

/// What an endpoint is told without being asked, as Gatus has it.
const FAILURES: u32 = 3;
const SUCCESSES: u32 = 2;

/// The providers of a file, and what was made of them.
pub(super) struct Alerting<'e> {
    providers: BTreeMap<String, Provider<'e>>,
    /// Receivers by all that makes them different.
    made: BTreeMap<Key, String>,
    /// Checks by providers that noroshi does not have.
    unbuilt: BTreeMap<String, Vec<String>>,
    /// What of the section could not be read.
    remarks: Vec<String>,
}

struct Provider<'e> {
    settings: Map<String, Value>,
    section: Section<'e>,
    /// `default-alert`
    fallback: Option<Section<'e>>,
    /// `overrides`: settings by group.
    overrides: BTreeMap<String, Map<String, Value>>,
    used: bool,
}

/// What one receiver does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: String,
    /// The settings as JSON.
    settings: String,
    send_resolved: bool,
    /// Of a provider whose message repeats it.
    description: String,
}

/// One of an endpoint's `alerts`.
struct Alert {
    kind: String,
    enabled: bool,
    failures: Option<u32>,
    successes: Option<u32>,
    send_resolved: bool,
    description: String,
    repeat: Option<std::time::Duration>,
    settings: Map<String, Value>,
}

impl<'e> Alerting<'e> {
    pub(super) fn read(section: Option<Section<'e>>) -> Self {
        let (mut providers, mut remarks) = (BTreeMap::new(), Vec::new());
        if let Some(mut section) = section {
            for kind in section.keys() {
                let Some(own) = section.section(&kind) else { continue };
                providers.insert(kind, Provider::read(own, &mut remarks));
            }
            remarks.extend(section.rest());
        }
        Self { providers, made: BTreeMap::new(), unbuilt: BTreeMap::new(), remarks }
    }

    /// Thresholds, receivers and routes of one check.
    pub(super) fn of_check(
        &mut self,
        alerts: Vec<Section<'_>>,
        group: &str,
        piece: &mut Piece,
        draft: &mut Draft,
    ) {
        let (mut failures, mut successes) = (Vec::new(), Vec::new());
        for section in alerts {
            let alert = Alert::read(section, &self.providers, piece);
            if !alert.enabled {
                piece.remark(format!("its alert of the type {:?} was disabled", alert.kind));
                continue;
            }
            failures.push(alert.failures.unwrap_or(FAILURES));
            successes.push(alert.successes.unwrap_or(SUCCESSES));
            let repeat = alert.repeat;
            if let Some(receiver) = self.receiver(alert, group, piece, draft)
                && piece.off.is_none()
            {
                draft.telling(Telling { check: piece.name.clone(), receiver, repeat });
            }
        }
        for (key, theirs, numbers, usual) in [
            ("failures", "failure-threshold", failures, FAILURES),
            ("successes", "success-threshold", successes, SUCCESSES),
        ] {
            let Some(least) = numbers.iter().min().copied() else { continue };
            if numbers.iter().any(|number| *number != least) {
                piece.remark(format!(
                    "its alerts differ in `{theirs}`; a check has one number, here the least of them"
                ));
            }
            if least != usual {
                put(&mut piece.common, key, i64::from(least));
            }
        }
    }

    /// The name of the receiver that does what the alert wants.
    fn receiver(
        &mut self,
        alert: Alert,
        group: &str,
        piece: &mut Piece,
        draft: &mut Draft,
    ) -> Option<String> {
        let Some(provider) = self.providers.get_mut(&alert.kind) else {
            piece.remark(format!(
                "its alert of the type {:?} has no provider in `alerting`",
                alert.kind
            ));
            return None;
        };
        provider.used = true;
        let Some(build) = provider::of(&alert.kind) else {
            piece.remark(format!(
                "its alert of the type {:?} goes to nobody: noroshi has no such provider",
                alert.kind
            ));
            self.unbuilt.entry(alert.kind).or_default().push(piece.name.clone());
            return None;
        };
        let mut settings = provider.settings.clone();
        let of_group = provider.overrides.get(group).cloned().unwrap_or_default();
        settings.extend(of_group.into_iter().chain(alert.settings));
        let repeats_description = alert.kind == "custom";
        if !alert.description.is_empty() && !repeats_description {
            piece.comments.push(format!("Its alert said: {}", alert.description));
        }
        let key = Key {
            settings: Value::Object(settings.clone()).to_string(),
            send_resolved: alert.send_resolved,
            description: if repeats_description {
                alert.description.clone()
            } else {
                String::new()
            },
            kind: alert.kind,
        };
        if let Some(name) = self.made.get(&key) {
            return Some(name.clone());
        }
        let name = draft.name("receivers", &key.kind);
        let subject = format!("receiver {name:?}");
        let mut receiver = Piece { subject, name: name.clone(), ..Piece::default() };
        if let Some(section) =
            provider.section.of(&format!("alerting.{}", key.kind), settings.into())
        {
            build(section, &key.description, &mut receiver, draft);
        }
        receiver.put("send_resolved", key.send_resolved);
        draft.receiver(receiver);
        self.made.insert(key, name.clone());
        Some(name)
    }

    /// What nobody used, or what cannot be used.
    pub(super) fn finish(self, draft: &mut Draft) {
        draft.lost("`alerting`", self.remarks);
        for (kind, checks) in &self.unbuilt {
            let subject = format!("`alerting.{kind}`");
            draft.lost(
                subject,
                vec![format!(
                    "noroshi has no such provider; nobody is told of {}",
                    checks.join(", ")
                )],
            );
        }
        for (kind, provider) in self.providers {
            if !provider.used {
                let why = "no endpoint that was converted has an alert of that type";
                draft.lost(format!("`alerting.{kind}`"), told(&provider.section, why));
            }
        }
    }
}

impl<'e> Provider<'e> {
    fn read(mut section: Section<'e>, remarks: &mut Vec<String>) -> Self {
        let whole = section.clone();
        let fallback = section.section("default-alert");
        let mut overrides = BTreeMap::new();
        for mut own in section.sections("overrides") {
            let group = own.text("group").unwrap_or_default();
            // Of several for a group, Gatus takes the first.
            overrides.entry(group).or_insert_with(|| own.whole());
            remarks.extend(own.rest());
        }
        remarks.append(&mut section.remarks);
        let settings = section.whole();
        Self { settings, section: whole, fallback, overrides, used: false }
    }
}

impl Alert {
    /// With what the provider's `default-alert` says where the alert itself says nothing.
    fn read(
        mut own: Section<'_>,
        providers: &BTreeMap<String, Provider<'_>>,
        piece: &mut Piece,
    ) -> Self {
        let kind = own.text("type").unwrap_or_default();
        let mut fallback = providers.get(&kind).and_then(|provider| provider.fallback.clone());
        let mut both = |take: &mut dyn FnMut(&mut Section<'_>) -> bool| {
            let _ = take(&mut own) || fallback.as_mut().is_some_and(take);
        };
        let mut alert = Self {
            kind: kind.clone(),
            enabled: true,
            failures: None,
            successes: None,
            send_resolved: false,
            description: String::new(),
            repeat: None,
            settings: Map::new(),
        };
        both(&mut |from| from.flag("enabled").map(|word| alert.enabled = word).is_some());
        both(&mut |from| {
            from.count("failure-threshold")
                .map(|own| alert.failures = Some(own).filter(|own| *own > 0))
                .is_some()
        });
        both(&mut |from| {
            from.count("success-threshold")
                .map(|own| alert.successes = Some(own).filter(|own| *own > 0))
                .is_some()
        });
        both(&mut |from| {
            from.flag("send-on-resolved").map(|word| alert.send_resolved = word).is_some()
        });
        both(&mut |from| from.text("description").map(|text| alert.description = text).is_some());
        both(&mut |from| {
            from.duration("minimum-reminder-interval")
                .map(|own| alert.repeat = Some(own).filter(|own| !own.is_zero()))
                .is_some()
        });
        if let Some(mut settings) = own.section("provider-override") {
            alert.settings = settings.whole();
            own.remarks.append(&mut settings.remarks);
        }
        let mut left = own.rest();
        left.extend(fallback.into_iter().flat_map(Section::rest));
        // Both may have the same key, and only one of them counts.
        left.retain(|remark| {
            !KNOWN.iter().any(|key| remark.contains(&format!("{key}` has no equivalent")))
        });
        piece.remarks.extend(left);
        alert
    }
}

/// Keys that the alert's own word took precedence over.
const KNOWN: [&str; 6] = [
    "enabled",
    "failure-threshold",
    "success-threshold",
    "send-on-resolved",
    "description",
    "minimum-reminder-interval",
];
