//! The single writer of truth about checks.
//!
//! Contract: observations and settings come in, one at a time; each check's [`View`] is replaced as a whole, so a reader
//! never waits and never sees half a change; every change of state or overlay goes out as one [`Transition`].

mod entry;
mod machine;
mod view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use crate::{
    clock::Clock,
    model::{CheckId, CheckSettings, Observation, Pace, SettingsChange, Transition},
};
use entry::Entry;
pub use view::{Counters, Slot, View, Views};

/// A set of changes, and who waits until readers see them.
pub struct Settings {
    /// In any order.
    pub changes: Vec<SettingsChange>,
    /// Told when they are applied.
    pub applied: oneshot::Sender<()>,
}

/// Where the state's own words go.
pub struct Outputs {
    /// Every change of a state or an overlay.
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
}

/// What a step leads to outside.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// In the order in which they happened.
    pub transitions: Vec<Transition>,
    /// At most one: that of the check observed.
    pub paces: Vec<Pace>,
}

impl State {
    /// No checks yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            views: Arc::new(Views::default()),
            entries: BTreeMap::new(),
            children: HashMap::new(),
        }
    }

    /// The reading side.
    pub fn views(&self) -> Arc<Views> {
        Arc::clone(&self.views)
    }

    /// Works until both inputs are closed.
    ///
    /// Waits for settings (few, at once on reload) and observations (one per run). Settings come first, so that an
    /// observation never meets a check that was already replaced.
    pub async fn run(
        mut self,
        mut settings: mpsc::Receiver<Settings>,
        mut observations: mpsc::Receiver<Observation>,
        outputs: Outputs,
    ) {
        loop {
            let effects = tokio::select! {
                biased;
                Some(Settings { changes, applied }) = settings.recv() => {
                    let effects = self.apply(changes);
                    // Whoever waited may have gone.
                    let _ = applied.send(());
                    effects
                }
                Some(observation) = observations.recv() => self.observe(observation),
                else => return,
            };
            for pace in effects.paces {
                // The schedule is gone only while everything stops.
                let _ = outputs.paces.send(pace).await;
            }
            for transition in effects.transitions {
                let _ = outputs.transitions.send(transition).await;
            }
        }
    }

    /// Adds, changes and removes checks. What a check has counted survives a change of its settings.
    pub fn apply(&mut self, changes: Vec<SettingsChange>) -> Effects {
        let now = self.clock.now();
        for change in changes {
            match change {
                SettingsChange::Set(settings) => self.set(settings, now),
                SettingsChange::Removed(id) => {
                    self.entries.remove(&id);
                }
            }
        }
        self.children = children(self.entries.values().map(Entry::settings));
        self.views.store(Arc::new(self.entries.values().map(Entry::slot).collect()));
        let mut effects = Effects::default();
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
        let troubled = entry.base().is_troubled();
        effects.transitions.extend(entry.observe(observation));
        let now_troubled = entry.base().is_troubled();
        if troubled != now_troubled {
            effects.paces.push(Pace { id: id.clone(), troubled: now_troubled });
        }
        self.resuppress_children(&id, at, &mut effects);
        effects
    }

    fn set(&mut self, settings: Arc<CheckSettings>, now: Timestamp) {
        let entry = match self.entries.remove(&settings.id) {
            Some(entry) => entry.resettle(settings, now),
            None => Entry::new(settings, now),
        };
        self.entries.insert(entry.settings().id.clone(), entry);
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
        if let Some(transition) = entry.suppress(suppressed, now) {
            effects.transitions.push(transition);
            self.resuppress_children(id, now, effects);
        }
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
