//! Who is in which group, when a group is due, and what a delivery changes of both.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Effects,
    groups::{Group, GroupId},
    ingest::after,
    lanes::{Outcome, Pace},
    order::sort_alerts,
    pipeline::Pipeline,
    routes::NodeId,
    table::Slot,
};
use crate::model::{Delivery, Fingerprint, Lane, Pairs, Record};

/// The least time between two refused notices of a lane.
const SHORTEST_PACE: Duration = Duration::from_secs(1);

impl Pipeline {
    /// Puts an alert into the group of each of its routes; a resolved one only where somebody may know of it. Says whether
    /// it is in any.
    pub(super) fn join(&mut self, slot: Slot, resolved: bool, now: Timestamp) -> bool {
        let Some(entry) = self.table.get(slot) else { return false };
        let Some(path) = self.tree.path(entry.path) else { return false };
        let nodes = std::sync::Arc::clone(&path.nodes);
        for node in nodes.iter() {
            self.join_route(slot, *node, resolved, now);
        }
        self.table.get(slot).is_some_and(|entry| !entry.groups.as_slice().is_empty())
    }

    /// Puts an alert into its group of one route.
    pub(super) fn join_route(&mut self, slot: Slot, node: NodeId, resolved: bool, now: Timestamp) {
        let (Some(entry), Some(route)) = (self.table.get_mut(slot), self.tree.node(node)) else {
            return;
        };
        let labels = &entry.alert.labels;
        let known = self.groups.find(node, route.group_of(labels));
        let id = if let Some(id) = known {
            id
        } else {
            let labels = route.group_labels(labels);
            if resolved {
                let key = route.group_key(&labels);
                let mut lanes = self.config.lanes(&key, &route.route.receiver);
                if !lanes.any(|(lane, _)| self.lanes.knows_of_fire(&lane)) {
                    return;
                }
            }
            self.groups.open((node, route), labels, now)
        };
        if !entry.groups.as_slice().contains(&id) {
            entry.groups.add(id);
            if let Some(group) = self.groups.get_mut(id) {
                group.members.push(slot);
                group.ordered = false;
            }
        }
        let flushed = self.groups.get(id).is_none_or(|group| group.flushed.is_some());
        if !flushed && after(entry.alert.starts_at, route.route.group_wait) < now {
            // It has waited for longer than that already.
            self.groups.hurry(id, now);
        }
    }

    /// Puts a group's alerts into Alertmanager's order.
    pub(super) fn order_group(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(id).filter(|group| !group.ordered) else { return };
        group.ordered = true;
        let nothing = Pairs::default();
        sort_alerts(&mut group.members, |slot| {
            self.table.get(slot).map_or(&nothing, |entry| &entry.alert.labels)
        });
    }

    /// Takes how an attempt at a notice ended.
    pub(super) fn delivery(&mut self, delivery: Delivery, now: Timestamp, effects: &mut Effects) {
        let groups: Vec<GroupId> = self
            .groups
            .of_key(&delivery.lane.group)
            .iter()
            .copied()
            .filter(|id| {
                let group = self.groups.get(*id);
                group.is_some_and(|group| group.receiver == delivery.lane.receiver)
            })
            .collect();
        let pace = self.pace(groups.first().copied());
        let mut told = Vec::new();
        let outcome = self.lanes.deliver(&delivery, pace, &mut told);
        effects.records.push(Record::Delivery(delivery));
        effects.records.append(&mut told);
        for id in groups {
            match outcome {
                Outcome::Unknown => {}
                Outcome::Waits { overdue } => {
                    if overdue {
                        self.groups.hurry(id, now);
                    }
                }
                // The flush that comes compares what is in the group with what was told just now.
                Outcome::Told { overdue: true } => self.groups.hurry(id, now),
                Outcome::Told { overdue: false } => {
                    self.forget_told(id, now);
                    self.reschedule(id, now, false);
                }
                Outcome::Refused => self.reschedule(id, now, false),
            }
        }
    }

    /// How often what a group's lane refuses is told again.
    fn pace(&self, group: Option<GroupId>) -> Pace {
        let route = group
            .and_then(|id| self.groups.get(id))
            .and_then(|group| self.tree.node(group.node))
            .map(|node| &node.route);
        let interval = route.map_or(Duration::from_mins(5), |route| route.group_interval);
        let repeat = route.map_or(interval, |route| route.repeat_interval);
        let first = interval.max(SHORTEST_PACE);
        Pace { first, longest: repeat.max(first) }
    }

    /// Takes those alerts out of a group that were resolved at its last flush and of which no lane still has to tell, and
    /// closes the group if none is left.
    pub(super) fn forget_told(&mut self, id: GroupId, now: Timestamp) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(flushed) = group.flushed else { return };
        let lanes = self.lanes_of(group);
        let is_resolved =
            |slot: &Slot| self.table.get(*slot).is_none_or(|entry| entry.alert.is_resolved(now));
        // Then the next flush notes the end also where it is not told, so that the next fire is told as a first one.
        let is_over = group.members.iter().all(is_resolved);
        let kept = |fingerprint: Fingerprint| {
            let hidden = group.hidden.binary_search(&fingerprint).is_ok();
            lanes.iter().any(|(lane, send_resolved)| {
                let owed = hidden || is_over || *send_resolved;
                self.lanes.get(lane).is_some_and(|state| state.holds(fingerprint, owed))
            })
        };
        let gone: Vec<Slot> = group
            .members
            .iter()
            .copied()
            .filter(|slot| {
                self.table.get(*slot).is_none_or(|entry| {
                    // Not one that ended, or fired again, after the flush.
                    entry.alert.is_resolved(flushed)
                        && entry.alert.is_resolved(now)
                        && !kept(entry.fingerprint)
                })
            })
            .collect();
        for slot in &gone {
            if let Some(entry) = self.table.get_mut(*slot) {
                entry.groups.remove(id);
            }
        }
        let Some(group) = self.groups.get_mut(id) else { return };
        if !gone.is_empty() {
            let gone: std::collections::HashSet<Slot> = gone.into_iter().collect();
            group.members.retain(|slot| !gone.contains(slot));
        }
        if group.members.is_empty() {
            self.groups.close(id);
        }
    }

    /// Finds a group's next deadline: the next tick, or before it the moment at which a lane is to be told again.
    pub(super) fn reschedule(&mut self, id: GroupId, now: Timestamp, flushed: bool) {
        let wake: Vec<_> = std::mem::take(&mut self.wake);
        let Some(group) = self.groups.get(id) else { return };
        let Some(route) = self.tree.node(group.node).map(|node| &node.route) else { return };
        let (interval, repeat) = (route.group_interval, route.repeat_interval);
        let tick = if flushed { after(now, interval) } else { group.tick };
        let lanes = self.lanes_of(group);
        let states = lanes.iter().filter_map(|(lane, _)| self.lanes.get(lane));
        let lane_due =
            states.flat_map(|state| state.due(repeat)).flatten().filter(|due| *due > now).min();
        let budget = wake.iter().filter(|(own, _)| *own == id).map(|(_, at)| *at).min();
        let due = [lane_due, budget].into_iter().flatten().fold(tick, Timestamp::min);
        if let Some(group) = self.groups.get_mut(id) {
            group.tick = tick;
        }
        self.groups.schedule(id, due);
        for (other, at) in wake {
            if other != id {
                self.groups.hurry(other, at);
            }
        }
    }

    /// A group's lanes, and whether resolves are told there.
    pub(super) fn lanes_of(&self, group: &Group) -> Vec<(Lane, bool)> {
        self.config.lanes(&group.key, &group.receiver).collect()
    }
}
