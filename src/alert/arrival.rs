//! An alert arrives: merged with what is known of it, stored, routed, put into its groups.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Effects, InvalidAlerts, PostedAlert,
    flaps::Flaps,
    ingest::{after, checked, is_news, merged},
    pipeline::Pipeline,
    table::{Entry, Memberships, Silenced, Slot},
};
use crate::model::{Alert, AlertSource, Record};

/// How often the alerts of a name that has no room are looked through for resolved ones.
const LOOK: Duration = Duration::from_secs(1);

/// The alerts of one name that may fire.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) slots: HashSet<Slot>,
    look_from: Timestamp,
}

impl Pipeline {
    /// Takes posted alerts: all that are valid, whatever the others are.
    pub(super) fn post(
        &mut self,
        alerts: Vec<PostedAlert>,
        source: AlertSource,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), InvalidAlerts> {
        let rules = self.rules();
        let mut invalid: Vec<String> = Vec::new();
        for posted in alerts {
            let (_, ends_at, _) = rules.times(&posted, now);
            self.metrics.received(source, ends_at <= now);
            match checked(posted, source, rules, now) {
                Ok(alert) => self.take(alert, now, effects),
                Err(why) => {
                    self.metrics.invalid();
                    invalid.push(why);
                }
            }
        }
        if invalid.is_empty() { Ok(()) } else { Err(InvalidAlerts(invalid.join("\n"))) }
    }

    /// Takes an alert of somebody else's.
    fn take(&mut self, told: Alert, now: Timestamp, effects: &mut Effects) {
        let fingerprint = told.fingerprint();
        let Some(slot) = self.table.slot(fingerprint) else {
            self.insert(told, now, effects);
            return;
        };
        let Some(entry) = self.table.get_mut(slot) else { return };
        if entry.alert.source == AlertSource::Check && !entry.alert.is_resolved(now) {
            // We know better how our own check stands.
            self.told_of_own(slot, &told, now, effects);
            return;
        }
        let mut next = merged(&entry.alert, told, now);
        if let Some(rule) = self.config.flap_hold {
            let flaps = entry.flaps.get_or_insert_with(Box::<Flaps>::default);
            flaps.take(rule, &entry.alert, &mut next, now);
        }
        self.replace(slot, next, now, effects);
    }

    /// Stores an alert that is not known yet.
    pub(super) fn insert(
        &mut self,
        mut alert: Alert,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Option<Slot> {
        let resolved = alert.is_resolved(now);
        let is_own = alert.source == AlertSource::Check;
        if !resolved && !is_own && !self.has_room(&alert, now) {
            self.metrics.limited();
            return None;
        }
        let path = self.tree.path_of(&alert.labels);
        self.table.share(&mut alert);
        self.inhibitor.upsert(&alert);
        let alert = Arc::new(alert);
        let slot = self.table.insert(Entry {
            fingerprint: alert.fingerprint(),
            path,
            groups: Memberships::default(),
            changed: now,
            silenced: Silenced::default(),
            flaps: None,
            alert: Arc::clone(&alert),
        });
        if !resolved {
            self.count_name(slot);
        }
        // A resolve of what nobody was told of concerns nobody.
        if self.join(slot, resolved, now) || !resolved {
            effects.records.push(Record::Alert(alert));
        }
        Some(slot)
    }

    /// Stores what a known alert has become.
    pub(super) fn replace(
        &mut self,
        slot: Slot,
        next: Alert,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        let known = &entry.alert;
        let (was, is) = (known.is_resolved(now), next.is_resolved(now));
        let news = is_news(known, &next, now);
        let ends_moved = known.ends_at != next.ends_at;
        if was != is {
            entry.changed = now;
        }
        self.table.replace(slot, next);
        let Some(entry) = self.table.get(slot) else { return };
        if ends_moved && (news || self.inhibitor.is_source(entry.fingerprint)) {
            self.inhibitor.upsert(&entry.alert);
        }
        if news {
            effects.records.push(Record::Alert(Arc::clone(&entry.alert)));
        }
        if was && !is {
            self.join(slot, false, now);
            self.count_name(slot);
        } else if is && !was {
            self.make_room(slot);
        }
    }

    /// Counts an alert that fires among those of its name, where they are counted.
    pub(super) fn count_name(&mut self, slot: Slot) {
        if !self.is_limited() {
            return;
        }
        let Some(entry) = self.table.get(slot) else { return };
        let name = entry.alert.labels.get("alertname").unwrap_or_default();
        self.named.entry(name.into()).or_default().slots.insert(slot);
    }

    /// A resolved alert makes room for another of its name.
    fn make_room(&mut self, slot: Slot) {
        if !self.is_limited() {
            return;
        }
        let Some(entry) = self.table.get(slot) else { return };
        let name = entry.alert.labels.get("alertname").unwrap_or_default();
        if let Some(named) = self.named.get_mut(name) {
            named.slots.remove(&slot);
        }
    }

    fn is_limited(&self) -> bool {
        self.options.per_alertname_limit > 0
    }

    /// Whether one more alert of its name may fire.
    fn has_room(&mut self, alert: &Alert, now: Timestamp) -> bool {
        if !self.is_limited() {
            return true;
        }
        let name = alert.labels.get("alertname").unwrap_or_default();
        let Some(named) = self.named.get_mut(name) else { return true };
        let table = &self.table;
        // Those whose end has come by itself make room too, but a flood is not looked through for each of its alerts.
        if named.slots.len() >= self.options.per_alertname_limit && named.look_from <= now {
            named.look_from = after(now, LOOK);
            named.slots.retain(|slot| {
                let entry = table.get(*slot);
                entry.is_some_and(|entry| !entry.alert.is_resolved(now))
            });
        }
        named.slots.len() < self.options.per_alertname_limit
    }
}
