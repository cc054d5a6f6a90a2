use std::sync::Arc;

use jiff::Timestamp;

use super::{Counters, Slot, View, machine::Machine};
use crate::{
    clock,
    model::{
        BaseState, CheckSettings, Histogram, Observation, Outcome, Overlays, Phase, Transition,
        Verdict,
    },
};

/// One check as the writer holds it: the machine, the current view, and the place readers look at.
pub(super) struct Entry {
    slot: Arc<Slot>,
    machine: Machine,
    view: View,
}

impl Entry {
    pub(super) fn new(settings: Arc<CheckSettings>, now: Timestamp) -> Self {
        let view = View::initial(&settings, now);
        Self { slot: Arc::new(Slot::new(settings, view.clone())), machine: Machine::new(), view }
    }

    /// The same check under other settings. Another kind is another thing: it starts anew.
    pub(super) fn resettle(self, settings: Arc<CheckSettings>, now: Timestamp) -> Self {
        if self.settings().kind != settings.kind {
            return Self::new(settings, now);
        }
        let mut view = self.view;
        if **view.counters.durations.bounds() != *settings.buckets
            || settings.phase_histograms == view.counters.phases.is_empty()
        {
            let empty = View::initial(&settings, now).counters;
            view.counters.durations = empty.durations;
            view.counters.phases = empty.phases;
        }
        Self { slot: Arc::new(Slot::new(settings, view.clone())), machine: self.machine, view }
    }

    pub(super) fn settings(&self) -> &Arc<CheckSettings> {
        &self.slot.settings
    }

    pub(super) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot)
    }

    pub(super) fn base(&self) -> BaseState {
        self.view.base
    }

    /// Whether those who depend on this one are SUPPRESSED: it is PENDING, DOWN or not yet UP again, or cut off itself.
    pub(super) fn suppresses(&self) -> bool {
        self.view.overlays.suppressed
            || matches!(
                self.view.base,
                BaseState::Pending | BaseState::Down | BaseState::Recovering
            )
    }

    pub(super) fn observe(&mut self, observation: Observation) -> Option<Transition> {
        let Observation { id: _, kind: _, at, outcome, missed } = observation;
        let base = self.machine.step(outcome.verdict, &self.slot.settings);
        let overlays = Overlays { flapping: self.machine.flapping(), ..self.view.overlays };
        self.count(&outcome, missed);
        self.view.last_run = Some(at);
        self.view.last = Some(Arc::new(outcome));
        let transition = self.change(base, overlays, at);
        self.slot.publish(self.view.clone());
        transition
    }

    pub(super) fn suppress(&mut self, suppressed: bool, at: Timestamp) -> Option<Transition> {
        let overlays = Overlays { suppressed, ..self.view.overlays };
        let transition = self.change(self.view.base, overlays, at)?;
        self.slot.publish(self.view.clone());
        Some(transition)
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

    fn change(&mut self, base: BaseState, overlays: Overlays, at: Timestamp) -> Option<Transition> {
        let (from, to) = ((self.view.base, self.view.overlays), (base, overlays));
        if from == to {
            return None;
        }
        if base != self.view.base {
            // A clock that was set back must not make time run backwards in a counter.
            let at = at.max(self.view.changed);
            self.view.counters.state_seconds = self.view.state_seconds(at);
            self.view.changed = at;
        }
        self.view.base = base;
        self.view.overlays = overlays;
        self.view.up = base.is_up().or(self.view.up);
        let last = self.view.last.as_deref();
        Some(Transition {
            id: self.slot.settings.id.clone(),
            at,
            from,
            to,
            reason: last.and_then(|outcome| outcome.reason),
            detail: last.map_or_else(|| Arc::from(""), |outcome| Arc::clone(&outcome.detail)),
        })
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
            counters: Counters {
                runs: 0,
                failures: 0,
                reasons: Vec::new(),
                missed: 0,
                state_seconds: [0.0; BaseState::ALL.len()],
                durations: histogram(),
                phases: phases.iter().map(|phase| (*phase, histogram())).collect(),
            },
            consecutive_failures: 0,
        }
    }

    /// Seconds in each base state up to `now`, by position in [`BaseState::ALL`].
    pub fn state_seconds(&self, now: Timestamp) -> [f64; BaseState::ALL.len()] {
        let mut seconds = self.counters.state_seconds;
        if let Some(at) = BaseState::ALL.iter().position(|state| *state == self.base) {
            seconds[at] += clock::between(self.changed, now).as_secs_f64();
        }
        seconds
    }
}
