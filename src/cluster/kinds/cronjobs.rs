//! Cron jobs: their schedules, when they last ran and when they run next.

use serde::{
    Deserialize,
    de::{self, IgnoredAny},
};

use crate::cluster::{
    cron::Schedule,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Metadata, Object},
    pool::Word,
    rows::Rows,
    wire::{List, Time},
};

/// What is kept of a cron job.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct CronJob {
    spec: Spec,
    status: Status,
    #[serde(skip)]
    next: Next,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    schedule: Word,
    time_zone: Option<Word>,
    concurrency_policy: Word,
    suspend: Option<bool>,
    starting_deadline_seconds: Option<i64>,
    successful_jobs_history_limit: Option<i32>,
    failed_jobs_history_limit: Option<i32>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    /// Only how many there are is shown.
    active: List<IgnoredAny>,
    last_schedule_time: Time,
    last_successful_time: Time,
}

/// What the schedule says. It is asked once, when the object comes: the answer depends on nothing but the object.
#[derive(Debug, PartialEq, Default)]
enum Next {
    /// Nothing, without a time from which to look.
    #[default]
    Unknown,
    /// It cannot be read.
    Invalid,
    /// The time after the last one; unset if there is none within years.
    At(Time),
}

impl Body for CronJob {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        let last = self.status.last_schedule_time;
        let since = if last.is_set() { last } else { metadata.creation_timestamp };
        self.next = match Schedule::parse(&self.spec.schedule, self.spec.time_zone.as_deref()) {
            None => Next::Invalid,
            Some(schedule) => since.timestamp().map_or(Next::Unknown, |since| {
                Next::At(schedule.next(since).map(Time::from).unwrap_or_default())
            }),
        };
        Ok(())
    }
}

impl Kind for CronJob {
    const RESOURCE: Resource = Resource::namespaced("cronjobs", "batch", "v1", "CronJob");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("cronjob", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_cronjob_annotations"),
        Family::labels(Stable, "kube_cronjob_labels"),
        Family::stable(
            "kube_cronjob_info",
            "The cron job, with its schedule and what happens if a job is still running.",
            |job, rows| {
                let spec = &job.body.spec;
                rows.info(&[
                    ("schedule", &spec.schedule),
                    ("concurrency_policy", &spec.concurrency_policy),
                    ("timezone", spec.time_zone.as_deref().unwrap_or("local")),
                ]);
            },
        ),
        Family::created(Stable, "kube_cronjob_created"),
        Family::stable(
            "kube_cronjob_status_active",
            "Jobs of the cron job that are running.",
            |job, rows| rows.value(job.body.status.active.len()),
        ),
        Family::stable(
            "kube_cronjob_status_last_schedule_time",
            "When a job was last due and made, in seconds since the epoch.",
            |job, rows| rows.time(job.body.status.last_schedule_time),
        ),
        Family::stable(
            "kube_cronjob_status_last_successful_time",
            "When a job last ended well, in seconds since the epoch.",
            |job, rows| rows.time(job.body.status.last_successful_time),
        ),
        Family::stable(
            "kube_cronjob_spec_suspend",
            "Whether the cron job is suspended.",
            |job, rows| rows.value(job.body.spec.suspend.unwrap_or_default()),
        ),
        Family::stable(
            "kube_cronjob_spec_starting_deadline_seconds",
            "How many seconds late a job may still be started.",
            |job, rows| rows.value_of(job.body.spec.starting_deadline_seconds),
        ),
        Family::stable(
            "kube_cronjob_next_schedule_time",
            "When a job is due after the last one, in seconds since the epoch; in the past if it is late.",
            next_time,
        ),
        Family::alpha(
            "kube_cronjob_schedule_invalid",
            "That the schedule, with its time zone, cannot be read.",
            |job, rows| {
                if job.body.next == Next::Invalid {
                    rows.info(&[]);
                }
            },
        ),
        Family::revision(Stable, "kube_cronjob_metadata_resource_version"),
        Family::alpha(
            "kube_cronjob_spec_successful_job_history_limit",
            "How many jobs that ended well are kept.",
            |job, rows| rows.value_of(job.body.spec.successful_jobs_history_limit),
        ),
        Family::alpha(
            "kube_cronjob_spec_failed_job_history_limit",
            "How many failed jobs are kept.",
            |job, rows| rows.value_of(job.body.spec.failed_jobs_history_limit),
        ),
    ];
    const SHOWS_REVISION: bool = true;
}

fn next_time(job: &Object<CronJob>, rows: &mut Rows<'_>) {
    if let Next::At(at) = job.body.next
        && !job.body.spec.suspend.unwrap_or_default()
    {
        rows.value(at.or_go_zero());
    }
}
