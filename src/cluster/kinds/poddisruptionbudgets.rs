//! Pod disruption budgets: how many pods may be taken away now.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a pod disruption budget.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodDisruptionBudget {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    current_healthy: i32,
    desired_healthy: i32,
    disruptions_allowed: i32,
    expected_pods: i32,
    observed_generation: i64,
}

impl Body for PodDisruptionBudget {}

impl Kind for PodDisruptionBudget {
    const RESOURCE: Resource =
        Resource::namespaced("poddisruptionbudgets", "policy", "v1", "PodDisruptionBudget");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("poddisruptionbudget", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_poddisruptionbudget_annotations"),
        Family::labels(Alpha, "kube_poddisruptionbudget_labels"),
        Family::created(Stable, "kube_poddisruptionbudget_created"),
        Family::stable(
            "kube_poddisruptionbudget_status_current_healthy",
            "Pods under the budget that are healthy.",
            |budget, rows| rows.value(budget.body.status.current_healthy),
        ),
        Family::stable(
            "kube_poddisruptionbudget_status_desired_healthy",
            "Pods under the budget that have to stay healthy.",
            |budget, rows| rows.value(budget.body.status.desired_healthy),
        ),
        Family::stable(
            "kube_poddisruptionbudget_status_pod_disruptions_allowed",
            "Pods that may be taken away now.",
            |budget, rows| rows.value(budget.body.status.disruptions_allowed),
        ),
        Family::stable(
            "kube_poddisruptionbudget_status_expected_pods",
            "Pods under the budget, whether they are there or not.",
            |budget, rows| rows.value(budget.body.status.expected_pods),
        ),
        Family::stable(
            "kube_poddisruptionbudget_status_observed_generation",
            "The generation for which the budget was last reckoned.",
            |budget, rows| rows.value(budget.body.status.observed_generation),
        ),
        Family::deleted(Alpha, "kube_poddisruptionbudget_deletion_timestamp"),
    ];
}
