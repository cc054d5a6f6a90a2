//! Replica sets: how many pods are wanted, how many there are, and whose they are.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a replica set.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReplicaSet {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<i32>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    replicas: i32,
    fully_labeled_replicas: i32,
    ready_replicas: i32,
    terminating_replicas: Option<i32>,
    observed_generation: i64,
}

impl Body for ReplicaSet {}

impl Kind for ReplicaSet {
    const RESOURCE: Resource = Resource::namespaced("replicasets", "apps", "v1", "ReplicaSet");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("replicaset", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_replicaset_created"),
        Family::stable(
            "kube_replicaset_status_replicas",
            "Pods of the replica set.",
            |set, rows| rows.value(set.body.status.replicas),
        ),
        Family::stable(
            "kube_replicaset_status_fully_labeled_replicas",
            "Pods of the replica set that have all labels of its template.",
            |set, rows| rows.value(set.body.status.fully_labeled_replicas),
        ),
        Family::stable(
            "kube_replicaset_status_ready_replicas",
            "Ready pods of the replica set.",
            |set, rows| rows.value(set.body.status.ready_replicas),
        ),
        Family::alpha(
            "kube_replicaset_status_terminating_replicas",
            "Pods of the replica set that are being deleted.",
            |set, rows| rows.value_of(set.body.status.terminating_replicas),
        ),
        Family::stable(
            "kube_replicaset_status_observed_generation",
            "The generation that the replica set's controller has seen.",
            |set, rows| rows.value(set.body.status.observed_generation),
        ),
        Family::stable("kube_replicaset_spec_replicas", "Pods that are wanted.", |set, rows| {
            rows.value_of(set.body.spec.replicas);
        }),
        Family::generation(Stable, "kube_replicaset_metadata_generation"),
        Family::owners(Stable, "kube_replicaset_owner"),
        Family::annotations(Alpha, "kube_replicaset_annotations"),
        Family::labels(Stable, "kube_replicaset_labels"),
    ];
}
