//! A flush: over a group's snapshot, through the stages, to one notice for each integration that is to be told.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Effects,
    dedup::{Content, reason},
    groups::GroupId,
    ingest::after,
    lanes::Pending,
    metrics::Withheld,
    pipeline::Pipeline,
    spec::RateLimit,
    stages::Member,
};
use crate::model::{
    Fingerprint, Fnv, Lane, Notice, NoticeAlert, NoticeReason, Notified, Pairs, Record,
};

/// A group's flush, as every lane sees it.
struct Flush {
    now: Timestamp,
    group_labels: Pairs,
    route_labels: Pairs,
    repeat: Duration,
    /// How long what is told counts.
    counts_for: Duration,
    limit: Option<RateLimit>,
    content: Content,
    /// What is shown, in Alertmanager's order, with the moment of its last change.
    alerts: Vec<(NoticeAlert, Timestamp)>,
}

impl Pipeline {
    /// Flushes a group.
    pub(super) fn flush(&mut self, id: GroupId, now: Timestamp, effects: &mut Effects) {
        self.order_group(id);
        let Some(group) = self.groups.get(id) else { return };
        let (node, members) = (group.node, group.members.clone());
        let members = self.members(&members, now, effects);
        let shown = self.shown(node, members, now);
        if let Some(group) = self.groups.get_mut(id) {
            group.flushed = Some(now);
            group.muted_by = shown.muted_by;
            group.hidden.clone_from(&shown.hidden);
        }
        let content = content(&shown.members, shown.hidden);
        if content.is_empty() {
            self.withdraw(id, now, effects);
        } else {
            self.tell(id, content, &shown.members, now, effects);
        }
        self.forget_told(id, now);
        self.reschedule(id, now, true);
    }

    /// The group's alerts as they are now. An end that came by time alone is written down once it was seen, so that a
    /// restart does not take the alert for one that still burns.
    fn members(&mut self, slots: &[u32], now: Timestamp, effects: &mut Effects) -> Vec<Member> {
        let mut members = Vec::with_capacity(slots.len());
        for slot in slots {
            let Some(entry) = self.table.get_mut(*slot) else { continue };
            let resolved = entry.alert.is_resolved(now);
            if resolved && entry.alert.ends_at > entry.alert.updated_at {
                let ended = Arc::make_mut(&mut entry.alert);
                ended.updated_at = now;
                entry.changed = ended.ends_at;
                effects.records.push(Record::Alert(Arc::clone(&entry.alert)));
            }
            members.push(Member { slot: *slot, fingerprint: entry.fingerprint, resolved });
        }
        members
    }

    /// Everything is hidden: what waits for another attempt is not sent either. As it was not told, it is told when nothing
    /// hides it any more.
    fn withdraw(&mut self, id: GroupId, now: Timestamp, effects: &mut Effects) {
        let Some(group) = self.groups.get(id).filter(|group| !group.hidden.is_empty()) else {
            return;
        };
        for (lane, _) in self.lanes_of(group) {
            if let Some(notice) = self.lanes.withdraw(&lane, now) {
                self.metrics.withheld(Withheld::Hidden);
                effects.withdraw(&notice);
            }
        }
    }

    /// Asks each lane of the group's receiver.
    fn tell(
        &mut self,
        id: GroupId,
        content: Content,
        members: &[Member],
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(node) = self.tree.node(group.node) else { return };
        let (repeat, route_labels) = (node.route.repeat_interval, node.route.labels.clone());
        let lanes = self.lanes_of(group);
        let limit = self.receiver(&group.receiver).and_then(|receiver| receiver.rate_limit);
        let mut flush = Flush {
            now,
            group_labels: group.labels.clone(),
            route_labels,
            repeat,
            counts_for: self.options.retention.min(repeat.saturating_mul(2)),
            limit,
            content,
            alerts: Vec::new(),
        };
        for (lane, send_resolved) in lanes {
            if let Some(reason) = self.asked(&lane, send_resolved, &flush, effects) {
                if flush.alerts.is_empty() {
                    flush.alerts = self.notice_alerts(members);
                }
                self.send(&lane, send_resolved, reason, &flush, effects);
            }
        }
    }

    /// Whether a lane is to be told now, and why.
    fn asked(
        &mut self,
        lane: &Lane,
        send_resolved: bool,
        flush: &Flush,
        effects: &mut Effects,
    ) -> Option<NoticeReason> {
        let content = &flush.content;
        let state = self.lanes.entry(lane);
        if let Some(pending) = &state.pending {
            if pending.tells(content) {
                return None;
            }
            if !pending.waits {
                // One notice of a lane is under way at a time; its end asks again.
                state.overdue = true;
                return None;
            }
        }
        let told = state.told.as_ref();
        let mut why = reason(told, content, send_resolved, flush.repeat, flush.now);
        if content.firing.is_empty() && !send_resolved {
            // A fire that is over is not told to somebody who would never hear of its end.
            if let Some(pending) = state.pending.take() {
                self.metrics.withheld(Withheld::Over);
                effects.withdraw(&pending.notice);
            }
            // Nobody hears of it, but the next alert is a first one again.
            if why.is_some() {
                let logged = Notified {
                    lane: lane.clone(),
                    at: flush.now,
                    expires_at: after(flush.now, flush.counts_for),
                    firing: Arc::default(),
                    resolved: content.resolved.as_slice().into(),
                    owed: content.owed(told).into(),
                    handle: told.and_then(|told| told.handle.clone()),
                };
                state.log(logged, &mut effects.records);
            }
            return None;
        }
        if why.is_none()
            && let Some(pending) = &state.pending
        {
            // The group went back to what was told before this notice got through. It is still told: something happened.
            why = Some(match pending.notice.reason {
                _ if content.firing.is_empty() => NoticeReason::AllResolved,
                NoticeReason::AllResolved => NoticeReason::New,
                reason => reason,
            });
        }
        let refused = state.refused.as_ref();
        if refused.is_some_and(|refused| refused.holds(content, flush.now)) {
            self.metrics.withheld(Withheld::Refused);
            return None;
        }
        why
    }

    /// Puts a notice into the lane's outbox.
    fn send(
        &mut self,
        lane: &Lane,
        send_resolved: bool,
        reason: NoticeReason,
        flush: &Flush,
        effects: &mut Effects,
    ) {
        let content = &flush.content;
        let shown = content.firing.iter().chain(&content.resolved).copied();
        let held_back = match flush.limit {
            None => Ok(0),
            Some(limit) => self.rates.take(lane, limit, shown, flush.now),
        };
        let held_back = match held_back {
            Ok(held_back) => held_back,
            Err(free_at) => {
                self.metrics.withheld(Withheld::RateLimit);
                for id in self.groups.of_key(&lane.group).to_vec() {
                    self.wake.push((id, free_at));
                }
                return;
            }
        };
        self.last_notice += 1;
        let id = self.last_notice;
        let state = self.lanes.entry(lane);
        let told = state.told.as_ref();
        let notice = Arc::new(Notice {
            id,
            idempotency_key: idempotency_key(lane, id, flush.now),
            reason,
            at: flush.now,
            since: flush.since(reason, told),
            group_labels: flush.group_labels.clone(),
            alerts: flush.alerts(send_resolved),
            handle: told
                .filter(|_| reason != NoticeReason::First)
                .and_then(|told| told.handle.clone()),
            held_back,
            route_labels: flush.route_labels.clone(),
            tried: None,
            lane: lane.clone(),
        });
        let pending = Pending {
            firing: content.firing.as_slice().into(),
            resolved: content.resolved.as_slice().into(),
            owed: content.owed(told).into(),
            waits: false,
            counts_for: flush.counts_for,
            notice: Arc::clone(&notice),
        };
        state.send(pending, flush.now);
        self.metrics.notice(reason);
        effects.records.push(Record::Outbox(Arc::clone(&notice)));
        effects.notices.push(notice);
    }

    fn notice_alerts(&self, members: &[Member]) -> Vec<(NoticeAlert, Timestamp)> {
        let of = |member: &Member| {
            let entry = self.table.get(member.slot)?;
            let alert = &entry.alert;
            let notice = NoticeAlert {
                fingerprint: member.fingerprint,
                labels: alert.labels.clone(),
                annotations: alert.annotations.clone(),
                starts_at: alert.starts_at,
                ends_at: member.resolved.then_some(alert.ends_at),
                generator_url: Arc::clone(&alert.generator_url),
            };
            Some((notice, entry.changed))
        };
        members.iter().filter_map(of).collect()
    }
}

impl Flush {
    fn alerts(&self, send_resolved: bool) -> Arc<[NoticeAlert]> {
        let wanted = self.alerts.iter().filter(|(alert, _)| send_resolved || alert.is_firing());
        wanted.map(|(alert, _)| alert.clone()).collect()
    }

    /// The latest change that the lane does not know of yet.
    fn since(&self, reason: NoticeReason, told: Option<&Notified>) -> Timestamp {
        let is_told = |told: &Notified, alert: &NoticeAlert| {
            let known = if alert.is_firing() { &told.firing } else { &told.resolved };
            known.binary_search(&alert.fingerprint).is_ok()
        };
        let news = self
            .alerts
            .iter()
            .filter(|(alert, _)| !told.is_some_and(|told| is_told(told, alert)))
            .map(|(_, changed)| *changed);
        let latest = if reason == NoticeReason::Repeat { None } else { news.max() };
        latest.unwrap_or(self.now).min(self.now)
    }
}

fn content(shown: &[Member], hidden: Vec<Fingerprint>) -> Content {
    let mut content = Content { hidden, ..Content::default() };
    for member in shown {
        let side = if member.resolved { &mut content.resolved } else { &mut content.firing };
        side.push(member.fingerprint);
    }
    content.firing.sort_unstable();
    content.resolved.sort_unstable();
    content
}

/// The same for every attempt at a notice, and for no other notice, not even of a database that was begun anew.
fn idempotency_key(lane: &Lane, id: u64, now: Timestamp) -> Arc<str> {
    let mut hash = Fnv::default();
    hash.part(&lane.group);
    hash.part(&lane.receiver);
    hash.part(&lane.kind);
    format!("{:016x}-{}-{:x}-{id}", hash.0, lane.integration, now.as_millisecond()).into()
}
