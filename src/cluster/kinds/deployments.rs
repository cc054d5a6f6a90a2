//! Deployments: what is wanted, what is there, and how the rollout goes.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    clock,
    cluster::{
        condition::Condition,
        family::{
            Family,
            Stability::{Alpha, Stable},
        },
        kind::{Kind, Part, Resource},
        object::{Body, Object},
        own::Own,
        rows::Rows,
        share::Share,
        wire::List,
    },
    model::Histogram,
};

/// What is kept of a deployment.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    spec: Spec,
    status: Status,
    #[serde(skip)]
    rollouts: Rollouts,
}

/// The rollouts that we saw.
#[derive(Debug, PartialEq, Default, Clone)]
struct Rollouts {
    /// The generation that was last seen complete: what pods do later is no rollout.
    settled: i64,
    under_way: Option<Rollout>,
    durations: Option<Arc<Histogram>>,
}

#[derive(Debug, PartialEq, Clone)]
struct Rollout {
    generation: i64,
    since: Timestamp,
    /// Whether it was seen to begin: else nobody knows how long it takes.
    is_whole: bool,
}

/// Bounds of how long rollouts take, in seconds: from one pod to a fleet.
const BOUNDS: [f64; 10] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

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
    const OWN: &'static [Own<Self>] = &[
        Own::histogram(
            "noroshi_kube_rollout_duration_seconds",
            "How long rollouts took: from when the controller saw a new generation until all pods that are wanted were new \
             and available. Of those that noroshi saw begin.",
            &["namespace", "deployment"],
            |deployments, rows| {
                for deployment in deployments.objects {
                    if let Some(durations) = &deployment.body.rollouts.durations {
                        rows.histogram(&place(deployment), durations);
                    }
                }
            },
        ),
        Own::gauge(
            "noroshi_kube_rollout_began_timestamp_seconds",
            "When the rollout began that is under way, as seconds since the epoch; or when noroshi first saw it.",
            &["namespace", "deployment"],
            |deployments, rows| {
                for deployment in deployments.objects {
                    if let Some(rollout) = &deployment.body.rollouts.under_way {
                        rows.row(&place(deployment), clock::epoch_seconds(rollout.since));
                    }
                }
            },
        ),
    ];

    fn succeed(deployment: &mut Object<Self>, before: Option<&Object<Self>>, now: Timestamp) {
        let mut rollouts = before.map(|before| before.body.rollouts.clone()).unwrap_or_default();
        let generation = deployment.meta.generation;
        let is_seen = deployment.body.status.observed_generation >= generation;
        if is_seen
            && (deployment.body.is_complete() || before.is_none() && deployment.body.was_complete())
        {
            rollouts.complete(generation, now);
        } else if is_seen {
            rollouts.go_on(Rollout { generation, since: now, is_whole: before.is_some() });
        }
        deployment.body.rollouts = rollouts;
    }
}

fn place(deployment: &Object<Deployment>) -> [(&str, &str); 2] {
    [("namespace", &deployment.meta.namespace), ("deployment", &deployment.meta.name)]
}

impl Deployment {
    /// Whether all pods that are wanted are new and available, and no old one is left.
    fn is_complete(&self) -> bool {
        let wanted = self.spec.replicas.unwrap_or(1);
        let Status { replicas, updated_replicas: new, available_replicas: available, .. } =
            self.status;
        new >= wanted && replicas <= new && available >= wanted
    }

    /// Whether its controller says that all this once was so.
    fn was_complete(&self) -> bool {
        let mut conditions = self.status.conditions.iter();
        conditions.any(|condition| {
            &*condition.kind == "Progressing" && &*condition.reason == "NewReplicaSetAvailable"
        })
    }
}

impl Rollouts {
    fn complete(&mut self, generation: i64, now: Timestamp) {
        self.settled = generation;
        if let Some(rollout) = self.under_way.take().filter(|rollout| rollout.is_whole) {
            let durations =
                self.durations.get_or_insert_with(|| Arc::new(Histogram::new(BOUNDS.into())));
            Arc::make_mut(durations).observe(clock::between(rollout.since, now).as_secs_f64());
        }
    }

    /// Begins with a new generation; one that comes before the last is complete begins anew.
    fn go_on(&mut self, rollout: Rollout) {
        let last = self.under_way.as_ref().map_or(self.settled, |rollout| rollout.generation);
        if rollout.generation > last {
            self.under_way = Some(rollout);
        }
    }
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
