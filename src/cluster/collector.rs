//! The objects of one kind: one writer for each part of them, snapshots for readers.

use std::{borrow::Cow, hash::BuildHasher, sync::Arc};

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::RwLock;

use super::{
    events::Event,
    kind::{Kind, Resource},
    object::{Decode, Meta, Object, Shown, Uid},
    shard::Shard,
    snapshot::{Objects, Selected, Snapshot},
    spec::Settings,
};
use crate::clock::Clock;

/// What keeps the objects that a watch brings.
///
/// Each watched namespace is a part of its own, with one writer: the task that watches it.
pub trait Keeper: Send + Sync {
    /// A list begins: what it does not name is gone when it ends, and not before.
    fn begin(&self, part: usize);
    /// An object of the list.
    fn listed(&self, part: usize, json: &str) -> Result<Seen, Malformed>;
    /// The list is complete.
    fn end(&self, part: usize);
    /// An object is new or has changed.
    fn changed(&self, part: usize, json: &str) -> Result<Seen, Malformed>;
    /// An object is gone.
    fn gone(&self, part: usize, json: &str) -> Result<Seen, Malformed>;
    /// How many objects are kept.
    fn objects(&self) -> usize;
}

/// What keeps the objects of a kind for series, whatever the kind.
pub trait Collector: Keeper {
    /// What it collects.
    fn resource(&self) -> &'static Resource;
    /// All of them, as they are now.
    fn snapshot(&self) -> Box<dyn Snapshot>;
    /// The last events, newest first; of any other kind there are none.
    fn events(&self) -> Vec<Arc<Event>> {
        Vec::new()
    }
}

/// What an object brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its version: a watch can go on from it.
    pub version: String,
    /// Whether any series may have changed.
    pub is_news: bool,
}

/// An object that could not be read. What was known of it before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{namespace}/{name}: {why}")]
pub struct Malformed {
    /// Its namespace, if that much could be read.
    pub namespace: String,
    /// Its name, if that much could be read.
    pub name: String,
    /// Its version, if that much could be read.
    pub version: String,
    /// What is wrong with it.
    pub why: String,
}

/// A [`Collector`] of one kind.
pub(super) struct Shelf<B: Kind> {
    parts: Vec<RwLock<Table<B>>>,
    shown: Shown,
    shard: Shard,
    cluster: Option<Arc<str>>,
    selected: Selected,
    clock: Clock,
    hasher: DefaultHashBuilder,
}

struct Table<B> {
    current: HashTable<Arc<Object<B>>>,
    /// What the list that is being read has named so far.
    next: Option<HashTable<Arc<Object<B>>>>,
}

impl<B: Kind> Shelf<B> {
    /// An empty one.
    pub(super) fn new(settings: &Settings) -> Self {
        let name = B::RESOURCE.name;
        let table = || RwLock::new(Table { current: HashTable::new(), next: None });
        Self {
            parts: std::iter::repeat_with(table).take(settings.parts(&B::RESOURCE)).collect(),
            shown: Shown {
                labels: settings.labels.of(name),
                annotations: settings.annotations.of(name),
                revision: B::SHOWS_REVISION,
            },
            shard: settings.shard,
            cluster: settings.cluster.clone(),
            selected: Selected {
                families: B::FAMILIES.iter().map(|f| settings.families.has(&f.info)).collect(),
                own: B::OWN.iter().map(|own| settings.shows_own(own.desc.name)).collect(),
                lean: settings.families.profile.is_lean(),
            },
            clock: settings.clock,
            hasher: DefaultHashBuilder::default(),
        }
    }

    fn hash(&self, key: Key<'_>) -> u64 {
        self.hasher.hash_one(key)
    }

    fn decode(&self, json: &str) -> Result<(Object<B>, String), Malformed> {
        Decode::object(json, &self.shown).map_err(|error| malformed(json, error.to_string()))
    }

    fn put(&self, table: &mut HashTable<Arc<Object<B>>>, object: Arc<Object<B>>) {
        let hash = self.hash(Key::of(&object.meta));
        let found = table.find_mut(hash, |other| Key::of(&other.meta) == Key::of(&object.meta));
        if let Some(held) = found {
            *held = object;
            return;
        }
        table.insert_unique(hash, object, |object| self.hash(Key::of(&object.meta)));
    }

    fn find<'t>(
        &self,
        table: &'t HashTable<Arc<Object<B>>>,
        key: Key<'_>,
    ) -> Option<&'t Arc<Object<B>>> {
        table.find(self.hash(key), |object| Key::of(&object.meta) == key)
    }

    /// What was known of an object that cannot be read now stays: the list that names it does not end it.
    fn carry(&self, part: usize, json: &str) {
        let Ok(identity) = Identity::of(json) else { return };
        let uid = Uid::new(&identity.uid);
        let key = Key::new(&uid, &identity.namespace, &identity.name);
        let mut table = self.parts[part].write();
        let Some(held) = self.find(&table.current, key).cloned() else { return };
        if let Some(next) = &mut table.next {
            self.put(next, held);
        }
    }
}

impl<B: Kind> Keeper for Shelf<B> {
    fn begin(&self, part: usize) {
        self.parts[part].write().next = Some(HashTable::new());
    }

    fn listed(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        let (mut object, version) = self.decode(json).inspect_err(|_| self.carry(part, json))?;
        if !self.shard.has(&object.meta.uid) {
            return Ok(Seen { version, is_news: false });
        }
        let mut table = self.parts[part].write();
        // What has not changed is kept, so that two generations do not take twice the memory.
        let held = self.find(&table.current, Key::of(&object.meta)).cloned();
        let listed = table.next.as_ref().and_then(|next| self.find(next, Key::of(&object.meta)));
        B::succeed(&mut object, listed.or(held.as_ref()).map(|before| &**before), self.clock.now());
        let held = held.filter(|held| **held == object);
        let is_news = held.is_none();
        let object = held.unwrap_or_else(|| Arc::new(object));
        self.put(table.next.get_or_insert_default(), object);
        Ok(Seen { version, is_news })
    }

    fn end(&self, part: usize) {
        let mut table = self.parts[part].write();
        let Some(mut next) = table.next.take() else { return };
        next.shrink_to_fit(|object| self.hash(Key::of(&object.meta)));
        let before = std::mem::replace(&mut table.current, next);
        // Freed after readers are let in again.
        drop(table);
        drop(before);
    }

    fn changed(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        let (mut object, version) = self.decode(json)?;
        if !self.shard.has(&object.meta.uid) {
            return Ok(Seen { version, is_news: false });
        }
        let held = {
            let table = self.parts[part].read();
            self.find(&table.current, Key::of(&object.meta)).cloned()
        };
        B::succeed(&mut object, held.as_deref(), self.clock.now());
        let is_known = held.is_some_and(|held| *held == object);
        if !is_known {
            self.put(&mut self.parts[part].write().current, Arc::new(object));
        }
        Ok(Seen { version, is_news: !is_known })
    }

    fn gone(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        let identity = Identity::of(json).map_err(|error| malformed(json, error.to_string()))?;
        let uid = Uid::new(&identity.uid);
        let key = Key::new(&uid, &identity.namespace, &identity.name);
        let mut table = self.parts[part].write();
        let remove = |objects: &mut HashTable<Arc<Object<B>>>| {
            let found = objects.find_entry(self.hash(key), |held| Key::of(&held.meta) == key);
            found.ok().map(|entry| entry.remove().0)
        };
        let gone = remove(&mut table.current);
        // A streamed list tells of what goes while it comes.
        let unlisted = table.next.as_mut().and_then(remove);
        drop(table);
        let is_news = gone.is_some() || unlisted.is_some();
        Ok(Seen { version: identity.resource_version.into_owned(), is_news })
    }

    fn objects(&self) -> usize {
        self.parts.iter().map(|part| part.read().current.len()).sum()
    }
}

impl<B: Kind> Collector for Shelf<B> {
    fn resource(&self) -> &'static Resource {
        &B::RESOURCE
    }

    fn snapshot(&self) -> Box<dyn Snapshot> {
        let mut objects = Vec::with_capacity(self.objects());
        for part in &self.parts {
            objects.extend(part.read().current.iter().cloned());
        }
        // They are read once for each family: in the order of memory a processor fetches ahead. It is about the order of
        // the list too, so that rows that are alike stand together and compress well.
        objects.sort_unstable_by_key(Arc::as_ptr);
        let (cluster, selected) = (self.cluster.clone(), self.selected.clone());
        Box::new(Objects::new(objects, cluster, selected, self.clock.now()))
    }
}

/// What tells objects apart: the UID, or the place where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'k> {
    Uid(&'k Uid),
    Place(&'k str, &'k str),
}

impl<'k> Key<'k> {
    fn new(uid: &'k Uid, namespace: &'k str, name: &'k str) -> Self {
        if uid.is_empty() { Self::Place(namespace, name) } else { Self::Uid(uid) }
    }

    fn of(meta: &'k Meta) -> Self {
        Self::new(&meta.uid, &meta.namespace, &meta.name)
    }
}

/// Who an object is, and no more of its metadata: what else stands there may be what cannot be read.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity<'a> {
    #[serde(borrow)]
    pub(super) uid: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) namespace: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) resource_version: Cow<'a, str>,
}

impl<'a> Identity<'a> {
    /// That of an object as it came.
    pub(super) fn of(json: &'a str) -> Result<Self, serde_json::Error> {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Identified<'a> {
            #[serde(borrow)]
            metadata: Identity<'a>,
        }
        serde_json::from_str(json).map(|Identified { metadata }| metadata)
    }
}

/// What of a malformed object is told: the words for it may quote as much of it as its author likes.
const TOLD: usize = 300;

/// Why an object cannot be read, and what of it can.
pub(super) fn malformed(json: &str, why: String) -> Malformed {
    let identity = Identity::of(json).unwrap_or_default();
    let told = |text: String| match text.get(..text.floor_char_boundary(TOLD)) {
        Some(cut) if cut.len() < text.len() => format!("{cut}..."),
        _ => text,
    };
    Malformed {
        namespace: told(identity.namespace.into_owned()),
        name: told(identity.name.into_owned()),
        version: identity.resource_version.into_owned(),
        why: told(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_malformed_object_is_short() {
        let long = "\u{fc}".repeat(1 << 20);
        let json =
            format!(r#"{{"metadata":{{"name":"{long}","namespace":"n","resourceVersion":"7"}}}}"#);
        let told = malformed(&json, long);
        assert_eq!((told.namespace.as_str(), told.version.as_str()), ("n", "7"));
        assert!(told.to_string().len() < 3 * TOLD && told.why.ends_with("\u{fc}..."));
        let short = malformed(r#"{"metadata":{"name":"a"}}"#, "why".to_owned());
        assert_eq!(short.to_string(), "/a: why");
    }
}
