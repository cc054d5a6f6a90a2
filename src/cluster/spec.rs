//! What is watched of a cluster, and what of it is shown.

use std::{collections::BTreeMap, sync::Arc};

use super::kind::Resource;
pub use super::{
    filter::{BadPattern, Filter, Patterns},
    keys::{Keys, TooManyStars},
    profile::Profile,
    shard::Shard,
};

/// What the collectors of one cluster keep and show.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The label `cluster` of its series; a cluster that noroshi runs in has none.
    pub cluster: Option<Arc<str>>,
    /// The namespaces that are watched; all if there is none.
    pub namespaces: Vec<String>,
    /// The labels that are shown.
    pub labels: KeysOf,
    /// The annotations that are shown.
    pub annotations: KeysOf,
    /// The families that are written.
    pub families: Filter,
    /// The objects that are this replica's.
    pub shard: Shard,
}

impl Settings {
    /// How many watches a resource needs.
    pub fn parts(&self, resource: &Resource) -> usize {
        if resource.namespaced { self.namespaces.len().max(1) } else { 1 }
    }
}

/// Keys by resource. The entry `*` stands for every resource, in place of all others.
#[derive(Debug, Clone, Default)]
pub struct KeysOf(pub BTreeMap<String, Keys>);

impl KeysOf {
    /// The keys of a resource.
    pub fn of(&self, resource: &str) -> Keys {
        self.0.get("*").or_else(|| self.0.get(resource)).cloned().unwrap_or_default()
    }
}
