//! Cron jobs: whether the last job succeeded, and when one did.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    job::recent,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    cluster::{
        kind::Resource,
        object::Body,
        wire::{List, Time},
    },
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::Spec,
};

static CRON_JOBS: Subject = Subject {
    resource: Some(Resource::namespaced("cronjobs", "batch", "v1", "CronJob")),
    read: |json, _| read(json, Kept::CronJob),
};

pub(super) static CRON_JOB: Judged = Judged { sees: |spec| vec![(&CRON_JOBS, named(spec))], judge };

/// What is kept of a cron job.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct CronJob {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    active: List<IgnoredAny>,
    last_schedule_time: Time,
    last_successful_time: Time,
}

impl Body for CronJob {}

fn judge(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::CronJob(CronJob { status }) = &object.body else { return Err(of_another_kind()) };
    let success = status.last_successful_time;
    recent(spec, (success, object.meta.created), scene.now, facts)?;
    // How old it may be says it all: some failures in between are nobody's concern then.
    let scheduled = status.last_schedule_time.timestamp();
    let is_over = status.active.is_empty();
    if spec.max_age_of_success.is_none() && is_over && success.timestamp() < scheduled {
        let detail = "the job that was scheduled last has not succeeded, and is over";
        return Err(Failure::new(Reason::JobFailed, detail));
    }
    Ok(())
}
