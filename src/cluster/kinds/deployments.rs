//! Deployments: what is wanted, what is there, and how the rollout goes.

use serde::Deserialize;

use crate::cluster::{
    condition::Condition,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    rows::Rows,
    share::Share,
    wire::List,
};

/// What is kept of a deployment.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<i64>,
    paused: bool,
    strategy: Strategy,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Strategy {
    rolling_update: Option<RollingUpdate>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RollingUpdate {
    max_surge: Option<Share>,
    max_unavailable: Option<Share>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    replicas: i64,
    ready_replicas: i64,
    available_replicas: i64,
    unavailable_replicas: i64,
    updated_replicas: i64,
    terminating_replicas: Option<i64>,
    observed_generation: i64,
    conditions: List<Condition>,
}

impl Body for Deployment {}

impl Kind for Deployment {
    const RESOURCE: Resource = Resource::namespaced("deployments", "apps", "v1", "Deployment");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("deployment", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha("kube_deployment_owner", "Whose the deployment is.", |deployment, rows| {
            rows.owners(&deployment.meta, false);
        }),
        Family::created(Stable, "kube_deployment_created"),
        Family::stable(
            "kube_deployment_status_replicas",
            "Pods of the deployment.",
            |deployment, rows| rows.value(deployment.body.status.replicas),
        ),
        Family::stable(
            "kube_deployment_status_replicas_ready",
            "Ready pods of the deployment.",
            |deployment, rows| rows.value(deployment.body.status.ready_replicas),
        ),
        Family::stable(
            "kube_deployment_status_replicas_available",
            "Pods of the deployment that have been ready for long enough.",
            |deployment, rows| rows.value(deployment.body.status.available_replicas),
        ),
        Family::stable(
            "kube_deployment_status_replicas_unavailable",
            "Pods of the deployment that are wanted and not available.",
            |deployment, rows| rows.value(deployment.body.status.unavailable_replicas),
        ),
        Family::stable(
            "kube_deployment_status_replicas_updated",
            "Pods of the deployment that have its newest template.",
            |deployment, rows| rows.value(deployment.body.status.updated_replicas),
        ),
        Family::alpha(
            "kube_deployment_status_terminating_replicas",
            "Pods of the deployment that are being deleted.",
            |deployment, rows| rows.value_of(deployment.body.status.terminating_replicas),
        ),
        Family::stable(
            "kube_deployment_status_observed_generation",
            "The generation that the deployment's controller has seen.",
            |deployment, rows| rows.value(deployment.body.status.observed_generation),
        ),
        Family::stable(
            "kube_deployment_status_condition",
            "Conditions of the deployment, with a row for each status they may have.",
            conditions,
        ),
        Family::stable(
            "kube_deployment_spec_replicas",
            "Pods that are wanted.",
            |deployment, rows| rows.value_of(deployment.body.spec.replicas),
        ),
        Family::stable(
            "kube_deployment_spec_paused",
            "Whether the deployment is paused.",
            |deployment, rows| rows.value(deployment.body.spec.paused),
        ),
        Family::stable(
            "kube_deployment_spec_strategy_rollingupdate_max_unavailable",
            "How many pods may be unavailable during a rollout.",
            |deployment, rows| {
                rows.value_of(during_rollout(
                    deployment,
                    |rolling| rolling.max_unavailable,
                    Share::down,
                ));
            },
        ),
        Family::stable(
            "kube_deployment_spec_strategy_rollingupdate_max_surge",
            "How many pods more than wanted there may be during a rollout.",
            |deployment, rows| {
                rows.value_of(during_rollout(deployment, |rolling| rolling.max_surge, Share::up));
            },
        ),
        Family::generation(Stable, "kube_deployment_metadata_generation"),
        Family::deleted(Alpha, "kube_deployment_deletion_timestamp"),
        Family::annotations(Alpha, "kube_deployment_annotations"),
        Family::labels(Stable, "kube_deployment_labels"),
    ];
}

/// A limit of rolling updates, in pods.
fn during_rollout(
    deployment: &Object<Deployment>,
    limit: impl FnOnce(&RollingUpdate) -> Option<Share>,
    rounded: impl FnOnce(Share, i64) -> Option<i64>,
) -> Option<i64> {
    let spec = &deployment.body.spec;
    rounded(limit(spec.strategy.rolling_update.as_ref()?)?, spec.replicas?)
}

/// The reasons that the controller of deployments gives; any other is shown as `unknown`, since it may be anything.
const REASONS: &[&str] = &[
    "",
    "DeploymentPaused",
    "DeploymentResumed",
    "FoundNewReplicaSet",
    "MinimumReplicasAvailable",
    "MinimumReplicasUnavailable",
    "NewReplicaSetAvailable",
    "NewReplicaSetCreated",
    "ProgressDeadlineExceeded",
    "ReplicaSetCreateError",
    "ReplicaSetUpdated",
];

fn conditions(deployment: &Object<Deployment>, rows: &mut Rows<'_>) {
    for condition in &deployment.body.status.conditions {
        let reason =
            if REASONS.contains(&&*condition.reason) { &condition.reason } else { "unknown" };
        rows.status(
            &[("reason", reason), ("condition", &condition.kind)],
            "status",
            &condition.status,
        );
    }
}
