//! Groups: alerts that are told together, and when each is due.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    calendar::before,
    ingest::after,
    routes::{Node, NodeId},
    slab::Slab,
    table::{Memberships, Slot},
};
use crate::model::{Fingerprint, Pairs};

/// A group's place among the groups.
pub(super) type GroupId = u32;

/// All groups, and their deadlines in order.
#[derive(Debug, Default)]
pub(super) struct Groups {
    slab: Slab<Group>,
    /// By route and the fingerprint of the group labels.
    by_labels: HashMap<(NodeId, u64), GroupId>,
    /// By group key: two routes with the same matchers share it.
    by_key: HashMap<Arc<str>, Memberships>,
    deadlines: BTreeSet<(Timestamp, GroupId)>,
}

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    /// Its route.
    pub(super) node: NodeId,
    /// What makes it.
    pub(super) labels: Pairs,
    /// Alertmanager's group key.
    pub(super) key: Arc<str>,
    /// Who is told.
    pub(super) receiver: Arc<str>,
    /// Alerts in it, each once.
    pub(super) members: Vec<Slot>,
    /// Whether they are in Alertmanager's order.
    pub(super) ordered: bool,
    /// Its last flush.
    pub(super) flushed: Option<Timestamp>,
    /// When changes are told: `group_wait` after the first alert, then every `group_interval`.
    pub(super) tick: Timestamp,
    /// Intervals that muted its last flush.
    pub(super) muted_by: Option<Arc<[Arc<str>]>>,
    /// What its last flush hid, sorted.
    pub(super) hidden: Vec<Fingerprint>,
    /// The fingerprint of the group labels.
    fingerprint: u64,
    /// The earlier of the tick and what else is due.
    due: Timestamp,
}

impl Groups {
    /// A group.
    pub(super) fn get(&self, id: GroupId) -> Option<&Group> {
        self.slab.get(id)
    }

    /// A group; its deadline is changed by [`Groups::schedule`].
    pub(super) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.slab.get_mut(id)
    }

    /// Every group.
    pub(super) fn iter(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        self.slab.iter()
    }

    /// Every group, with no deadline any more.
    pub(super) fn into_groups(self) -> impl Iterator<Item = Group> {
        self.slab.into_values()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_labels.len()
    }

    /// The group of a route and the fingerprint of group labels.
    pub(super) fn find(&self, node: NodeId, fingerprint: u64) -> Option<GroupId> {
        self.by_labels.get(&(node, fingerprint)).copied()
    }

    /// The groups of a key.
    pub(super) fn of_key(&self, key: &str) -> &[GroupId] {
        self.by_key.get(key).map(Memberships::as_slice).unwrap_or_default()
    }

    /// Opens a group; its first flush is after the route's `group_wait`.
    pub(super) fn open(&mut self, at: (NodeId, &Node), labels: Pairs, now: Timestamp) -> GroupId {
        let (node, route) = at;
        let due = after(now, route.route.group_wait);
        let (key, fingerprint) = (route.group_key(&labels), labels.fingerprint());
        let group = Group {
            node,
            key: Arc::clone(&key),
            receiver: Arc::clone(&route.route.receiver),
            members: Vec::new(),
            ordered: true,
            flushed: None,
            tick: due,
            muted_by: None,
            hidden: Vec::new(),
            labels,
            fingerprint,
            due,
        };
        let id = self.slab.insert(group);
        self.by_labels.insert((node, fingerprint), id);
        self.by_key.entry(key).or_default().add(id);
        self.deadlines.insert((due, id));
        id
    }

    /// Closes a group.
    pub(super) fn close(&mut self, id: GroupId) -> Option<Group> {
        let group = self.slab.take(id)?;
        self.by_labels.remove(&(group.node, group.fingerprint));
        if let Some(groups) = self.by_key.get_mut(&group.key) {
            groups.remove(id);
            if groups.as_slice().is_empty() {
                self.by_key.remove(&group.key);
            }
        }
        self.deadlines.remove(&(group.due, id));
        Some(group)
    }

    /// Moves a group's deadline.
    pub(super) fn schedule(&mut self, id: GroupId, due: Timestamp) {
        let Some(group) = self.slab.get_mut(id) else { return };
        self.deadlines.remove(&(group.due, id));
        group.due = due;
        self.deadlines.insert((due, id));
    }

    /// Moves a group's deadline to an earlier moment, if it is one.
    pub(super) fn hurry(&mut self, id: GroupId, due: Timestamp) {
        if self.get(id).is_some_and(|group| due < group.due) {
            self.schedule(id, due);
        }
    }

    /// Moves everything to a moment so much earlier.
    pub(super) fn set_back(&mut self, step: Duration) {
        for (_, group) in self.slab.iter_mut() {
            group.flushed = group.flushed.map(|flushed| before(flushed, step));
            group.tick = before(group.tick, step);
            group.due = before(group.due, step);
        }
        let deadlines = std::mem::take(&mut self.deadlines);
        self.deadlines = deadlines.into_iter().map(|(due, id)| (before(due, step), id)).collect();
    }

    /// The group whose deadline is next.
    pub(super) fn next(&self) -> Option<(Timestamp, GroupId)> {
        self.deadlines.first().copied()
    }
}
