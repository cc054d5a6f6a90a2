//! Daemon sets: on how many nodes their pods should run, and on how many they do.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a daemon set.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct DaemonSet {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    current_number_scheduled: i32,
    desired_number_scheduled: i32,
    number_available: i32,
    number_misscheduled: i32,
    number_ready: i32,
    number_unavailable: i32,
    updated_number_scheduled: i32,
    observed_generation: i64,
}

impl Body for DaemonSet {}

impl Kind for DaemonSet {
    const RESOURCE: Resource = Resource::namespaced("daemonsets", "apps", "v1", "DaemonSet");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("daemonset", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_daemonset_created"),
        Family::stable(
            "kube_daemonset_status_current_number_scheduled",
            "Nodes that have a pod of the daemon set and should have one.",
            |set, rows| rows.value(set.body.status.current_number_scheduled),
        ),
        Family::stable(
            "kube_daemonset_status_desired_number_scheduled",
            "Nodes that should have a pod of the daemon set.",
            |set, rows| rows.value(set.body.status.desired_number_scheduled),
        ),
        Family::stable(
            "kube_daemonset_status_number_available",
            "Nodes on which a pod of the daemon set has been ready for long enough.",
            |set, rows| rows.value(set.body.status.number_available),
        ),
        Family::stable(
            "kube_daemonset_status_number_misscheduled",
            "Nodes that have a pod of the daemon set and should have none.",
            |set, rows| rows.value(set.body.status.number_misscheduled),
        ),
        Family::stable(
            "kube_daemonset_status_number_ready",
            "Nodes on which a pod of the daemon set is ready.",
            |set, rows| rows.value(set.body.status.number_ready),
        ),
        Family::stable(
            "kube_daemonset_status_number_unavailable",
            "Nodes that should have an available pod of the daemon set and have none.",
            |set, rows| rows.value(set.body.status.number_unavailable),
        ),
        Family::stable(
            "kube_daemonset_status_observed_generation",
            "The generation that the daemon set's controller has seen.",
            |set, rows| rows.value(set.body.status.observed_generation),
        ),
        Family::stable(
            "kube_daemonset_status_updated_number_scheduled",
            "Nodes whose pod of the daemon set has its newest template.",
            |set, rows| rows.value(set.body.status.updated_number_scheduled),
        ),
        Family::generation(Stable, "kube_daemonset_metadata_generation"),
        Family::deleted(Alpha, "kube_daemonset_deletion_timestamp"),
        Family::annotations(Alpha, "kube_daemonset_annotations"),
        Family::labels(Stable, "kube_daemonset_labels"),
    ];
}
