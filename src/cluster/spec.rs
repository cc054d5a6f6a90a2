//! What is watched of a cluster, and what of it is shown.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    kind::{Entry, Resource, Shown},
    kinds::KINDS,
};
use crate::clock::Clock;
pub use crate::net::kubernetes::Access;

/// A cluster and what is watched of it.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name in the log and in the metrics about it.
    pub name: Arc<str>,
    /// How its API server is reached.
    pub access: Access,
    /// The names of the resources.
    pub resources: Vec<String>,
    /// The namespaces whose objects are left out.
    pub namespaces_denylist: Vec<String>,
    /// Only pods on a node, or on none yet.
    pub node: Option<Node>,
    /// What its collectors keep and show.
    pub settings: Settings,
}

/// Which pods, by their node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Those on this one.
    Named(String),
    /// Those that are on none yet.
    Unscheduled,
}

/// The resources that kube-state-metrics shows without being asked.
pub fn default_resources() -> impl Iterator<Item = &'static str> {
    KINDS
        .iter()
        .filter(|kind| kind.resource.shown == Shown::ByDefault)
        .map(|kind| kind.resource.name)
}

/// The resources of which kube-state-metrics knows nothing.
pub fn own_resources() -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(|kind| kind.resource.shown == Shown::Ours).map(|kind| kind.resource.name)
}

/// All resources that can be watched.
pub fn resources() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.resource.name)
}

/// Whether kube-state-metrics knows a resource of this name.
pub fn is_of_kube_state_metrics(name: &str) -> bool {
    is_resource(name) && own_resources().all(|own| own != name)
}

/// Whether there is a resource of this name.
pub fn is_resource(name: &str) -> bool {
    resources().any(|resource| resource == name)
}

impl Cluster {
    /// The kinds that are collected, in the order in which they are written.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Entry> {
        let is_named = |kind: &&Entry| self.resources.iter().any(|name| name == kind.resource.name);
        KINDS.iter().filter(is_named)
    }

    /// The field selector of all watches in namespaces.
    pub fn fields(&self) -> String {
        let node = self.node.as_ref().map(|node| match node {
            Node::Named(node) => format!("spec.nodeName={node}"),
            Node::Unscheduled => "spec.nodeName=".to_owned(),
        });
        let denied = self.namespaces_denylist.iter();
        let denied = denied.map(|namespace| format!("metadata.namespace!={namespace}"));
        denied.chain(node).collect::<Vec<_>>().join(",")
    }
}
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
    /// Whether what no peer shows is written too.
    pub own: bool,
    /// Whether the certificates in secrets are read, for when they expire.
    pub tls_secrets: bool,
    /// The calendar: what we tell of the past begins with what we saw.
    pub clock: Clock,
}

impl Settings {
    /// Whether a family of ours is written.
    pub fn shows_own(&self, name: &str) -> bool {
        self.own && self.families.lets(name)
    }

    /// Where a resource is watched, each a watch of its own: in these namespaces, or with `None` wherever there are objects.
    pub fn places(&self, resource: &Resource) -> Vec<Option<&String>> {
        if !resource.namespaced || self.namespaces.is_empty() {
            return vec![None];
        }
        self.namespaces.iter().map(Some).collect()
    }

    /// How many watches a resource needs.
    pub fn parts(&self, resource: &Resource) -> usize {
        self.places(resource).len()
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
