//! The whole state, and its three doors: an input, the time, a look.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Config, Effects, Input, Metrics, Options, Reply, Snapshot,
    arrival::Named,
    checks::Checks,
    groups::{GroupId, Groups},
    ingest::{Rules, after},
    inhibit::Inhibitor,
    lanes::Lanes,
    pushes::Pushes,
    rate_limit::RateLimits,
    routes::Tree,
    silences::Silences,
    spec::Receiver,
    table::Table,
};
use crate::model::{Lane, Notice};

/// At most so many groups are flushed in one step, so that whoever posts meanwhile does not wait for ten thousand.
const FLUSHES: usize = 256;

/// The gauges are as good as new for so long.
const MEASURED_FOR: Duration = Duration::from_secs(1);

/// When the gauges were set, of which version, and until when they hold if nothing changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    at: Timestamp,
    version: u64,
    until: Timestamp,
}

/// The alert pipeline. Pure: the time is passed in, and what a step leads to is handed back.
#[derive(Debug)]
pub struct Pipeline {
    pub(super) config: Arc<Config>,
    pub(super) options: Options,
    pub(super) metrics: Metrics,
    /// No flush before this.
    pub(super) flush_from: Timestamp,
    pub(super) table: Table,
    /// Alerts by name, while their number is limited.
    pub(super) named: HashMap<Box<str>, Named>,
    pub(super) tree: Tree,
    pub(super) groups: Groups,
    pub(super) lanes: Lanes,
    pub(super) silences: Silences,
    pub(super) inhibitor: Inhibitor,
    pub(super) rates: RateLimits,
    pub(super) checks: Checks,
    pub(super) pushes: Pushes,
    /// Groups that a full budget keeps waiting, and until when; emptied at the end of each flush.
    pub(super) wake: Vec<(GroupId, Timestamp)>,
    /// The highest id that a notice ever had.
    pub(super) last_notice: u64,
    pub(super) clean_at: Timestamp,
    pub(super) version: u64,
    /// When the gauges were last set, if ever.
    pub(super) measured: Option<Measured>,
    /// The latest snapshot, and until when time alone does not change it.
    pub(super) snapshot: Option<(Arc<Snapshot>, Timestamp)>,
}

impl Pipeline {
    /// Takes one input.
    pub fn apply(&mut self, input: Input, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        match input {
            Input::Post { alerts, source } => {
                effects.reply = Reply::Posted(self.post(alerts, source, now, &mut effects));
            }
            Input::SetSilence { draft, fresh } => {
                let set = self.silences.set(&draft, fresh, now);
                effects.reply = Reply::Silenced(set.map(|(id, records)| {
                    effects.records = records;
                    id
                }));
            }
            Input::ExpireSilence(id) => {
                let expired = self.silences.expire(id, now);
                effects.reply = Reply::Expired(expired.map(|records| effects.records = records));
            }
            Input::Transition(transition) => self.transition(&transition, now, &mut effects),
            Input::Settings(changes) => self.settings(changes, now, &mut effects),
            Input::Delivery(delivery) => self.delivery(delivery, now, &mut effects),
            Input::Reload(config) => self.reload(config, now, &mut effects),
        }
        self.touch();
        effects
    }

    /// Does what time has made due; at most a bounded part of it, so that [`Pipeline::next_due`] may still be in the past.
    pub fn tick(&mut self, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        if self.next_due().is_none_or(|due| now < due) {
            return effects;
        }
        effects.records.extend(self.silences.tick(now));
        self.end_holds(now, &mut effects);
        for _ in 0..FLUSHES {
            let due = self.groups.next().filter(|(due, _)| (*due).max(self.flush_from) <= now);
            let Some((_, group)) = due else { break };
            self.flush(group, now, &mut effects);
        }
        self.resend(now, &mut effects);
        self.clean(now, &mut effects);
        self.touch();
        effects
    }

    /// When [`Pipeline::tick`] has something to do.
    pub fn next_due(&self) -> Option<Timestamp> {
        let flush = self.groups.next().map(|(due, _)| due.max(self.flush_from));
        [flush, self.silences.next_due(), self.checks.next_due(), self.pushes.next_due()]
            .into_iter()
            .flatten()
            .chain([self.clean_at])
            .min()
    }

    /// How everything stands. The same value until something changes.
    pub fn snapshot(&mut self, now: Timestamp) -> Arc<Snapshot> {
        if let Some((snapshot, until)) = &self.snapshot
            && now < *until
            && snapshot.at <= now
        {
            return Arc::clone(snapshot);
        }
        if self.snapshot.is_some() {
            // Time alone has changed it: whoever has the old one must not take it for this.
            self.version += 1;
        }
        let (snapshot, until) = self.view(now);
        let snapshot = Arc::new(snapshot);
        self.snapshot = Some((Arc::clone(&snapshot), until));
        snapshot
    }

    /// The notice of that id, while it is to be sent: a queue that was full asks for it again.
    pub fn pending(&self, lane: &Lane, id: u64) -> Option<Arc<Notice>> {
        self.lanes.pending(lane, id).cloned()
    }

    /// Brings the gauges of [`Pipeline::metrics`] up to date. All alerts are looked at, so only where something changed, and
    /// at most once a second, however often somebody asks.
    pub fn measure(&mut self, now: Timestamp) {
        let holds = self.measured.is_some_and(|last| {
            let unchanged = last.version == self.version && now < last.until;
            last.at <= now && (unchanged || now < after(last.at, MEASURED_FOR))
        });
        if holds {
            return;
        }
        let until = self.gauge(now);
        self.measured = Some(Measured { at: now, version: self.version, until });
    }

    /// What the pipeline counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The receiver of that name.
    pub(super) fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.config.receiver(name)
    }

    /// How posted alerts are read.
    pub(super) fn rules(&self) -> Rules {
        Rules { resolve_timeout: self.config.resolve_timeout, syntax: self.options.syntax }
    }

    /// What was shown is no longer so.
    fn touch(&mut self) {
        self.version += 1;
        self.snapshot = None;
    }
}
