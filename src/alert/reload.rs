//! Another configuration: what survives keeps its timers and its history.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Config, Effects,
    groups::Group,
    ingest::after,
    inhibit::Inhibitor,
    pipeline::Pipeline,
    routes::{NodeId, Tree},
    table::{Memberships, Slot},
};
use crate::model::Pairs;

/// What makes a group the same before and after: its key (which holds the route's and the labels) and its receiver.
type Identity = (Arc<str>, Arc<str>, Pairs);

impl Pipeline {
    /// Goes on with another configuration. Sends under way finish, unless their integration is gone.
    pub(super) fn reload(&mut self, config: Arc<Config>, now: Timestamp, effects: &mut Effects) {
        self.tree = Tree::new(&config.route);
        self.inhibitor = Inhibitor::new(&config.inhibit_rules);
        self.silences.plan(&config.maintenance, now);
        self.pushes.configure(&config.alertmanagers, now);
        self.config = config;
        let config = Arc::clone(&self.config);
        self.rates.retain(|name| config.receivers.iter().any(|own| *own.name == *name));
        self.regroup(now);
        self.drop_orphans(effects);
        self.metrics.reloaded();
    }

    /// Puts every alert where its routes lead now.
    fn regroup(&mut self, now: Timestamp) {
        let before = std::mem::take(&mut self.groups);
        let mut survivors: HashMap<Identity, Group> = before
            .into_groups()
            .map(|group| {
                let receiver = Arc::clone(&group.receiver);
                ((Arc::clone(&group.key), receiver, group.labels.clone()), group)
            })
            .collect();
        let slots: Vec<Slot> = self.table.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(entry) = self.table.get_mut(slot) else { continue };
            self.inhibitor.upsert(&entry.alert);
            entry.path = self.tree.path_of(&entry.alert.labels);
            let was_in = std::mem::take(&mut entry.groups) != Memberships::None;
            // A resolved alert that is in no group has been told.
            if was_in || !entry.alert.is_resolved(now) {
                let nodes = self.tree.path(entry.path).map(|path| Arc::clone(&path.nodes));
                for node in nodes.iter().flat_map(|nodes| nodes.iter()) {
                    self.rejoin(slot, *node, &mut survivors, now);
                }
            }
        }
        let ids: Vec<_> = self.groups.iter().map(|(id, _)| id).collect();
        for id in ids {
            let group = self.groups.get(id);
            if group.is_some_and(|group| group.flushed.is_some()) {
                self.reschedule(id, now, false);
            }
        }
    }

    fn rejoin(
        &mut self,
        slot: Slot,
        node: NodeId,
        survivors: &mut HashMap<Identity, Group>,
        now: Timestamp,
    ) {
        let (Some(entry), Some(route)) = (self.table.get(slot), self.tree.node(node)) else {
            return;
        };
        let labels = &entry.alert.labels;
        if self.groups.find(node, route.group_of(labels)).is_none() {
            let labels = route.group_labels(labels);
            let key = route.group_key(&labels);
            let identity = (key, Arc::clone(&route.route.receiver), labels.clone());
            let interval = route.route.group_interval;
            let id = self.groups.open((node, route), labels, now);
            if let Some(old) = survivors.remove(&identity) {
                let tick = old.flushed.map_or(old.tick, |flushed| after(flushed, interval));
                if let Some(group) = self.groups.get_mut(id) {
                    group.flushed = old.flushed;
                    group.tick = tick;
                    group.muted_by = old.muted_by;
                    group.hidden = old.hidden;
                }
                self.groups.schedule(id, tick);
            }
        }
        // Opened above, or there already: nobody needs to have been told.
        self.join_route(slot, node, false, now);
    }

    /// Takes notices out of the outbox whose integration is gone.
    fn drop_orphans(&mut self, effects: &mut Effects) {
        let config = Arc::clone(&self.config);
        self.lanes.retain(|lane, state| {
            let gone = state.pending.take_if(|_| !config.leads_somewhere(lane));
            if let Some(gone) = gone {
                effects.withdraw(&gone.notice);
            }
            true
        });
    }
}
