//! Lanes: what each integration of each group was last told, and what is on its way.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{calendar::before, dedup::Content, ingest::after};
use crate::model::{Delivery, Fingerprint, Handle, Lane, Notice, Notified, Record};

/// Every lane that was told something, or is about to be.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<Lane, LaneState>,
}

/// One lane.
#[derive(Debug, Default)]
pub(super) struct LaneState {
    /// What it was last told: Alertmanager's notification log.
    pub(super) told: Option<Notified>,
    /// The one notice that is on its way.
    pub(super) pending: Option<Pending>,
    /// The notice that was replaced or withdrawn between two attempts, and when: its last attempt may still succeed.
    replaced: Option<(Box<Pending>, Timestamp)>,
    /// Its last notices were refused.
    pub(super) refused: Option<Refused>,
    /// A flush came while a notice was on its way.
    pub(super) overdue: bool,
}

/// A notice in the outbox.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// The row.
    pub(super) notice: Arc<Notice>,
    /// What the lane will know to be firing, sorted.
    pub(super) firing: Arc<[Fingerprint]>,
    /// What it will have been told as resolved, sorted.
    pub(super) resolved: Arc<[Fingerprint]>,
    /// What it was told as firing before and this notice hides, sorted.
    pub(super) owed: Arc<[Fingerprint]>,
    /// Between two attempts: only then it may be replaced.
    pub(super) waits: bool,
    /// How long the entry counts after it was told.
    pub(super) counts_for: Duration,
}

/// Dead letters in a row.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    /// How many.
    pub(super) times: u32,
    /// What was refused last, sorted.
    firing: Arc<[Fingerprint]>,
    resolved: Arc<[Fingerprint]>,
    /// When the same is tried again.
    pub(super) until: Timestamp,
}

/// What a delivery leads to in its lane.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Of a notice that nobody waits for.
    Unknown,
    /// Told; the lane may be told more at once.
    Told {
        /// A flush came meanwhile.
        overdue: bool,
    },
    /// Told although it had been replaced or withdrawn: its alerts may have left their group.
    ToldLate,
    /// There will be another attempt.
    Waits {
        /// A flush came meanwhile.
        overdue: bool,
    },
    /// Refused for good.
    Refused,
}

impl Pending {
    /// Whether it tells just this.
    pub(super) fn tells(&self, content: &Content) -> bool {
        *self.resolved == *content.resolved && *self.firing == *content.firing
    }

    /// The lane was told of these after all. The end of those that this notice does not name is owed.
    fn inherit(&mut self, firing: &[Fingerprint]) {
        let is_named = |one: &Fingerprint| {
            self.resolved.binary_search(one).is_ok() || self.firing.binary_search(one).is_ok()
        };
        let unnamed = firing.iter().filter(|one| !is_named(one));
        let mut all: Vec<Fingerprint> = self.owed.iter().chain(unnamed).copied().collect();
        all.sort_unstable();
        all.dedup();
        self.owed = all.into();
    }

    fn told(&self, delivery: &Delivery, handle: Option<&Handle>) -> Notified {
        Notified {
            lane: delivery.lane.clone(),
            at: delivery.at,
            expires_at: after(delivery.at, self.counts_for),
            firing: Arc::clone(&self.firing),
            resolved: Arc::clone(&self.resolved),
            owed: Arc::clone(&self.owed),
            handle: handle.or(self.notice.handle.as_ref()).cloned(),
        }
    }
}

impl Refused {
    /// Whether this was refused, and it is too early to try it again.
    pub(super) fn holds(&self, content: &Content, now: Timestamp) -> bool {
        now < self.until && *self.resolved == *content.resolved && *self.firing == *content.firing
    }
}

impl LaneState {
    /// What it was told counts as this from now on.
    pub(super) fn log(&mut self, told: Notified, records: &mut Vec<Record>) {
        records.push(Record::Notified(told.clone()));
        self.told = Some(told);
    }

    /// Puts a notice on its way.
    pub(super) fn send(&mut self, pending: Pending, now: Timestamp) {
        self.overdue = false;
        if let Some(replaced) = self.pending.replace(pending) {
            self.replaced = Some((Box::new(replaced), now));
        }
    }

    /// Takes back the notice that waits for another attempt. One whose attempt is under way is looked at again after it.
    fn withdraw(&mut self, now: Timestamp) -> Option<Arc<Notice>> {
        self.overdue |= self.pending.as_ref().is_some_and(|pending| !pending.waits);
        let pending = self.pending.take_if(|pending| pending.waits)?;
        let notice = Arc::clone(&pending.notice);
        // Its last attempt may have begun meanwhile, and succeed.
        self.replaced = Some((Box::new(pending), now));
        Some(notice)
    }

    /// Whether somebody was told of something that fires, or is about to be told anything.
    fn knows_of_fire(&self) -> bool {
        self.told.as_ref().is_some_and(|told| !told.firing.is_empty() || !told.owed.is_empty())
            || self.pending.is_some()
    }

    /// Whether it was told nothing and nothing is on its way, not even what was taken back less than `longest` ago.
    pub(super) fn is_idle(&self, longest: Duration, now: Timestamp) -> bool {
        let may_come =
            self.replaced.as_ref().is_some_and(|(_, since)| after(*since, longest) > now);
        self.told.is_none() && self.pending.is_none() && !may_come
    }

    /// Whether a resolved alert must stay in its group for this lane: a notice on its way speaks of it, or it was told as
    /// firing and its resolve must still be `told` or noted.
    pub(super) fn holds(&self, alert: Fingerprint, told: bool) -> bool {
        let is_in = |list: &[Fingerprint]| list.binary_search(&alert).is_ok();
        self.pending
            .as_ref()
            .is_some_and(|pending| is_in(&pending.firing) || is_in(&pending.resolved))
            || (told
                && self.told.as_ref().is_some_and(|log| is_in(&log.firing) || is_in(&log.owed)))
    }

    /// When the lane is to be told again without any change: a repeat, or what it refused.
    pub(super) fn due(&self, repeat: Duration) -> [Option<Timestamp>; 2] {
        if self.pending.is_some() {
            return [None; 2];
        }
        let told = self.told.as_ref().filter(|told| !told.firing.is_empty());
        [
            told.map(|told| after(told.at, repeat)),
            self.refused.as_ref().map(|refused| refused.until),
        ]
    }

    /// Takes that the notice got through.
    fn delivered(
        &mut self,
        delivery: &Delivery,
        handle: Option<&Handle>,
        records: &mut Vec<Record>,
    ) -> Outcome {
        let is_pending =
            self.pending.as_ref().is_some_and(|pending| pending.notice.id == delivery.notice);
        let pending = if is_pending {
            self.replaced = None;
            self.pending.take()
        } else {
            // It was replaced while its last attempt was under way; the newer one follows.
            let replaced = self.replaced.take_if(|(old, _)| old.notice.id == delivery.notice);
            replaced.map(|(pending, _)| *pending)
        };
        let Some(pending) = pending else { return Outcome::Unknown };
        if let Some(newer) = &mut self.pending {
            newer.inherit(&pending.firing);
            newer.inherit(&pending.owed);
        }
        self.log(pending.told(delivery, handle), records);
        self.refused = None;
        if !is_pending {
            return Outcome::ToldLate;
        }
        Outcome::Told { overdue: std::mem::take(&mut self.overdue) }
    }

    /// Takes that the notice is to be tried again.
    fn waits(&mut self, delivery: &Delivery) -> Outcome {
        match self.pending.as_mut().filter(|pending| pending.notice.id == delivery.notice) {
            Some(pending) => {
                pending.waits = true;
                Outcome::Waits { overdue: std::mem::take(&mut self.overdue) }
            }
            None => Outcome::Unknown,
        }
    }

    /// Takes that the notice is a dead letter: the next tick tells it again, as Alertmanager does, but each time the same
    /// is refused it is left alone for twice as long, up to a repeat interval.
    fn died(&mut self, delivery: &Delivery, pace: Pace) -> Outcome {
        self.replaced.take_if(|(old, _)| old.notice.id == delivery.notice);
        let Some(pending) = self.pending.take_if(|own| own.notice.id == delivery.notice) else {
            return Outcome::Unknown;
        };
        let before = self.refused.take().filter(|before| {
            before.firing == pending.firing && before.resolved == pending.resolved
        });
        let times = before.map_or(1, |before| before.times.saturating_add(1));
        // The first time at the next tick, whenever that is.
        let wait = if times == 1 {
            Duration::ZERO
        } else {
            pace.first.saturating_mul(1 << (times - 1).min(16)).min(pace.longest)
        };
        self.refused = Some(Refused {
            times,
            firing: pending.firing,
            resolved: pending.resolved,
            until: after(delivery.at, wait),
        });
        self.overdue = false;
        Outcome::Refused
    }
}

/// How often a refused notice is told again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// What is doubled each time.
    pub(super) first: Duration,
    /// At most.
    pub(super) longest: Duration,
}

impl Lanes {
    /// A lane, if it was told anything or is about to be.
    pub(super) fn get(&self, lane: &Lane) -> Option<&LaneState> {
        self.lanes.get(lane)
    }

    /// A lane.
    pub(super) fn entry(&mut self, lane: &Lane) -> &mut LaneState {
        if !self.lanes.contains_key(lane) {
            self.lanes.insert(lane.clone(), LaneState::default());
        }
        self.lanes.entry(lane.clone()).or_default()
    }

    /// Every lane.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Lane, &LaneState)> {
        self.lanes.iter()
    }

    /// Moves what waits to a moment so much earlier.
    pub(super) fn set_back(&mut self, step: Duration) {
        for state in self.lanes.values_mut() {
            if let Some(told) = &mut state.told {
                told.at = before(told.at, step);
            }
            if let Some(refused) = &mut state.refused {
                refused.until = before(refused.until, step);
            }
        }
    }

    /// Whether a lane was told of something that fires, or is about to be.
    pub(super) fn knows_of_fire(&self, lane: &Lane) -> bool {
        self.lanes.get(lane).is_some_and(LaneState::knows_of_fire)
    }

    /// Keeps those lanes for which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Lane, &mut LaneState) -> bool) {
        self.lanes.retain(|lane, state| keep(lane, state));
    }

    /// Takes how an attempt ended.
    pub(super) fn deliver(
        &mut self,
        delivery: &Delivery,
        pace: Pace,
        records: &mut Vec<Record>,
    ) -> Outcome {
        use crate::model::DeliveryResult::{Dead, Delivered, Retry};
        let Some(state) = self.lanes.get_mut(&delivery.lane) else { return Outcome::Unknown };
        match &delivery.result {
            Delivered(handle) => state.delivered(delivery, handle.as_ref(), records),
            Retry { .. } => state.waits(delivery),
            Dead(_) => state.died(delivery, pace),
        }
    }

    /// Takes back what waits in a lane for another attempt.
    pub(super) fn withdraw(&mut self, lane: &Lane, now: Timestamp) -> Option<Arc<Notice>> {
        self.lanes.get_mut(lane)?.withdraw(now)
    }

    /// The notice of that id, while it is on its way.
    pub(super) fn pending(&self, lane: &Lane, id: u64) -> Option<&Arc<Notice>> {
        let pending = self.lanes.get(lane)?.pending.as_ref()?;
        (pending.notice.id == id).then_some(&pending.notice)
    }
}
