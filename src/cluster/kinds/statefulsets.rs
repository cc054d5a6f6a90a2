//! Stateful sets: what is wanted, what is there, and which revisions are about.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Stable},
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    rows::Rows,
};

/// What is kept of a stateful set.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct StatefulSet {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<i32>,
    ordinals: Option<Ordinals>,
    persistent_volume_claim_retention_policy: Option<RetentionPolicy>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    start: i32,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RetentionPolicy {
    when_deleted: Word,
    when_scaled: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    replicas: i32,
    available_replicas: i32,
    current_replicas: i32,
    ready_replicas: i32,
    updated_replicas: i32,
    observed_generation: i64,
    // Mostly the same text twice.
    current_revision: Word,
    update_revision: Word,
}

impl Body for StatefulSet {}

impl Kind for StatefulSet {
    const RESOURCE: Resource = Resource::namespaced("statefulsets", "apps", "v1", "StatefulSet");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("statefulset", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_statefulset_created"),
        Family::stable(
            "kube_statefulset_status_replicas",
            "Pods of the stateful set.",
            |set, rows| rows.value(set.body.status.replicas),
        ),
        Family::stable(
            "kube_statefulset_status_replicas_available",
            "Pods of the stateful set that have been ready for long enough.",
            |set, rows| rows.value(set.body.status.available_replicas),
        ),
        Family::stable(
            "kube_statefulset_status_replicas_current",
            "Pods of the stateful set that have its current revision.",
            |set, rows| rows.value(set.body.status.current_replicas),
        ),
        Family::stable(
            "kube_statefulset_status_replicas_ready",
            "Ready pods of the stateful set.",
            |set, rows| rows.value(set.body.status.ready_replicas),
        ),
        Family::stable(
            "kube_statefulset_status_replicas_updated",
            "Pods of the stateful set that have the revision it is going to.",
            |set, rows| rows.value(set.body.status.updated_replicas),
        ),
        Family::stable(
            "kube_statefulset_status_observed_generation",
            "The generation that the stateful set's controller has seen.",
            |set, rows| rows.value(set.body.status.observed_generation),
        ),
        Family::stable("kube_statefulset_replicas", "Pods that are wanted.", |set, rows| {
            rows.value_of(set.body.spec.replicas);
        }),
        Family::stable(
            "kube_statefulset_ordinals_start",
            "The number of the first pod.",
            |set, rows| rows.value_of(set.body.spec.ordinals.as_ref().map(|from| from.start)),
        ),
        Family::generation(Stable, "kube_statefulset_metadata_generation"),
        Family::stable(
            "kube_statefulset_persistentvolumeclaim_retention_policy",
            "What becomes of the volume claims of pods that go, with the set or by scaling.",
            retention_policy,
        ),
        Family::annotations(Stable, "kube_statefulset_annotations"),
        Family::labels(Stable, "kube_statefulset_labels"),
        Family::stable(
            "kube_statefulset_status_current_revision",
            "The revision of the pods that are not updated yet.",
            |set, rows| rows.info(&[("revision", &set.body.status.current_revision)]),
        ),
        Family::stable(
            "kube_statefulset_status_update_revision",
            "The revision that the stateful set is going to.",
            |set, rows| rows.info(&[("revision", &set.body.status.update_revision)]),
        ),
        Family::deleted(Stable, "kube_statefulset_deletion_timestamp"),
    ];
}

fn retention_policy(set: &Object<StatefulSet>, rows: &mut Rows<'_>) {
    let Some(policy) = &set.body.spec.persistent_volume_claim_retention_policy else { return };
    if !policy.when_deleted.is_empty() || !policy.when_scaled.is_empty() {
        rows.info(&[("when_deleted", &policy.when_deleted), ("when_scaled", &policy.when_scaled)]);
    }
}
