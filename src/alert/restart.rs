//! A start: what was on disk goes on where it was.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Config, Effects, Metrics, Options,
    checks::Checks,
    groups::Groups,
    ingest::after,
    inhibit::Inhibitor,
    lanes::{Lanes, Pending},
    pipeline::Pipeline,
    pushes::Pushes,
    rate_limit::RateLimits,
    routes::Tree,
    silences::{Settings, Silences},
    table::{Entry, Memberships, Silenced, Table},
};
use crate::{
    clock::between,
    model::{
        Alert, AlertSource, Fingerprint, Lane, Notice, NoticeAlert, Notified, Record, Restored,
    },
};

/// A sender that tells alerts rarely is given longer, but not for ever.
const LONGEST_GRACE: Duration = Duration::from_hours(1);

impl Pipeline {
    /// Takes what was on disk. What it leads to at once are the notices that were not sent.
    ///
    /// Alerts that nobody resolved are given a grace before they expire, since we heard nothing while we were away: five
    /// minutes, or twice the time after which their sender tells them again, by the ends it gave (four times that).
    /// Resolves that were told before, and not told on, are told on.
    pub fn new(
        config: Arc<Config>,
        options: Options,
        restored: &Restored,
        now: Timestamp,
    ) -> (Self, Effects) {
        let settings = Settings {
            retention: options.retention,
            max_silences: options.max_silences,
            max_size: options.max_silence_size,
        };
        let silences = restored.silences.iter().map(Arc::clone);
        let silences = Silences::new(settings, silences, &config.maintenance, now);
        let mut pipeline = Self {
            metrics: Metrics::new(silences.given_up().clone()),
            flush_from: after(now, options.start_delay),
            table: Table::default(),
            named: HashMap::new(),
            tree: Tree::new(&config.route),
            groups: Groups::default(),
            lanes: Lanes::default(),
            silences,
            inhibitor: Inhibitor::new(&config.inhibit_rules),
            rates: RateLimits::default(),
            checks: Checks::new(&restored.checks, &restored.incidents),
            pushes: Pushes::default(),
            wake: Vec::new(),
            last_notice: restored.last_notice,
            clean_at: after(now, options.gc_interval.min(Duration::from_mins(15))),
            latest: now,
            version: 1,
            measured: None,
            snapshot: None,
            config,
            options,
        };
        let mut effects = Effects::default();
        pipeline.pushes.configure(&pipeline.config.alertmanagers, now);
        pipeline.restore_log(restored);
        pipeline.restore_alerts(&restored.alerts, now);
        pipeline.restore_outbox(&restored.outbox, &mut effects);
        pipeline.restore_resolved(now);
        (pipeline, effects)
    }

    fn restore_log(&mut self, restored: &Restored) {
        for told in &restored.notified {
            self.lanes.entry(&told.lane).told = Some(told.clone());
        }
    }

    fn restore_alerts(&mut self, alerts: &[Arc<Alert>], now: Timestamp) {
        let grace = alerts
            .iter()
            .filter(|alert| !was_resolved(alert))
            .map(|alert| between(alert.updated_at, alert.ends_at) / 2);
        let grace = grace.filter(|grace| *grace <= LONGEST_GRACE).max().unwrap_or_default();
        let expires_from = after(now, grace.max(self.options.start_grace));
        for alert in alerts {
            let mut alert = Alert::clone(alert);
            self.table.share(&mut alert);
            if !was_resolved(&alert) && alert.ends_at < expires_from {
                alert.ends_at = expires_from;
            }
            self.restore_alert(Arc::new(alert), now);
        }
    }

    fn restore_alert(&mut self, alert: Arc<Alert>, now: Timestamp) {
        let (fires, is_own) = (!alert.is_resolved(now), alert.source == AlertSource::Check);
        self.inhibitor.upsert(&alert);
        let (path, updated_at) = (self.tree.path_of(&alert.labels), alert.updated_at);
        let own = (fires && is_own).then(|| Arc::clone(&alert));
        let slot = self.table.insert(Entry {
            fingerprint: alert.fingerprint(),
            path,
            groups: Memberships::default(),
            changed: updated_at,
            silenced: Silenced::default(),
            flaps: None,
            alert,
        });
        if is_own {
            self.pushes.restore(slot);
        }
        if let Some(own) = own {
            self.checks.restore(slot, &own);
        }
        if fires {
            self.count_name(slot);
            // Its group has waited since it came, not since we are back.
            self.join(slot, false, updated_at.min(now));
        }
    }

    /// Notices that were not sent are on their way again, but for those whose integration is gone.
    fn restore_outbox(&mut self, outbox: &[Arc<Notice>], effects: &mut Effects) {
        for notice in outbox {
            self.last_notice = self.last_notice.max(notice.id);
            if !self.config.leads_somewhere(&notice.lane) {
                effects.records.push(Record::OutboxGone(notice.id));
                continue;
            }
            let counts_for = self.counts_for(&notice.lane);
            let state = self.lanes.entry(&notice.lane);
            let pending = pending(notice, state.told.as_ref(), counts_for);
            state.pending = Some(pending);
            effects.notices.push(Arc::clone(notice));
        }
    }

    /// Resolved alerts go back to where somebody still has to be told.
    fn restore_resolved(&mut self, now: Timestamp) {
        let owing: std::collections::HashSet<Fingerprint> = self
            .lanes
            .iter()
            .flat_map(|(_, state)| {
                let told = state.told.iter().flat_map(|told| told.firing.iter().chain(&*told.owed));
                let pending = state
                    .pending
                    .iter()
                    .flat_map(|pending| pending.firing.iter().chain(pending.resolved.iter()));
                told.chain(pending).copied().collect::<Vec<_>>()
            })
            .collect();
        let resolved: Vec<_> = self
            .table
            .iter()
            .filter(|(_, entry)| entry.alert.is_resolved(now) && owing.contains(&entry.fingerprint))
            .map(|(slot, _)| slot)
            .collect();
        for slot in resolved {
            self.join(slot, true, now);
        }
    }

    fn counts_for(&self, lane: &Lane) -> Duration {
        let route = self.groups.of_key(&lane.group).iter().find_map(|id| {
            self.tree.node(self.groups.get(*id)?.node).map(|node| node.route.repeat_interval)
        });
        let repeat = route.unwrap_or(self.config.route.repeat_interval);
        self.options.retention.min(repeat.saturating_mul(2))
    }
}

/// Whether somebody said that it is over: an end that time alone brought is written down with the time it was seen.
fn was_resolved(alert: &Alert) -> bool {
    alert.ends_at <= alert.updated_at
}

/// What a notice will leave in the log. What the lane knew and the notice does not name was hidden.
fn pending(notice: &Arc<Notice>, told: Option<&Notified>, counts_for: Duration) -> Pending {
    let named = |fires: bool| {
        let wanted = move |alert: &&NoticeAlert| alert.is_firing() == fires;
        notice.alerts.iter().filter(wanted).map(|alert| alert.fingerprint)
    };
    let (mut firing, mut resolved): (Vec<_>, Vec<_>) =
        (named(true).collect(), named(false).collect());
    firing.sort_unstable();
    resolved.sort_unstable();
    let is_named = |one: &Fingerprint| {
        firing.binary_search(one).is_ok() || resolved.binary_search(one).is_ok()
    };
    let known = told.iter().flat_map(|told| told.firing.iter().chain(&*told.owed));
    let mut owed: Vec<Fingerprint> = known.filter(|one| !is_named(one)).copied().collect();
    owed.sort_unstable();
    Pending {
        notice: Arc::clone(notice),
        firing: firing.into(),
        resolved: resolved.into(),
        owed: owed.into(),
        // One that was tried waits for its next attempt, and may be replaced meanwhile.
        waits: notice.tried.is_some(),
        counts_for,
    }
}
