//! Jobs: whether they have failed, and when they succeeded.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    clock::{self, epoch_seconds},
    cluster::{
        condition::Condition,
        kind::Resource,
        object::Body,
        wire::{List, Time},
    },
    model::{Fact, Failure, PromDuration, Reason},
    probe::spec::kubernetes::{FAMILIES, Spec},
};

static JOBS: Subject = Subject {
    resource: Some(Resource::namespaced("jobs", "batch", "v1", "Job")),
    read: |json, _| read(json, Kept::Job),
};

pub(super) static JOB: Judged = Judged { sees: |spec| vec![(&JOBS, named(spec))], judge };

/// What is kept of a job.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    completion_time: Time,
    conditions: List<Condition>,
}

impl Body for Job {}

/// A job that runs, waits or is suspended has not failed.
fn judge(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Job(Job { status }) = &object.body else { return Err(of_another_kind()) };
    let mut conditions = status.conditions.iter();
    if let Some(failed) = conditions.find(|own| *own.kind == *"Failed" && *own.status == *"True") {
        let detail = format!("it has failed: {}", &*failed.reason);
        return Err(Failure::new(Reason::JobFailed, detail));
    }
    recent(spec, (status.completion_time, object.meta.created), scene.now, facts)?;
    conditions::hold(&spec.conditions, &status.conditions, "")
}

/// Whether the last success is recent enough; where there is none, whether there was time for one.
pub(super) fn recent(
    spec: &Spec,
    (success, created): (Time, Time),
    now: Timestamp,
    facts: &mut Vec<Fact>,
) -> Verdict {
    let last = success.timestamp();
    facts.extend(last.map(|at| Fact::new(&FAMILIES.last_success, epoch_seconds(at))));
    let Some(PromDuration(most)) = spec.max_age_of_success else { return Ok(()) };
    let since = last.or(created.timestamp()).unwrap_or(now);
    let age = clock::between(since, now);
    if age <= most {
        return Ok(());
    }
    let seconds = PromDuration(Duration::from_secs(age.as_secs()));
    let what =
        if last.is_some() { "the last success was" } else { "it never succeeded, and was created" };
    let detail = format!("{what} {seconds} ago, permitted are {}", PromDuration(most));
    Err(Failure::new(Reason::SuccessTooOld, detail))
}
