//! Jobs: how far they are, and how they ended.

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
    wire::{List, Time},
};

/// What is kept of a job.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    parallelism: Option<i32>,
    completions: Option<i32>,
    active_deadline_seconds: Option<i64>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    succeeded: i32,
    failed: i32,
    active: i32,
    ready: Option<i32>,
    start_time: Time,
    completion_time: Time,
    conditions: List<Condition>,
}

impl Body for Job {}

impl Kind for Job {
    const RESOURCE: Resource = Resource::namespaced("jobs", "batch", "v1", "Job");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("job_name", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_job_annotations"),
        Family::labels(Stable, "kube_job_labels"),
        Family::stable("kube_job_info", "That the job is there.", |_, rows| rows.info(&[])),
        Family::created(Stable, "kube_job_created"),
        Family::stable(
            "kube_job_spec_parallelism",
            "How many pods of the job may run at the same time.",
            |job, rows| rows.value_of(job.body.spec.parallelism),
        ),
        Family::stable(
            "kube_job_spec_completions",
            "How many pods have to succeed.",
            |job, rows| rows.value_of(job.body.spec.completions),
        ),
        Family::stable(
            "kube_job_spec_active_deadline_seconds",
            "For how many seconds the job may run.",
            |job, rows| rows.value_of(job.body.spec.active_deadline_seconds),
        ),
        Family::stable(
            "kube_job_status_succeeded",
            "Pods of the job that have succeeded.",
            |job, rows| rows.value(job.body.status.succeeded),
        ),
        Family::stable(
            "kube_job_status_failed",
            "Pods of the job that have failed; under a known reason only whether it is the one.",
            failed_pods,
        ),
        Family::stable(
            "kube_job_status_active",
            "Pods of the job that are there and have not ended.",
            |job, rows| rows.value(job.body.status.active),
        ),
        Family::alpha("kube_job_status_ready", "Ready pods of the job.", |job, rows| {
            rows.value(job.body.status.ready.unwrap_or_default());
        }),
        Family::stable(
            "kube_job_complete",
            "Whether the job has ended well, with a row for each answer.",
            |job, rows| {
                for condition in job.conditions("Complete") {
                    rows.status(&[], "condition", &condition.status);
                }
            },
        ),
        Family::stable(
            "kube_job_failed",
            "Whether the job has failed, with a row for each answer.",
            |job, rows| {
                for condition in job.conditions("Failed") {
                    rows.status(&[], "condition", &condition.status);
                }
            },
        ),
        Family::stable(
            "kube_job_status_start_time",
            "When the job was started, in seconds since the epoch.",
            |job, rows| rows.time(job.body.status.start_time),
        ),
        Family::stable(
            "kube_job_status_completion_time",
            "When the job ended well, in seconds since the epoch.",
            |job, rows| rows.time(job.body.status.completion_time),
        ),
        Family::alpha("kube_job_status_suspended", "Whether the job is suspended.", |job, rows| {
            for condition in job.conditions("Suspended") {
                rows.value(&*condition.status == "True");
            }
        }),
        Family::owners(Stable, "kube_job_owner"),
    ];
}

impl Object<Job> {
    fn conditions(&self, kind: &str) -> impl Iterator<Item = &Condition> {
        self.body.status.conditions.iter().filter(move |condition| &*condition.kind == kind)
    }
}

/// Why a job may fail, as far as there are rows for it.
const REASONS: &[&str] = &["BackoffLimitExceeded", "DeadlineExceeded", "Evicted"];

/// How many pods failed is said only where no reason is known: else the rows of the reasons say which one it is.
fn failed_pods(job: &Object<Job>, rows: &mut Rows<'_>) {
    let failed = job.body.status.failed;
    if failed == 0 {
        return rows.value(failed);
    }
    let mut is_known = false;
    for condition in job.conditions("Failed") {
        rows.one_of("reason", REASONS, &condition.reason);
        is_known |= REASONS.contains(&&*condition.reason);
    }
    if !is_known {
        rows.row(&[("reason", "")], failed.into());
    }
}
