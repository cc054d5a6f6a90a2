use std::sync::Arc;

use jiff::Timestamp;

use super::{COUNTED, Counters, Effects, Slot, View, machine::Machine};
use crate::{
    clock,
    model::{
        BaseState, CheckSettings, CheckState, Histogram, Incident, Observation, Outcome, Overlays,
        Pace, Phase, Record, Transition, Verdict,
    },
};

/// One check as the writer holds it: the machine, the current view, and the place readers look at.
pub(super) struct Entry {
    slot: Arc<Slot>,
    machine: Machine,
    view: View,
    /// From DOWN to UP.
    incident: Option<Incident>,
    /// Whether the schedule believes that `retry_interval` applies.
    troubled: bool,
}

impl Entry {
    pub(super) fn new(settings: Arc<CheckSettings>, now: Timestamp) -> Self {
        let view = View::initial(&settings, now);
        let slot = Arc::new(Slot::new(settings, view.clone()));
        Self { slot, machine: Machine::new(), view, incident: None, troubled: false }
    }

    /// The check as it stood when the process before this one ended. Of another kind, or of an unknown form, it means
    /// nothing: then the check starts anew.
    pub(super) fn restored(
        settings: Arc<CheckSettings>,
        state: &CheckState,
        incident: Option<Incident>,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Self {
        let machine = state.machine.parse().ok().filter(|machine: &Machine| {
            machine.base == state.base && *state.kind == *settings.kind
        });
        let mut entry = Self::new(settings, now);
        entry.incident = incident;
        let Some(machine) = machine else {
            entry.close(now, effects);
            return entry;
        };
        entry.machine = machine;
        let CheckState { base, overlays, up, changed, .. } = *state;
        entry.view = View { base, overlays, up, changed, ..entry.view };
        entry.slot.publish(entry.view.clone());
        entry
    }

    /// The same check under other settings. Another kind is another thing: it starts anew.
    pub(super) fn resettle(
        mut self,
        settings: Arc<CheckSettings>,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Self {
        if self.settings().kind != settings.kind {
            self.close(now, effects);
            let entry = Self::new(settings, now);
            effects.records.push(entry.record());
            return entry;
        }
        let mut view = self.view;
        if **view.counters.durations.bounds() != *settings.buckets
            || settings.phase_histograms == view.counters.phases.is_empty()
        {
            let empty = View::initial(&settings, now).counters;
            view.counters.durations = empty.durations;
            view.counters.phases = empty.phases;
        }
        Self { slot: Arc::new(Slot::new(settings, view.clone())), view, ..self }
    }

    /// The check is no longer configured.
    pub(super) fn remove(mut self, now: Timestamp, effects: &mut Effects) {
        self.close(now, effects);
        effects.records.push(Record::CheckGone(self.settings().id.clone()));
    }

    pub(super) fn settings(&self) -> &Arc<CheckSettings> {
        &self.slot.settings
    }

    pub(super) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot)
    }

    /// Whether those who depend on this one are SUPPRESSED: it is PENDING, DOWN or not yet UP again, or cut off itself.
    pub(super) fn suppresses(&self) -> bool {
        self.view.overlays.suppressed
            || matches!(
                self.view.base,
                BaseState::Pending | BaseState::Down | BaseState::Recovering
            )
    }

    pub(super) fn observe(&mut self, observation: Observation, effects: &mut Effects) {
        let Observation { id, kind: _, at, outcome, missed } = observation;
        let weight = self.machine.weight(&self.slot.settings);
        let base = self.machine.step(outcome.verdict, &self.slot.settings);
        let moved = weight != self.machine.weight(&self.slot.settings);
        let overlays = Overlays { flapping: self.machine.flapping(), ..self.view.overlays };
        self.count(&outcome, missed);
        self.view.last_run = Some(at);
        self.view.last = Some(Arc::new(outcome));
        let changed = self.change(base, overlays, at, effects);
        if !changed && moved {
            effects.records.push(self.record());
        }
        self.keep_incident(at, effects);
        if self.troubled != base.is_troubled() {
            self.troubled = base.is_troubled();
            effects.paces.push(Pace { id, troubled: self.troubled });
        }
        self.slot.publish(self.view.clone());
    }

    /// Puts an overlay on or takes it off; true if that changed anything.
    pub(super) fn overlay(
        &mut self,
        with: impl FnOnce(&mut Overlays),
        at: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let mut overlays = self.view.overlays;
        with(&mut overlays);
        let changed = self.change(self.view.base, overlays, at, effects);
        if changed {
            self.slot.publish(self.view.clone());
        }
        changed
    }

    /// Opens an incident, or closes it, as the machine has it; one that goes on for another reason is written again.
    fn keep_incident(&mut self, at: Timestamp, effects: &mut Effects) {
        if !self.machine.incident() {
            self.close(at, effects);
            return;
        }
        let last = self.view.last.as_deref().filter(|last| last.verdict == Verdict::Fail);
        let Some(last) = last else { return };
        let known = self.incident.as_ref().filter(|incident| incident.reason == last.reason);
        if known.is_some() {
            return;
        }
        let settings = &self.slot.settings;
        let incident = Incident {
            check: settings.id.clone(),
            group: Arc::clone(&settings.group),
            began: self.incident.as_ref().map_or(at, |incident| incident.began),
            ended: None,
            reason: last.reason,
            detail: Arc::clone(&last.detail),
        };
        effects.records.push(Record::IncidentOpened(incident.clone()));
        self.incident = Some(incident);
    }

    fn close(&mut self, at: Timestamp, effects: &mut Effects) {
        if let Some(Incident { check, began, .. }) = self.incident.take() {
            // A clock that was set back must not end an incident before it began.
            let ended = at.max(began);
            effects.records.push(Record::IncidentClosed { check, began, ended });
        }
    }

    /// What of it survives the process.
    fn record(&self) -> Record {
        Record::Check(CheckState {
            check: self.settings().id.clone(),
            kind: self.settings().kind.into(),
            base: self.view.base,
            overlays: self.view.overlays,
            up: self.view.up,
            changed: self.view.changed,
            machine: self.machine.to_string().into(),
        })
    }

    fn count(&mut self, outcome: &Outcome, missed: u64) {
        let counters = &mut self.view.counters;
        counters.runs += 1;
        counters.missed += missed;
        counters.durations.observe(outcome.duration.as_secs_f64());
        for (phase, histogram) in &mut counters.phases {
            if let Some(took) = outcome.phases.of(*phase) {
                histogram.observe(took.as_secs_f64());
            }
        }
        match outcome.verdict {
            Verdict::Pass | Verdict::Warn => self.view.consecutive_failures = 0,
            Verdict::Fail => {
                counters.failures += 1;
                self.view.consecutive_failures += 1;
            }
            Verdict::Unknown => {}
        }
        let failed = matches!(outcome.verdict, Verdict::Fail | Verdict::Unknown);
        if let Some(reason) = outcome.reason.filter(|_| failed) {
            match counters.reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => counters.reasons.push((reason, 1)),
            }
        }
    }

    /// True if the base state or an overlay is another now.
    fn change(
        &mut self,
        base: BaseState,
        overlays: Overlays,
        at: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let (from, to) = ((self.view.base, self.view.overlays), (base, overlays));
        if from == to {
            return false;
        }
        // A clock that was set back must not make time run backwards in a counter.
        let counted = at.max(self.view.counted);
        self.view.counters.state_seconds = self.view.state_seconds(counted);
        self.view.counted = counted;
        if base != self.view.base {
            self.view.changed = at.max(self.view.changed);
        }
        self.view.base = base;
        self.view.overlays = overlays;
        self.view.up = base.is_up().or(self.view.up);
        let last = self.view.last.as_deref();
        effects.transitions.push(Transition {
            id: self.slot.settings.id.clone(),
            at,
            from,
            to,
            reason: last.and_then(|outcome| outcome.reason),
            detail: last.map_or_else(|| Arc::from(""), |outcome| Arc::clone(&outcome.detail)),
        });
        effects.records.push(self.record());
        true
    }
}

impl View {
    /// A check that has not run yet.
    pub fn initial(settings: &CheckSettings, now: Timestamp) -> Self {
        let histogram = || Histogram::new(Arc::clone(&settings.buckets));
        let phases = if settings.phase_histograms { Phase::ALL.as_slice() } else { &[] };
        Self {
            base: BaseState::Unknown,
            overlays: Overlays::default(),
            up: None,
            last: None,
            last_run: None,
            changed: now,
            counted: now,
            counters: Counters {
                runs: 0,
                failures: 0,
                reasons: Vec::new(),
                missed: 0,
                state_seconds: [0.0; COUNTED],
                durations: histogram(),
                phases: phases.iter().map(|phase| (*phase, histogram())).collect(),
            },
            consecutive_failures: 0,
        }
    }

    /// Seconds in each of [`COUNTED_STATES`](super::COUNTED_STATES) up to `now`.
    pub fn state_seconds(&self, now: Timestamp) -> [f64; COUNTED] {
        let mut seconds = self.counters.state_seconds;
        let base = BaseState::ALL.iter().position(|state| *state == self.base);
        let at = if self.overlays.maintenance { Some(BaseState::ALL.len()) } else { base };
        if let Some(at) = at {
            seconds[at] += clock::between(self.counted, now).as_secs_f64();
        }
        seconds
    }
}
