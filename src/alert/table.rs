//! The alerts that are held: each once, whatever groups it is in.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU32,
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    flaps::Flaps, forms::Forms, groups::GroupId, routes::PathId, silences::Silences, slab::Slab,
};
use crate::model::{Alert, Fingerprint, SilenceId};

/// An alert's place in the table: shorter than its fingerprint, and the table's own.
pub(super) type Slot = u32;

/// All alerts. A hundred thousand are held at once, so an entry is small: what is rare stands behind a pointer.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: HashMap<Fingerprint, Slot>,
    entries: Slab<Entry>,
    /// Generator URLs: all alerts of a rule have the same.
    urls: HashSet<Arc<str>>,
    forms: Forms,
}

/// One alert, and what was worked out of its labels.
#[derive(Debug)]
pub(super) struct Entry {
    /// The alert; a snapshot may hold it too.
    pub(super) alert: Arc<Alert>,
    /// Its identity.
    pub(super) fingerprint: Fingerprint,
    /// Where its routes lead.
    pub(super) path: PathId,
    /// Which groups it is in.
    pub(super) groups: Memberships,
    /// When it last began or ceased to fire, as it was told to us.
    pub(super) changed: Timestamp,
    /// What silences it.
    pub(super) silenced: Silenced,
    /// Its changes, where flaps are held.
    pub(super) flaps: Option<Box<Flaps>>,
}

/// Active silences of an alert, as they were under a version of the silences.
#[derive(Debug, Default)]
pub(super) struct Silenced {
    /// Sorted; `None` for none, which is most of the time.
    pub(super) by: Option<Arc<[SilenceId]>>,
    /// The version, cut short: a wrap in between would need four billion changes.
    version: Option<NonZeroU32>,
}

impl Entry {
    /// The silences that hide the alert now. They are matched anew only if any silence changed, began or ended.
    pub(super) fn silenced_by(&mut self, silences: &Silences, now: Timestamp) -> &[SilenceId] {
        #[expect(clippy::cast_possible_truncation, reason = "compared for equality only")]
        let version = NonZeroU32::new((silences.version() as u32) | 1 << 31);
        if self.silenced.version != version {
            let by = silences.matching(&self.alert.labels, now);
            self.silenced = Silenced { by: (!by.is_empty()).then(|| by.into()), version };
        }
        self.silenced.by.as_deref().unwrap_or_default()
    }
}

impl Table {
    /// The entry at a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot)
    }

    /// The entry at a slot.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot)
    }

    /// Where an alert is.
    pub(super) fn slot(&self, fingerprint: Fingerprint) -> Option<Slot> {
        self.slots.get(&fingerprint).copied()
    }

    /// Holds what is in an alert together with its like, before it is inserted.
    pub(super) fn share(&mut self, alert: &mut Alert) {
        alert.generator_url = self.shared_url(&alert.generator_url);
        self.forms.share(alert);
    }

    /// Takes an alert that is not there yet.
    pub(super) fn insert(&mut self, entry: Entry) -> Slot {
        let fingerprint = entry.fingerprint;
        let slot = self.entries.insert(entry);
        self.slots.insert(fingerprint, slot);
        slot
    }

    /// Replaces an alert by what it has become, but keeps what is equal in the allocation it is in already.
    pub(super) fn replace(&mut self, slot: Slot, mut next: Alert) {
        let Some(known) = self.entries.get(slot).map(|entry| Arc::clone(&entry.alert)) else {
            return;
        };
        next.labels = known.labels.clone();
        if known.annotations == next.annotations && known.generator_url == next.generator_url {
            next.annotations = known.annotations.clone();
            next.generator_url = Arc::clone(&known.generator_url);
        } else {
            self.share(&mut next);
        }
        drop(known);
        let Some(entry) = self.entries.get_mut(slot) else { return };
        match Arc::get_mut(&mut entry.alert) {
            Some(known) => *known = next,
            None => entry.alert = Arc::new(next),
        }
    }

    /// Forgets what no alert has any more of what is held together.
    pub(super) fn forget_shared(&mut self) {
        self.urls.retain(|url| Arc::strong_count(url) > 1);
        self.forms.forget();
    }

    /// The same text, in the allocation that other alerts hold already.
    fn shared_url(&mut self, url: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.urls.get(url) {
            return Arc::clone(known);
        }
        self.urls.insert(Arc::clone(url));
        Arc::clone(url)
    }

    /// Forgets an alert.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Entry> {
        let entry = self.entries.take(slot)?;
        self.slots.remove(&entry.fingerprint);
        Some(entry)
    }

    /// Every alert, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Entry)> {
        self.entries.iter()
    }

    /// Every alert, in no order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Slot, &mut Entry)> {
        self.entries.iter_mut()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// The groups an alert is in: nearly always one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Memberships {
    /// Resolved and told.
    #[default]
    None,
    /// The usual.
    One(GroupId),
    /// By `continue`.
    Many(Box<[GroupId]>),
}

impl Memberships {
    /// All of them.
    pub(super) fn as_slice(&self) -> &[GroupId] {
        match self {
            Self::None => &[],
            Self::One(group) => std::slice::from_ref(group),
            Self::Many(groups) => groups,
        }
    }

    /// Adds a group that is not among them.
    pub(super) fn add(&mut self, group: GroupId) {
        *self = self.as_slice().iter().copied().chain([group]).collect();
    }

    /// Takes a group away.
    pub(super) fn remove(&mut self, group: GroupId) {
        *self = self.as_slice().iter().copied().filter(|own| *own != group).collect();
    }
}

impl FromIterator<GroupId> for Memberships {
    fn from_iter<I: IntoIterator<Item = GroupId>>(groups: I) -> Self {
        let mut groups = groups.into_iter();
        match (groups.next(), groups.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one),
            (Some(one), Some(other)) => {
                Self::Many([one, other].into_iter().chain(groups).collect())
            }
        }
    }
}
