//! Objects in memory, in several versions: as many changes are remembered as the history is long, and a list or a watch
//! may begin at any of them.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
};

use bytes::Bytes;
use serde_json::Value;

/// Namespace (empty if there is none) and name; listed in this order.
pub type Key = (String, String);

/// What a renderer makes an object of.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// From 0.
    pub index: usize,
    /// Of how many.
    pub count: usize,
    /// How often it has been touched.
    pub revision: u64,
    /// The `resourceVersion` it has to say.
    pub version: u64,
}

/// An object's content, without `kind` and `apiVersion`.
#[derive(Clone)]
pub enum Body {
    /// Its text.
    Text(Bytes),
    /// Made anew whenever somebody wants it.
    Generated { seed: Seed, render: fn(Seed) -> String },
}

impl Body {
    pub fn text(&self) -> Bytes {
        match self {
            Self::Text(text) => text.clone(),
            Self::Generated { seed, render } => render(*seed).into(),
        }
    }

    /// The same content under another `resourceVersion`: an object that leaves is told as it was, with the version of
    /// its leaving.
    pub fn at(&self, version: u64) -> Self {
        match self {
            Self::Text(text) => {
                let mut object: Value = serde_json::from_slice(text).unwrap();
                stamp(&mut object, version);
                Self::Text(object.to_string().into())
            }
            Self::Generated { seed, render } => {
                Self::Generated { seed: Seed { version, ..*seed }, render: *render }
            }
        }
    }
}

/// Writes the `resourceVersion` where there is a place for it.
pub fn stamp(object: &mut Value, version: u64) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), version.to_string().into());
    }
}

struct Version {
    version: u64,
    /// `None` is a deletion.
    body: Option<Body>,
}

#[derive(Default)]
struct Collection {
    /// Versions from the oldest that somebody may still ask for.
    objects: BTreeMap<Key, Vec<Version>>,
    log: VecDeque<(u64, Key)>,
    /// Older versions cannot be told.
    floor: u64,
}

/// An object as it was listed.
pub struct Item {
    pub key: Key,
    pub body: Body,
}

/// What happened to one object.
pub struct Change {
    pub key: Key,
    pub version: u64,
    pub before: Option<Body>,
    pub now: Option<Body>,
}

/// Every collection, by the path of its resource.
pub struct Store {
    version: u64,
    /// Versions before this one are too old for whoever comes anew.
    expired: u64,
    /// Changes remembered of each collection.
    pub history: usize,
    collections: BTreeMap<String, Collection>,
}

impl Default for Store {
    fn default() -> Self {
        Self { version: 1, expired: 0, history: 10_000, collections: BTreeMap::new() }
    }
}

impl Store {
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The next version, as if something had happened elsewhere in the cluster.
    pub fn step(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// Makes every version so far too old.
    pub fn expire(&mut self) {
        self.expired = self.step();
    }

    /// The oldest version of a collection at which a list or a watch may begin.
    pub fn oldest(&self, path: &str) -> u64 {
        let floor = self.collections.get(path).map_or(0, |collection| collection.floor);
        floor.max(self.expired)
    }

    /// Creates, replaces, or deletes what is there; its version.
    pub fn put(&mut self, path: &str, key: Key, body: impl FnOnce(u64) -> Option<Body>) -> u64 {
        let version = self.step();
        let collection = self.collections.entry(path.to_owned()).or_default();
        let versions = collection.objects.entry(key.clone()).or_default();
        versions.push(Version { version, body: body(version) });
        collection.log.push_back((version, key));
        while collection.log.len() > self.history {
            collection.forget();
        }
        version
    }

    /// An object as it is now.
    pub fn get(&self, path: &str, key: &Key) -> Option<Body> {
        self.collections.get(path)?.objects.get(key)?.last()?.body.clone()
    }

    /// What a collection held at a version, in order: at most so many after a key.
    pub fn page(&self, path: &str, from: &From<'_>, max: usize) -> Vec<Item> {
        let rows = self.rows(path, from);
        rows.take(max).map(|(key, body)| Item { key: key.clone(), body: body.clone() }).collect()
    }

    /// How many a [`page`](Self::page) without end would have.
    pub fn count(&self, path: &str, from: &From<'_>) -> usize {
        self.rows(path, from).count()
    }

    fn rows<'a>(
        &'a self,
        path: &str,
        from: &'a From<'_>,
    ) -> impl Iterator<Item = (&'a Key, &'a Body)> {
        let start = match (from.after, from.namespace) {
            (Some((namespace, name)), _) => (namespace.clone(), format!("{name}\0")),
            (None, namespace) => (namespace.unwrap_or_default().to_owned(), String::new()),
        };
        let objects =
            self.collections.get(path).map(|collection| collection.objects.range(start..));
        let inside = |key: &Key| from.namespace.is_none_or(|namespace| namespace == key.0);
        let rows = objects.into_iter().flatten().take_while(move |(key, _)| inside(key));
        rows.filter_map(|(key, versions)| {
            let version = versions.iter().rev().find(|version| version.version <= from.version)?;
            Some((key, version.body.as_ref()?))
        })
    }

    /// At most so many changes after a version, and the version up to which there is nothing else; `None` if they are
    /// forgotten.
    pub fn changes(&self, path: &str, after: u64, max: usize) -> Option<(Vec<Change>, u64)> {
        let Some(collection) = self.collections.get(path) else {
            return Some((Vec::new(), self.version.max(after)));
        };
        if after < collection.floor {
            return None;
        }
        let first = collection.log.partition_point(|(version, _)| *version <= after);
        let entries: Vec<_> = collection.log.iter().skip(first).take(max).collect();
        let end = match entries.last() {
            Some((version, _)) if entries.len() == max => *version,
            _ => self.version.max(after),
        };
        let changes = entries.into_iter().map(|(version, key)| collection.change(*version, key));
        Some((changes.collect(), end))
    }
}

/// Where a page begins.
pub struct From<'a> {
    pub namespace: Option<&'a str>,
    pub version: u64,
    pub after: Option<&'a Key>,
}

impl Collection {
    fn change(&self, version: u64, key: &Key) -> Change {
        let versions = &self.objects[key];
        let at = versions.iter().position(|entry| entry.version == version).unwrap();
        let before = at.checked_sub(1).and_then(|at| versions[at].body.clone());
        Change { key: key.clone(), version, before, now: versions[at].body.clone() }
    }

    /// Forgets the oldest change, and the versions that only it could tell.
    fn forget(&mut self) {
        let Some((version, key)) = self.log.pop_front() else { return };
        self.floor = version;
        let Some(versions) = self.objects.get_mut(&key) else { return };
        versions.retain(|entry| entry.version >= version);
        if versions.first().is_some_and(|first| first.version == version && first.body.is_none()) {
            versions.remove(0);
        }
        if versions.is_empty() {
            self.objects.remove(&key);
        }
    }
}

/// `kind` and `apiVersion` before an object's own fields.
pub fn with_type(kind: &str, api_version: &str, text: &[u8]) -> Vec<u8> {
    let Some(fields) = text.strip_prefix(b"{") else { return text.to_vec() };
    let mut head = String::new();
    let comma = if fields == b"}" { "" } else { "," };
    write!(head, r#"{{"kind":"{kind}","apiVersion":"{api_version}"{comma}"#).unwrap();
    [head.as_bytes(), fields].concat()
}
