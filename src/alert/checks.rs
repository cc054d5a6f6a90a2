//! Our own checks: DOWN opens an alert, UP closes it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{Effects, calendar::before, ingest::after, pipeline::Pipeline, table::Slot};
use crate::model::{
    Alert, AlertSource, BaseState, CheckId, CheckSettings, CheckState, Incident, Overlays, Pairs,
    Reason, SettingsChange, Transition, WhoTells,
};

/// The name of our alert; the shipped Prometheus rule has the same.
pub(super) const ALERT_NAME: &str = "NoroshiCheckDown";

/// The end of an alert that ends when we say so: 2200-01-01.
pub(super) const OPEN_END: i64 = 7_258_118_400;

const DEFAULT_SEVERITY: &str = "warning";

/// What the pipeline knows of checks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    known: HashMap<CheckId, Known>,
    /// Resolves that wait, by their moment.
    holds: BTreeSet<(Timestamp, CheckId)>,
    /// Whether the whole set of settings was told once.
    complete: bool,
}

/// One check.
#[derive(Debug, Default)]
struct Known {
    settings: Option<Arc<CheckSettings>>,
    base: Option<BaseState>,
    /// Since when that is so, where it was so at the start.
    restored: Option<Timestamp>,
    overlays: Overlays,
    /// Since when it is DOWN, and why; `None` where nobody said.
    down: Option<Down>,
    /// Its alert, while it fires.
    open: Option<Slot>,
    /// When the alert is closed, and the end it is then given.
    hold: Option<(Timestamp, Timestamp)>,
}

#[derive(Debug, Clone)]
struct Down {
    since: Timestamp,
    reason: Option<Reason>,
    detail: Arc<str>,
}

impl Checks {
    /// From what was on disk.
    pub(super) fn new(states: &[CheckState], incidents: &[Incident]) -> Self {
        let mut checks = Self::default();
        for state in states {
            let known = checks.known.entry(state.check.clone()).or_default();
            (known.base, known.restored) = (Some(state.base), Some(state.changed));
        }
        for incident in incidents.iter().filter(|incident| incident.ended.is_none()) {
            let known = checks.known.entry(incident.check.clone()).or_default();
            known.down = Some(Down {
                since: incident.began,
                reason: incident.reason,
                detail: Arc::clone(&incident.detail),
            });
        }
        checks
    }

    /// Takes an alert of ours that still fires after a start.
    pub(super) fn restore(&mut self, slot: Slot, alert: &Alert) {
        let Some(check) = alert.labels.get("check") else { return };
        let known = self.known.entry(CheckId::new(check)).or_default();
        known.open = Some(slot);
        known.overlays = alert.overlays;
    }

    /// Moves what waits to a moment so much earlier.
    pub(super) fn set_back(&mut self, step: Duration) {
        for known in self.known.values_mut() {
            known.hold =
                known.hold.map(|(until, ended)| (before(until, step), before(ended, step)));
        }
        let holds = std::mem::take(&mut self.holds);
        self.holds = holds.into_iter().map(|(until, id)| (before(until, step), id)).collect();
    }

    /// The alerts whose resolve waits.
    pub(super) fn held(&self) -> impl Iterator<Item = Slot> {
        self.holds.iter().filter_map(|(_, id)| self.known.get(id)?.open)
    }

    /// When the first resolve that waits is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.holds.first().map(|(due, _)| *due)
    }
}

impl Pipeline {
    /// Takes a change of a check.
    pub(super) fn transition(
        &mut self,
        transition: &Transition,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let known = self.checks.known.entry(transition.id.clone()).or_default();
        let (base, overlays) = transition.to;
        (known.base, known.overlays) = (Some(base), overlays);
        known.restored = None;
        if base == BaseState::Down {
            let since = known.down.as_ref().map_or(transition.at, |down| down.since);
            let detail = Arc::clone(&transition.detail);
            known.down = Some(Down { since, reason: transition.reason, detail });
        }
        self.settle(&transition.id, transition.at, now, effects);
    }

    /// Takes settings; after the first set, alerts of checks that are not in it end.
    pub(super) fn settings(
        &mut self,
        changes: Vec<SettingsChange>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        for change in changes {
            match change {
                SettingsChange::Set(settings) => {
                    let id = settings.id.clone();
                    let known = self.checks.known.entry(id.clone()).or_default();
                    known.settings = Some(settings);
                    // What happened just before a restart is dated from then: a resolve that waited goes on to wait.
                    let at = known.restored.map_or(now, |changed| changed.min(now));
                    self.settle(&id, at, now, effects);
                }
                SettingsChange::Removed(id) => self.drop_check(&id, now, effects),
            }
        }
        if !std::mem::replace(&mut self.checks.complete, true) {
            let strangers = self.checks.known.iter().filter(|(_, known)| known.settings.is_none());
            let strangers: Vec<CheckId> = strangers.map(|(id, _)| id.clone()).collect();
            for id in strangers {
                self.drop_check(&id, now, effects);
            }
        }
    }

    /// Closes what was held until now.
    pub(super) fn end_holds(&mut self, now: Timestamp, effects: &mut Effects) {
        while let Some((_, id)) = self.checks.holds.first().filter(|(due, _)| *due <= now).cloned()
        {
            let hold = self.checks.known.get(&id).and_then(|known| known.hold);
            self.close(&id, hold.map_or(now, |(_, ended)| ended), now, effects);
        }
    }

    /// Somebody else told of an alert that our check has open. It changes nothing, but for the resolve that we wait for.
    pub(super) fn told_of_own(
        &mut self,
        slot: Slot,
        told: &Alert,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        // Most of the time it is told that it fires, by each evaluation of a rule.
        if !told.is_resolved(now) {
            return;
        }
        let id = CheckId::new(told.labels.get("check").unwrap_or_default());
        let known = self.checks.known.get(&id);
        if known.is_some_and(|known| known.open == Some(slot) && known.hold.is_some()) {
            self.close(&id, told.ends_at, now, effects);
        }
    }

    /// Brings a check's alert to where its state and settings want it.
    fn settle(&mut self, id: &CheckId, at: Timestamp, now: Timestamp, effects: &mut Effects) {
        let Some(known) = self.checks.known.get_mut(id) else { return };
        // Without settings nobody knows its labels: it is settled with them.
        let Some(settings) = known.settings.clone() else { return };
        if !settings.notify.is_ours() {
            return self.close(id, now, now, effects);
        }
        match known.base {
            Some(BaseState::Down) => self.open(id, &settings, at, now, effects),
            Some(BaseState::Up | BaseState::Degraded) if known.open.is_some() => {
                if settings.notify == WhoTells::Both && !self.config.resolve_hold.is_zero() {
                    let until = after(at, self.config.resolve_hold);
                    if known.hold.is_none() {
                        known.hold = Some((until, at));
                        self.checks.holds.insert((until, id.clone()));
                    }
                } else {
                    self.close(id, at, now, effects);
                }
            }
            Some(BaseState::Up | BaseState::Degraded) => known.down = None,
            _ => {
                if known.open.is_some() && known.hold.is_none() {
                    self.open(id, &settings, at, now, effects);
                }
            }
        }
    }

    /// Opens a check's alert, or tells it anew.
    fn open(
        &mut self,
        id: &CheckId,
        settings: &CheckSettings,
        at: Timestamp,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        self.unhold(id);
        let labels = labels(settings);
        let Some(known) = self.checks.known.get(id) else { return };
        let open =
            known.open.and_then(|slot| Some((slot, Arc::clone(&self.table.get(slot)?.alert))));
        if let Some((_, alert)) = &open
            && alert.labels != labels
        {
            // Another severity or group is another alert.
            let since = alert.starts_at;
            self.close(id, now, now, effects);
            if let Some(known) = self.checks.known.get_mut(id) {
                known.down.get_or_insert_with(|| Down { since, reason: None, detail: "".into() });
            }
            return self.open(id, settings, since, now, effects);
        }
        let fingerprint = crate::model::Fingerprint(labels.fingerprint());
        let there = open.or_else(|| {
            let slot = self.table.slot(fingerprint)?;
            let alert = Arc::clone(&self.table.get(slot)?.alert);
            (!alert.is_resolved(now)).then_some((slot, alert))
        });
        let down = known.down.clone();
        let since = down.as_ref().map_or(at, |down| down.since);
        let starts_at = there.as_ref().map_or(since, |(_, alert)| alert.starts_at.min(since));
        let annotations = match (&down, &there) {
            // Restored, and nobody said why: what is known of it stands.
            (None, Some((_, alert))) => alert.annotations.clone(),
            _ => annotations(settings, down.as_ref(), starts_at),
        };
        let alert = Alert {
            labels,
            annotations,
            starts_at,
            ends_at: Timestamp::from_second(OPEN_END).unwrap_or(Timestamp::MAX),
            updated_at: now,
            generator_url: there
                .as_ref()
                .map_or_else(|| "".into(), |(_, alert)| Arc::clone(&alert.generator_url)),
            timeout: false,
            source: AlertSource::Check,
            overlays: known.overlays,
            pushed: there.is_some_and(|(_, alert)| alert.pushed),
        };
        let slot = if let Some(slot) = self.table.slot(fingerprint) {
            self.replace(slot, alert, now, effects);
            Some(slot)
        } else {
            self.metrics.received(AlertSource::Check, false);
            self.insert(alert, now, effects)
        };
        if let Some(known) = self.checks.known.get_mut(id) {
            known.open = slot;
        }
        if let Some(slot) = slot {
            self.push(slot, now, effects);
        }
    }

    /// Closes a check's alert, if it has one.
    fn close(&mut self, id: &CheckId, at: Timestamp, now: Timestamp, effects: &mut Effects) {
        self.unhold(id);
        let Some(known) = self.checks.known.get_mut(id) else { return };
        known.down = None;
        let Some(slot) = known.open.take() else { return };
        let Some(entry) = self.table.get(slot) else { return };
        let mut alert = Alert::clone(&entry.alert);
        alert.ends_at = at.max(alert.starts_at).min(now);
        alert.updated_at = now;
        alert.overlays = Overlays::default();
        self.metrics.received(AlertSource::Check, true);
        self.replace(slot, alert, now, effects);
        self.push(slot, now, effects);
    }

    fn drop_check(&mut self, id: &CheckId, now: Timestamp, effects: &mut Effects) {
        self.close(id, now, now, effects);
        self.checks.known.remove(id);
    }

    fn unhold(&mut self, id: &CheckId) {
        let hold = self.checks.known.get_mut(id).and_then(|known| known.hold.take());
        if let Some((until, _)) = hold {
            self.checks.holds.remove(&(until, id.clone()));
        }
    }
}

/// The labels of a check's alert: what the shipped rule aggregates to, and nothing else.
fn labels(settings: &CheckSettings) -> Pairs {
    let severity = settings.labels.get("severity").filter(|severity| !severity.is_empty());
    let pairs = [
        ("alertname", ALERT_NAME),
        ("check", settings.id.as_str()),
        ("group", &settings.group),
        ("severity", severity.map_or(DEFAULT_SEVERITY, |severity| severity)),
    ];
    // Alertmanager has no empty labels.
    Pairs::new(pairs.into_iter().filter(|(_, value)| !value.is_empty()))
}

fn annotations(settings: &CheckSettings, down: Option<&Down>, since: Timestamp) -> Pairs {
    let reason = down.and_then(|down| down.reason);
    let detail = down.map(|down| &*down.detail).unwrap_or_default();
    let word = reason.map(Reason::word).unwrap_or_default();
    let why = if word.is_empty() { String::new() } else { format!(": {word}") };
    let explanation = reason.map(Reason::explanation);
    let meaning = explanation.map(|explanation| explanation.meaning).unwrap_or_default();
    let next = explanation.and_then(|explanation| explanation.next.first()).copied();
    let next = next.map(|next| format!("Next: {next}")).unwrap_or_default();
    let description = [meaning, detail, &next].into_iter().filter(|part| !part.is_empty());
    let pairs = [
        ("reason", word.to_owned()),
        ("detail", detail.to_owned()),
        ("since", since.to_string()),
        ("evidence", evidence(settings)),
        ("target", settings.target.to_string()),
        ("summary", format!("{} is down{why}", settings.id)),
        ("description", description.map(sentence).collect::<Vec<_>>().join(" ")),
    ];
    Pairs::new(pairs.into_iter().filter(|(_, text)| !text.is_empty()))
}

fn sentence(words: &str) -> String {
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{words}{stop}")
}

/// What made the check DOWN.
fn evidence(settings: &CheckSettings) -> String {
    let (failures, of) = (settings.failures.failures, settings.failures.of);
    let kind = settings.kind;
    if failures == of {
        format!("{failures} {kind} runs failed in a row")
    } else {
        format!("{failures} of the last {of} {kind} runs failed")
    }
}
