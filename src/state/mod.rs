//! The single writer of truth about checks.
//!
//! Contract: observations and settings come in, one at a time; each check's [`View`] is replaced as a whole, so a reader
//! never waits and never sees half a change; every change of state or overlay goes out as one [`Transition`], after what
//! must survive of it was committed.

mod entry;
mod machine;
mod maintenance;
mod memory;
mod unreleased;
mod view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use crate::{
    clock::{self, Clock},
    model::{
        CheckId, CheckSettings, CheckState, Commit, Incident, Observation, Pace, Record, Restored,
        SettingsChange, Transition,
    },
};
use entry::Entry;
pub use maintenance::Planned;
use maintenance::Plans;
use unreleased::Unreleased;
pub use view::{COUNTED, COUNTED_STATES, Counters, Slot, View, Views};

/// A set of changes, and who waits until readers see them. The first one is the whole configuration: checks that were
/// restored and are not in it are gone.
pub struct Settings {
    /// In any order.
    pub changes: Vec<SettingsChange>,
    /// All maintenance there is from now on; `None` leaves it as it was.
    pub maintenance: Option<Arc<[Planned]>>,
    /// Told when they are applied.
    pub applied: oneshot::Sender<()>,
}

/// Where the state's own words go.
pub struct Outputs {
    /// What must be on disk before a transition is told.
    pub commits: mpsc::Sender<Commit>,
    /// Every change of a state or an overlay, when it is on disk.
    pub transitions: mpsc::Sender<Transition>,
    /// Every change of pace.
    pub paces: mpsc::Sender<Pace>,
}

/// All checks: what they are and how they stand.
pub struct State {
    clock: Clock,
    views: Arc<Views>,
    entries: BTreeMap<CheckId, Entry>,
    /// Who is SUPPRESSED when this one is in trouble: children by `depends_on` and `guard`.
    children: HashMap<CheckId, Vec<CheckId>>,
    plans: Plans,
    /// What was on disk, until the first settings say which checks there are.
    restored: Option<Memory>,
}

/// Checks of the process before this one.
struct Memory {
    checks: HashMap<CheckId, CheckState>,
    incidents: HashMap<CheckId, Incident>,
}

/// What a step leads to outside.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// In the order in which they happened.
    pub records: Vec<Record>,
    /// In the order in which they happened.
    pub transitions: Vec<Transition>,
    /// At most one: that of the check observed.
    pub paces: Vec<Pace>,
}

impl State {
    /// No checks yet; those of the process before this one are remembered.
    pub fn new(clock: Clock, restored: &Restored) -> Self {
        let checks = restored.checks.iter().map(|check| (check.check.clone(), check.clone()));
        let incidents = restored.incidents.iter();
        let incidents = incidents.map(|incident| (incident.check.clone(), incident.clone()));
        Self {
            clock,
            views: Arc::new(Views::default()),
            entries: BTreeMap::new(),
            children: HashMap::new(),
            plans: Plans::default(),
            restored: Some(Memory { checks: checks.collect(), incidents: incidents.collect() }),
        }
    }

    /// The reading side.
    pub fn views(&self) -> Arc<Views> {
        Arc::clone(&self.views)
    }

    /// Works until both inputs are closed.
    ///
    /// Waits for settings (few, at once on reload), commits on their way (while a thousand of them are, for nothing else
    /// but settings), observations (one per run), and for maintenance to begin or end. Settings come first, so that an
    /// observation never meets a check that was already replaced.
    pub async fn run(
        mut self,
        mut settings: mpsc::Receiver<Settings>,
        mut observations: mpsc::Receiver<Observation>,
        outputs: Outputs,
    ) {
        let Outputs { commits, transitions, paces } = outputs;
        let mut unreleased = Unreleased::new(transitions);
        let (mut configured, mut observing) = (true, true);
        while configured || observing {
            let pause = self.plans.pause(self.clock.now());
            let effects = tokio::select! {
                biased;
                change = settings.recv(), if configured => {
                    let Some(Settings { changes, maintenance, applied }) = change else {
                        configured = false;
                        continue;
                    };
                    let effects = self.settle(changes, maintenance);
                    // Whoever waited may have gone.
                    let _ = applied.send(());
                    effects
                }
                () = unreleased.hand_on(), if !unreleased.is_empty() => continue,
                observation = observations.recv(), if observing && !unreleased.is_full() => {
                    let Some(observation) = observation else {
                        observing = false;
                        continue;
                    };
                    self.observe(observation)
                }
                () = clock::sleep(pause.unwrap_or_default()), if pause.is_some() => self.tick(),
            };
            for pace in effects.paces {
                // The schedule is gone only while everything stops.
                let _ = paces.send(pace).await;
            }
            if let Some(commit) = unreleased.hold(effects.records, effects.transitions) {
                // Without a store its release is dropped, and nothing waits for it.
                let _ = commits.send(commit).await;
            }
        }
        while !unreleased.is_empty() {
            unreleased.hand_on().await;
        }
    }

    /// Adds, changes and removes checks. What a check has counted survives a change of its settings.
    pub fn apply(&mut self, changes: Vec<SettingsChange>) -> Effects {
        self.settle(changes, None)
    }

    /// The same, with other maintenance where there is some.
    pub fn settle(
        &mut self,
        changes: Vec<SettingsChange>,
        maintenance: Option<Arc<[Planned]>>,
    ) -> Effects {
        let now = self.clock.now();
        let mut effects = Effects::default();
        for change in changes {
            match change {
                SettingsChange::Set(settings) => self.set(settings, now, &mut effects),
                SettingsChange::Removed(id) => {
                    if let Some(entry) = self.entries.remove(&id) {
                        entry.remove(now, &mut effects);
                    }
                }
            }
        }
        if let Some(memory) = self.restored.take() {
            memory.forget(now, &mut effects);
        }
        if let Some(planned) = maintenance {
            self.plans.replace(planned, now);
        }
        self.children = children(self.entries.values().map(Entry::settings));
        self.views.store(Arc::new(self.entries.values().map(Entry::slot).collect()));
        self.maintain(now, &mut effects);
        // Parents may have come, gone or changed: every suppression is looked at once.
        let ids: Vec<CheckId> = self.entries.keys().cloned().collect();
        for id in ids {
            self.resuppress(&id, now, &mut effects);
        }
        effects
    }

    /// Takes the outcome of one run.
    pub fn observe(&mut self, observation: Observation) -> Effects {
        let mut effects = Effects::default();
        let entry = self.entries.get_mut(&observation.id);
        let Some(entry) = entry.filter(|entry| entry.settings().kind == observation.kind) else {
            debug!(check = %observation.id, "an outcome of a check that is gone");
            return effects;
        };
        let id = observation.id.clone();
        let at = observation.at;
        entry.observe(observation, &mut effects);
        self.resuppress_children(&id, at, &mut effects);
        effects
    }

    /// Looks whether maintenance has begun or ended.
    pub fn tick(&mut self) -> Effects {
        let now = self.clock.now();
        let mut effects = Effects::default();
        if self.plans.look(now) {
            self.maintain(now, &mut effects);
        }
        effects
    }

    fn set(&mut self, settings: Arc<CheckSettings>, now: Timestamp, effects: &mut Effects) {
        let id = settings.id.clone();
        let entry = match (self.entries.remove(&id), &mut self.restored) {
            (Some(entry), _) => entry.resettle(settings, now, effects),
            (None, Some(memory)) => memory.entry(settings, now, effects),
            (None, None) => Entry::new(settings, now),
        };
        self.entries.insert(id, entry);
    }

    fn maintain(&mut self, now: Timestamp, effects: &mut Effects) {
        for entry in self.entries.values_mut() {
            let maintenance = self.plans.cover(entry.settings());
            entry.overlay(|overlays| overlays.maintenance = maintenance, now, effects);
        }
    }

    fn resuppress_children(&mut self, id: &CheckId, now: Timestamp, effects: &mut Effects) {
        let Some(children) = self.children.get(id) else { return };
        for child in children.clone() {
            self.resuppress(&child, now, effects);
        }
    }

    /// Looks at a check's parents; goes on to its children when that changed anything. Ends because the configuration
    /// has no cycle: a check that is already right stops it.
    fn resuppress(&mut self, id: &CheckId, now: Timestamp, effects: &mut Effects) {
        let Some(entry) = self.entries.get(id) else { return };
        let suppressed = parents(entry.settings())
            .any(|parent| self.entries.get(parent).is_some_and(Entry::suppresses));
        let Some(entry) = self.entries.get_mut(id) else { return };
        if entry.overlay(|overlays| overlays.suppressed = suppressed, now, effects) {
            self.resuppress_children(id, now, effects);
        }
    }
}

impl Memory {
    /// A check that is there again, as it stood.
    fn entry(
        &mut self,
        settings: Arc<CheckSettings>,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Entry {
        let Some(state) = self.checks.remove(&settings.id) else {
            return Entry::new(settings, now);
        };
        let incident = self.incidents.remove(&settings.id);
        Entry::restored(settings, &state, incident, now, effects)
    }

    /// What is left was taken out of the configuration meanwhile.
    fn forget(self, now: Timestamp, effects: &mut Effects) {
        for Incident { check, began, .. } in self.incidents.into_values() {
            let ended = now.max(began);
            effects.records.push(Record::IncidentClosed { check, began, ended });
        }
        effects.records.extend(self.checks.into_keys().map(Record::CheckGone));
    }
}

fn parents(settings: &CheckSettings) -> impl Iterator<Item = &CheckId> {
    let guard = settings.guard.as_ref().filter(|guard| **guard != settings.id);
    settings.depends_on.iter().chain(guard)
}

fn children<'a>(
    all: impl Iterator<Item = &'a Arc<CheckSettings>>,
) -> HashMap<CheckId, Vec<CheckId>> {
    let mut children: HashMap<CheckId, Vec<CheckId>> = HashMap::new();
    for settings in all {
        for parent in parents(settings) {
            children.entry(parent.clone()).or_default().push(settings.id.clone());
        }
    }
    children
}

#[cfg(test)]
mod tests;
