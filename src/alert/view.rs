//! From the state to a snapshot, in one pass.

use std::{num::NonZeroU32, sync::Arc};

use jiff::Timestamp;

use super::{
    checks::OPEN_END,
    groups::{Group, GroupId},
    ingest::after,
    order,
    pipeline::Pipeline,
    snapshot::{AlertView, GroupView, Snapshot},
    table::Slot,
};
use crate::model::{Overlays, SilenceId};

impl Pipeline {
    /// How everything stands, and until when it does if nothing happens.
    pub(super) fn view(&mut self, now: Timestamp) -> (Snapshot, Timestamp) {
        let mut until = self.silences.next_due().unwrap_or(Timestamp::MAX);
        let ids: Vec<GroupId> = self.groups.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.order_group(id);
        }
        let alerts = self.alert_views(now, &mut until);
        let places = Places::new(&alerts);
        let alerts: Vec<AlertView> = alerts.into_iter().map(|(_, view)| view).collect();
        let mut groups: Vec<GroupView> =
            self.groups.iter().filter_map(|(_, group)| self.group_view(group, &places)).collect();
        groups.sort_by(|one, other| {
            order::labels(&one.labels, &other.labels)
                .then_with(|| one.receiver.cmp(&other.receiver))
                .then_with(|| one.route_id.cmp(&other.route_id))
        });
        let snapshot = Snapshot {
            at: now,
            version: self.version,
            config: Arc::clone(&self.config),
            alerts,
            groups,
            silences: self.silences.all().cloned().collect(),
        };
        (snapshot, until)
    }

    /// Brings the gauges up to date; returns until when they hold if nothing happens.
    pub(super) fn gauge(&mut self, now: Timestamp) -> Timestamp {
        let mut until = self.silences.next_due().unwrap_or(Timestamp::MAX);
        let (mut active, mut suppressed) = (0, 0);
        for (_, entry) in self.table.iter_mut() {
            let alert = &entry.alert;
            if alert.is_resolved(now) {
                continue;
            }
            until = until.min(alert.ends_at);
            let hidden = alert.overlays != Overlays::default()
                || self.inhibitor.inhibited_by(&alert.labels, now).is_some()
                || !entry.silenced_by(&self.silences, now).is_empty();
            *if hidden { &mut suppressed } else { &mut active } += 1;
        }
        self.metrics.stands([active, suppressed], self.groups.len(), self.silences.counts(now));
        until
    }

    /// Alerts that fire, by fingerprint.
    fn alert_views(&mut self, now: Timestamp, until: &mut Timestamp) -> Vec<(Slot, AlertView)> {
        let open_until = after(now, self.config.resolve_timeout);
        let nobody: Arc<[Arc<str>]> = Arc::default();
        let none: Arc<[SilenceId]> = Arc::default();
        let mut views = Vec::with_capacity(self.table.len());
        for (slot, entry) in self.table.iter_mut() {
            if entry.alert.is_resolved(now) {
                continue;
            }
            entry.silenced_by(&self.silences, now);
            let inhibited_by = self.inhibitor.inhibited_by(&entry.alert.labels, now);
            *until = entry.alert.ends_at.min(*until);
            let is_open = entry.alert.ends_at.as_second() == OPEN_END;
            let path = self.tree.path(entry.path);
            views.push((
                slot,
                AlertView {
                    fingerprint: entry.fingerprint,
                    alert: Arc::clone(&entry.alert),
                    ends_at: if is_open { open_until } else { entry.alert.ends_at },
                    receivers: path
                        .map_or_else(|| Arc::clone(&nobody), |path| Arc::clone(&path.receivers)),
                    silenced_by: entry.silenced.by.clone().unwrap_or_else(|| Arc::clone(&none)),
                    inhibited_by,
                },
            ));
        }
        views.sort_unstable_by_key(|(_, view)| view.fingerprint);
        views
    }

    /// A group, if any of its alerts fires.
    fn group_view(&self, group: &Group, places: &Places) -> Option<GroupView> {
        let alerts: Vec<u32> = group.members.iter().filter_map(|slot| places.of(*slot)).collect();
        if alerts.is_empty() {
            return None;
        }
        let node = self.tree.node(group.node)?;
        Some(GroupView {
            key: Arc::clone(&group.key),
            route_id: Arc::clone(&node.id),
            labels: group.labels.clone(),
            receiver: Arc::clone(&group.receiver),
            route_labels: node.route.labels.clone(),
            muted_by: group.muted_by.clone().unwrap_or_default(),
            alerts,
        })
    }
}

/// Where the alert of a slot is in a snapshot.
struct Places(Vec<Option<NonZeroU32>>);

impl Places {
    fn new(alerts: &[(Slot, AlertView)]) -> Self {
        let mut places = Vec::new();
        for (at, (slot, _)) in (1..).zip(alerts) {
            let slot = usize::try_from(*slot).unwrap_or(usize::MAX);
            if places.len() <= slot {
                places.resize(slot + 1, None);
            }
            places[slot] = NonZeroU32::new(at);
        }
        Self(places)
    }

    fn of(&self, slot: Slot) -> Option<u32> {
        let place = *self.0.get(usize::try_from(slot).ok()?)?;
        Some(place?.get() - 1)
    }
}
