//! The objects of a kind at one moment, and how they are written.

use std::{ops::Range, sync::Arc};

use jiff::Timestamp;

use super::{
    family::Info,
    kind::{Kind, Part, Resource},
    object::{Object, UID_TEXT},
    own::All,
    rows::Rows,
};
use crate::model::{Desc, LabelSet, Sink, escape_into};

/// The objects of a kind at one moment.
pub trait Snapshot: Send + Sync {
    /// Of what.
    fn resource(&self) -> &'static Resource;
    /// How many objects.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many families its kind has.
    fn families(&self) -> usize;
    /// The family at an index of the kind's table, if it is to be written.
    fn family(&self, at: usize) -> Option<Info>;
    /// Writes the rows that some of the objects have in a family.
    fn write(&self, family: usize, objects: Range<usize>, sink: &mut dyn Sink);
    /// The families that no peer has, with their indices, of those that are to be written.
    fn own(&self) -> Vec<(usize, &'static Desc)>;
    /// Writes the rows that all objects together have in one of them.
    fn write_own(&self, family: usize, sink: &mut dyn Sink);
}

/// What of a kind's objects is written.
#[derive(Clone)]
pub(super) struct Selected {
    /// Of the families, each.
    pub(super) families: Arc<[bool]>,
    /// Of those that no peer has, each.
    pub(super) own: Arc<[bool]>,
    /// Whether rows are left out that are 0 because a sibling is 1.
    pub(super) lean: bool,
}

/// A [`Snapshot`] of one kind.
pub(super) struct Objects<B> {
    objects: Vec<Arc<Object<B>>>,
    cluster: Option<Arc<str>>,
    selected: Selected,
    now: Timestamp,
    /// The labels with which the rows of each object begin, one object after the other: written once for dozens of families.
    identities: String,
    /// Where those of each end.
    ends: Vec<usize>,
}

impl<B: Kind> Objects<B> {
    pub(super) fn new(
        objects: Vec<Arc<Object<B>>>,
        cluster: Option<Arc<str>>,
        selected: Selected,
        now: Timestamp,
    ) -> Self {
        let mut identities = Vec::new();
        let mut ends = Vec::with_capacity(objects.len());
        for object in &objects {
            let begin = identities.len();
            identity(object, cluster.as_deref(), |label, value| {
                if identities.len() > begin {
                    identities.push(b',');
                }
                identities.extend_from_slice(label.as_bytes());
                identities.extend_from_slice(b"=\"");
                escape_into(&mut identities, value);
                identities.push(b'"');
            });
            ends.push(identities.len());
        }
        // Only whole texts were put there.
        let identities = String::from_utf8(identities).unwrap_or_default();
        Self { objects, cluster, selected, now, identities, ends }
    }

    /// The labels with which an object's rows begin.
    fn identity(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.identities.get(begin..self.ends[at]).unwrap_or_default()
    }
}

impl<B: Kind> Snapshot for Objects<B> {
    fn resource(&self) -> &'static Resource {
        &B::RESOURCE
    }

    fn len(&self) -> usize {
        self.objects.len()
    }

    fn families(&self) -> usize {
        B::FAMILIES.len()
    }

    fn family(&self, at: usize) -> Option<Info> {
        let is_selected = self.selected.families.get(at).is_some_and(|is| *is);
        B::FAMILIES.get(at).filter(|_| is_selected).map(|family| family.info)
    }

    fn write(&self, family: usize, objects: Range<usize>, sink: &mut dyn Sink) {
        let Some(family) = B::FAMILIES.get(family) else { return };
        for at in objects {
            let Some(object) = self.objects.get(at) else { return };
            let pairs = || {
                let mut pairs: Vec<(Arc<str>, Arc<str>)> = Vec::new();
                identity(object, self.cluster.as_deref(), |label, value| {
                    pairs.push((label.into(), value.into()));
                });
                LabelSet::new(pairs)
            };
            let lean = self.selected.lean;
            (family.rows)(object, &mut Rows::new(sink, self.identity(at), &pairs, lean));
        }
    }

    fn own(&self) -> Vec<(usize, &'static Desc)> {
        let all = B::OWN.iter().zip(&*self.selected.own).enumerate();
        all.filter(|(_, (_, is_shown))| **is_shown).map(|(at, (own, _))| (at, &own.desc)).collect()
    }

    fn write_own(&self, family: usize, sink: &mut dyn Sink) {
        let Some(own) = B::OWN.get(family) else { return };
        let labels = LabelSet::new(self.cluster.as_deref().map(|cluster| ("cluster", cluster)));
        let pairs = || labels.clone();
        let all = All { objects: &self.objects, now: self.now };
        (own.rows)(&all, &mut Rows::new(sink, labels.text(), &pairs, self.selected.lean));
    }
}

/// Gives the labels with which an object's rows begin.
fn identity<B: Kind>(object: &Object<B>, cluster: Option<&str>, mut give: impl FnMut(&str, &str)) {
    if let Some(cluster) = cluster {
        give("cluster", cluster);
    }
    let mut uid = [0; UID_TEXT];
    for (label, part) in B::IDENTITY {
        give(
            label,
            match part {
                Part::Namespace => &object.meta.namespace,
                Part::Name => &object.meta.name,
                Part::Uid => object.meta.uid.text(&mut uid),
                Part::Of(of) => of(object),
            },
        );
    }
}
