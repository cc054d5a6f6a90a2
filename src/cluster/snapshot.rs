//! The objects of a kind at one moment, and how they are written.

use std::{ops::Range, sync::Arc};

use super::{
    family::Info,
    kind::{Kind, Part, Resource},
    object::{Object, UID_TEXT},
    rows::Rows,
};
use crate::model::{LabelSet, Sink, escape_into};

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
}

/// A [`Snapshot`] of one kind.
pub(super) struct Objects<B> {
    objects: Vec<Arc<Object<B>>>,
    cluster: Option<Arc<str>>,
    selected: Arc<[bool]>,
    lean: bool,
    /// The labels with which the rows of each object begin, one object after the other: written once for dozens of families.
    identities: Vec<u8>,
    /// Where those of each end.
    ends: Vec<usize>,
}

impl<B: Kind> Objects<B> {
    pub(super) fn new(
        objects: Vec<Arc<Object<B>>>,
        cluster: Option<Arc<str>>,
        selected: Arc<[bool]>,
        lean: bool,
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
        Self { objects, cluster, selected, lean, identities, ends }
    }

    /// The labels with which an object's rows begin.
    fn identity(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        // Only whole texts were put there.
        std::str::from_utf8(&self.identities[begin..self.ends[at]]).unwrap_or_default()
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
        let is_selected = self.selected.get(at).is_some_and(|is| *is);
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
            (family.rows)(object, &mut Rows::new(sink, self.identity(at), &pairs, self.lean));
        }
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
