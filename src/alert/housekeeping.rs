//! What nobody needs any more is forgotten.

use std::time::Duration;

use jiff::Timestamp;

use super::{Effects, ingest::after, pipeline::Pipeline, table::Slot};
use crate::model::{Lane, Record};

/// Prometheus tells a resolve again for so long. An alert that was forgotten earlier would be taken for another one. No attempt
/// at a notice takes as long, so that of one that was taken back nothing comes later either.
const RESOLVED_FOR: Duration = Duration::from_mins(15);

/// At most so many are forgotten in one step, so that it stays short; the next one follows at once.
const AT_ONCE: usize = 4096;

/// How often the log is looked through, if alerts are not looked through more often.
const LONGEST: Duration = Duration::from_mins(15);

impl Pipeline {
    /// Forgets alerts that are resolved and told, and entries of the log that are over.
    pub(super) fn clean(&mut self, now: Timestamp, effects: &mut Effects) {
        if now < self.clean_at {
            return;
        }
        let gone: Vec<Slot> = self
            .table
            .iter()
            .filter(|(_, entry)| {
                entry.groups.as_slice().is_empty()
                    && after(entry.alert.ends_at, RESOLVED_FOR) <= now
            })
            .map(|(slot, _)| slot)
            .take(AT_ONCE)
            .collect();
        let more = gone.len() == AT_ONCE;
        for slot in gone {
            let Some(entry) = self.table.remove(slot) else { continue };
            self.inhibitor.remove(entry.fingerprint);
            self.pushes.forget(slot);
            let name = entry.alert.labels.get("alertname").unwrap_or_default();
            if let Some(slots) = self.named.get_mut(name) {
                slots.slots.remove(&slot);
                if slots.slots.is_empty() {
                    self.named.remove(name);
                }
            }
            effects.records.push(Record::AlertGone(entry.fingerprint));
        }
        self.table.forget_shared();
        self.clean_log(now, effects);
        self.clean_at =
            if more { now } else { after(now, self.options.gc_interval.clamp(SHORTEST, LONGEST)) };
    }

    /// An entry is over when its time has come and no group goes on with it. One whose receiver refuses everything is given
    /// up after the retention, or its group would be held for ever.
    fn clean_log(&mut self, now: Timestamp, effects: &mut Effects) {
        let (groups, retention) = (&self.groups, self.options.retention);
        let lives = |lane: &Lane| {
            groups
                .of_key(&lane.group)
                .iter()
                .any(|id| groups.get(*id).is_some_and(|group| group.receiver == lane.receiver))
        };
        self.lanes.retain(|lane, state| {
            let goes_on = lives(lane);
            let over = state.told.as_ref().is_some_and(|told| {
                told.expires_at <= now
                    && (!goes_on || (state.refused.is_some() && after(told.at, retention) <= now))
            });
            if over && state.pending.is_none() {
                state.told = None;
                effects.records.push(Record::NotifiedGone(lane.clone()));
            }
            goes_on || !state.is_idle(RESOLVED_FOR, now)
        });
    }
}

/// The shortest time between two looks.
const SHORTEST: Duration = Duration::from_secs(1);
