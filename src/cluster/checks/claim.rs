//! Persistent volume claims: whether they have a volume.

use serde::Deserialize;

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    cluster::{condition::Condition, kind::Resource, object::Body, pool::Word, wire::List},
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::Spec,
};

static CLAIMS: Subject = Subject {
    resource: Some(Resource::namespaced(
        "persistentvolumeclaims",
        "",
        "v1",
        "PersistentVolumeClaim",
    )),
    read: |json, _| read(json, Kept::Claim),
};

pub(super) static CLAIM: Judged = Judged { sees: |spec| vec![(&CLAIMS, named(spec))], judge };

/// What is kept of a claim.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Claim {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Word,
    conditions: List<Condition>,
}

impl Body for Claim {}

fn judge(spec: &Spec, scene: &Scene<'_>, _: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Claim(Claim { status }) = &object.body else { return Err(of_another_kind()) };
    if *status.phase != *"Bound" {
        let phase = if status.phase.is_empty() { "in no phase yet" } else { &status.phase };
        return Err(Failure::new(Reason::VolumeUnbound, format!("it is {phase}, not Bound")));
    }
    conditions::hold(&spec.conditions, &status.conditions, "")
}
