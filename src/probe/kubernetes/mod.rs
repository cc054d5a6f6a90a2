//! An object of a Kubernetes cluster: whether it is as it should be.
//!
//! Contract: here stands what may be said of such a check, and what it measures. It has no runs: the cluster is watched,
//! and whoever watches it judges. So the schedule leaves it out, and a run on request says that it cannot be one.

mod object;
mod problems;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::object::{Amount, CustomResource, ObjectKind};
use super::{Aim, Described, Endpoint, Probe, Problem, Run, jsonpath::JsonPath};
use crate::model::{Desc, Failure, PromDuration, Reason};

/// An object of a cluster, judged whenever the watch tells that it has changed, and once each `interval`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The `[clusters.NAME]` it is in. May be left out where there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What it is.
    pub kind: ObjectKind,
    /// With `kind = "custom"`: the resource as `group/version/plural`, such as `cert-manager.io/v1/certificates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<CustomResource>,
    /// The namespace. A `node` has none, and some custom resources have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name. In place of it, `pods` may have a `selector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With `kind = "pods"`: the labels of the pods, such as `{ app = "web" }`. All of them must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
    /// How many replicas must be available, or pods ready: a number, or a share of those that are wanted, such as `"80%"`
    /// (rounded up). All of them when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<Amount>,
    /// How long ago a `cronjob` or `job` may have last succeeded. One that never did counts from when it was created. When
    /// not set, the last job that ended must have succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_of_success: Option<PromDuration>,
    /// Conditions of its status: `{ Available = "True" }`. When not set, a `node` must be `Ready`, and so must a `custom`
    /// object without `jsonpath`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, String>,
    /// With `kind = "pods"`: how often the containers of one pod may be started anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Restarts>,
    /// How many endpoints of a `service` must be ready, or of each service that an `ingress` leads to. 1 when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_endpoints: Option<u32>,
    /// With `kind = "custom"`: a JSONPath query (RFC 9535) into the object, such as `$.status.phase`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jsonpath: Option<JsonPath>,
    /// What each value must be that `jsonpath` selects; there must be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
}

/// How often containers may be started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restarts {
    /// So often at most, 0 to 100.
    #[schemars(range(max = 100))]
    pub most: u32,
    /// Within this time. What happened before noroshi looked counts once at most: Kubernetes keeps the last one.
    pub within: PromDuration,
}

/// What is measured.
pub struct Families {
    /// Replicas that are available, pods that are ready, endpoints that are ready.
    pub available: Desc,
    /// How many of them are wanted.
    pub wanted: Desc,
    /// The most restarts of one pod.
    pub restarts: Desc,
    /// When a job last succeeded.
    pub last_success: Desc,
}

/// The families of such checks.
pub static FAMILIES: Families = Families {
    available: Desc::gauge(
        "noroshi_kubernetes_available",
        "Replicas that are available, pods or endpoints that are ready; of the service with the fewest.",
    ),
    wanted: Desc::gauge(
        "noroshi_kubernetes_wanted",
        "How many replicas, pods or endpoints the check wants.",
    ),
    restarts: Desc::gauge(
        "noroshi_kubernetes_restarts",
        "Restarts of the containers of one pod within the check's window; of the pod with the most.",
    ),
    last_success: Desc::gauge(
        "noroshi_kubernetes_last_success_timestamp_seconds",
        "When a job last succeeded.",
    ),
};

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        let (kind, place) = (self.what(), self.place());
        match &self.cluster {
            Some(cluster) => format!("{cluster}: {kind} {place}"),
            None => format!("{kind} {place}"),
        }
    }

    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    fn is_watched(&self) -> bool {
        true
    }

    fn problems(&self) -> Vec<Problem> {
        problems::of(self)
    }

    fn aimed(&self, _: &Aim<'_>) -> Result<super::Spec, String> {
        Err("an object of Kubernetes is watched, and not probed on request".to_owned())
    }
}

impl Probe for Spec {
    const KIND: &'static str = "kubernetes";
    const SUMMARY: &'static str =
        "An object of a Kubernetes cluster, judged within a second of each change";
    const TARGET_KEY: &'static str = "name";
    const EXAMPLE: &'static str = r#"kubernetes.kind = "deployment"
kubernetes.namespace = "shop"
kubernetes.name = "web"
kubernetes.available = "80%"
kubernetes.conditions = { Progressing = "True" }

[clusters.prod]
context = "prod"
"#;
    const REASONS: &'static [Reason] = &[
        Reason::ObjectMissing,
        Reason::ReplicasUnavailable,
        Reason::ConditionMismatch,
        Reason::FieldMismatch,
        Reason::PodRestarts,
        Reason::EndpointsNotReady,
        Reason::BackendMissing,
        Reason::VolumeUnbound,
        Reason::NodeNotReady,
        Reason::JobFailed,
        Reason::SuccessTooOld,
        Reason::ObjectUnreadable,
        Reason::ApiUnreachable,
        Reason::ApiUnauthorized,
        Reason::ApiForbidden,
        Reason::ApiNotServed,
        Reason::ApiNotSynced,
        Reason::DaemonNeeded,
    ];
    const FAMILIES: &'static [&'static Desc] =
        &[&FAMILIES.available, &FAMILIES.wanted, &FAMILIES.restarts, &FAMILIES.last_success];

    async fn run(&self, _: SocketAddr, _: &mut Run<'_>) -> Result<(), Failure> {
        let detail = "the daemon judges it from the watch of its cluster: a single run cannot";
        Err(Failure::new(Reason::DaemonNeeded, detail))
    }
}

impl Spec {
    /// What it is, in words: `deployment`, or `certificates.cert-manager.io`.
    pub fn what(&self) -> String {
        match &self.resource {
            Some(custom) => format!("{}.{}", custom.plural, custom.group),
            None => self.kind.word().to_owned(),
        }
    }

    /// Where it is: `shop/web`, or `shop/app=web,tier=front`.
    pub fn place(&self) -> String {
        let labels = || {
            let pairs = self.selector.iter().map(|(key, value)| format!("{key}={value}"));
            pairs.collect::<Vec<_>>().join(",")
        };
        let name = self.name.clone().unwrap_or_else(labels);
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        }
    }

    /// How many of so many must be there.
    pub fn wanted_of(&self, all: i64) -> i64 {
        self.available.map_or(all, |amount| amount.of(all))
    }

    /// How many endpoints must be ready.
    pub fn endpoints(&self) -> i64 {
        self.ready_endpoints.map_or(NonZeroU32::MIN.get(), |wanted| wanted).into()
    }
}
