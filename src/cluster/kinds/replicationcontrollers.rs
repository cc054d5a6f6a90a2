//! Replication controllers, the elders of replica sets: how many pods are wanted, how many there are.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a replication controller.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReplicationController {
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
    available_replicas: i32,
    observed_generation: i64,
}

impl Body for ReplicationController {}

impl Kind for ReplicationController {
    const RESOURCE: Resource =
        Resource::namespaced("replicationcontrollers", "", "v1", "ReplicationController");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("replicationcontroller", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_replicationcontroller_created"),
        Family::stable(
            "kube_replicationcontroller_status_replicas",
            "Pods of the replication controller.",
            |controller, rows| rows.value(controller.body.status.replicas),
        ),
        Family::stable(
            "kube_replicationcontroller_status_fully_labeled_replicas",
            "Pods of the replication controller that have all labels of its template.",
            |controller, rows| rows.value(controller.body.status.fully_labeled_replicas),
        ),
        Family::stable(
            "kube_replicationcontroller_status_ready_replicas",
            "Ready pods of the replication controller.",
            |controller, rows| rows.value(controller.body.status.ready_replicas),
        ),
        Family::stable(
            "kube_replicationcontroller_status_available_replicas",
            "Pods of the replication controller that have been ready for long enough.",
            |controller, rows| rows.value(controller.body.status.available_replicas),
        ),
        Family::stable(
            "kube_replicationcontroller_status_observed_generation",
            "The generation that has been acted on.",
            |controller, rows| rows.value(controller.body.status.observed_generation),
        ),
        Family::stable(
            "kube_replicationcontroller_spec_replicas",
            "Pods that are wanted.",
            |controller, rows| rows.value_of(controller.body.spec.replicas),
        ),
        Family::generation(Stable, "kube_replicationcontroller_metadata_generation"),
        Family::owners(Alpha, "kube_replicationcontroller_owner"),
    ];
}
