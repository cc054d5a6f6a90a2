//! Our own alerts for real Alertmanagers: told at once, and again and again while they fire.
//!
//! What fires is on disk with the alerts, and that they were told of it: after a start everybody is told anew.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Effects, calendar::before, ingest::after, pipeline::Pipeline, spec::Push, table::Slot,
};
use crate::model::{Alert, AlertSource, Overlays, Pairs, PushAlert, PushBatch, Record};

/// How long a resolve is told again: as long as Prometheus does.
const RESOLVED_FOR: Duration = Duration::from_mins(15);

/// A target drops an alert that it was not told of for so many resends.
const RESENDS_PER_LIFE: u32 = 4;

/// The targets, and what they are told.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    targets: Vec<(Push, Timestamp)>,
    /// Our alerts that fire, or resolved lately.
    own: BTreeSet<Slot>,
}

impl Pushes {
    /// Takes the targets of a configuration. Those that were there before keep their deadlines; new ones are told at once.
    pub(super) fn configure(&mut self, targets: &[Push], now: Timestamp) {
        let before = std::mem::take(&mut self.targets);
        self.targets = targets
            .iter()
            .map(|push| {
                let known = before.iter().find(|(old, _)| old == push);
                (push.clone(), known.map_or(now, |(_, due)| *due))
            })
            .collect();
    }

    /// Takes an alert of ours that was there at the start.
    pub(super) fn restore(&mut self, slot: Slot) {
        self.own.insert(slot);
    }

    /// An alert was forgotten.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.own.remove(&slot);
    }

    /// Moves what waits to a moment so much earlier.
    pub(super) fn set_back(&mut self, step: Duration) {
        for (_, due) in &mut self.targets {
            *due = before(*due, step);
        }
    }

    /// When the next target is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        if self.own.is_empty() {
            return None;
        }
        self.targets.iter().map(|(_, due)| *due).min()
    }
}

impl Pipeline {
    /// Tells every target of a change of one of our alerts.
    pub(super) fn push(&mut self, slot: Slot, now: Timestamp, effects: &mut Effects) {
        if self.pushes.own.is_empty() {
            // Nobody was due for anything; from now on they are.
            for (push, due) in &mut self.pushes.targets {
                *due = after(now, push.resend);
            }
        }
        self.pushes.own.insert(slot);
        let targets: Vec<Push> =
            self.pushes.targets.iter().map(|(target, _)| target.clone()).collect();
        for target in &targets {
            self.push_to(target, &[slot], now, effects);
        }
    }

    /// Tells each target that is due of everything that fires or resolved lately.
    pub(super) fn resend(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.pushes.next_due().is_none_or(|due| now < due) {
            return;
        }
        let table = &self.table;
        self.pushes.own.retain(|slot| {
            let alert = table.get(*slot).map(|entry| &entry.alert);
            alert.is_some_and(|alert| {
                alert.source == AlertSource::Check && after(alert.ends_at, RESOLVED_FOR) > now
            })
        });
        // Whose resolve waits for Prometheus is not told of meanwhile: it would open again what Prometheus has closed.
        let held: BTreeSet<Slot> = self.checks.held().collect();
        let slots: Vec<Slot> = self.pushes.own.difference(&held).copied().collect();
        let mut due = Vec::new();
        for (target, at) in &mut self.pushes.targets {
            if *at <= now {
                *at = after(now, target.resend);
                due.push(target.clone());
            }
        }
        for target in &due {
            self.push_to(target, &slots, now, effects);
        }
    }

    fn push_to(&mut self, target: &Push, slots: &[Slot], now: Timestamp, effects: &mut Effects) {
        let mut alerts = Vec::new();
        for slot in slots {
            let Some(entry) = self.table.get_mut(*slot) else { continue };
            let resolved = entry.alert.is_resolved(now);
            if !entry.alert.pushed {
                // An overlay that comes later does not stop it, or it would seem resolved.
                if resolved || entry.alert.overlays != Overlays::default() {
                    continue;
                }
                Arc::make_mut(&mut entry.alert).pushed = true;
                effects.records.push(Record::Alert(Arc::clone(&entry.alert)));
            }
            alerts.push(pushed(&entry.alert, resolved, target, now));
        }
        if !alerts.is_empty() {
            effects
                .pushes
                .push(PushBatch { target: Arc::clone(&target.name), alerts: alerts.into() });
        }
    }
}

fn pushed(alert: &Alert, resolved: bool, target: &Push, now: Timestamp) -> PushAlert {
    let life = target.resend.saturating_mul(RESENDS_PER_LIFE);
    PushAlert {
        // As Prometheus has it, the alert's own labels win.
        labels: if target.external_labels.is_empty() {
            alert.labels.clone()
        } else {
            Pairs::new(target.external_labels.iter().chain(&alert.labels))
        },
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at,
        ends_at: if resolved { alert.ends_at } else { after(now, life) },
        generator_url: Arc::clone(&alert.generator_url),
    }
}
