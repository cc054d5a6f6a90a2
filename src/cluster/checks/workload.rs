//! Deployments, stateful sets and daemon sets: whether their replicas are available.

use serde::Deserialize;

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    cluster::{condition::Condition, kind::Resource, object::Body, wire::List},
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::{FAMILIES, Spec},
};

static DEPLOYMENTS: Subject = subject("deployments", "Deployment");
static STATEFUL_SETS: Subject = subject("statefulsets", "StatefulSet");
static DAEMON_SETS: Subject = subject("daemonsets", "DaemonSet");

const fn subject(name: &'static str, kind: &'static str) -> Subject {
    Subject {
        resource: Some(Resource::namespaced(name, "apps", "v1", kind)),
        read: |json, _| read(json, Kept::Workload),
    }
}

pub(super) static DEPLOYMENT: Judged =
    Judged { sees: |spec| vec![(&DEPLOYMENTS, named(spec))], judge: replicas };
pub(super) static STATEFUL_SET: Judged =
    Judged { sees: |spec| vec![(&STATEFUL_SETS, named(spec))], judge: replicas };
pub(super) static DAEMON_SET: Judged =
    Judged { sees: |spec| vec![(&DAEMON_SETS, named(spec))], judge: replicas };

/// What is kept of one.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Workload {
    spec: Wanted,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    replicas: Option<i64>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    /// Servers before 1.22 do not tell it of stateful sets; there it is what is ready.
    available_replicas: Option<i64>,
    ready_replicas: i64,
    /// Of daemon sets alone.
    desired_number_scheduled: Option<i64>,
    number_available: i64,
    conditions: List<Condition>,
}

impl Body for Workload {}

fn replicas(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Workload(Workload { spec: own, status }) = &object.body else {
        return Err(of_another_kind());
    };
    let (there, all) = match status.desired_number_scheduled {
        Some(desired) => (status.number_available, desired),
        None => {
            (status.available_replicas.unwrap_or(status.ready_replicas), own.replicas.unwrap_or(1))
        }
    };
    enough(spec, (there, all), "replicas are available", facts)?;
    conditions::hold(&spec.conditions, &status.conditions, "")
}

/// Whether there are as many as wanted of so many.
pub(super) fn enough(
    spec: &Spec,
    (there, all): (i64, i64),
    what: &str,
    facts: &mut Vec<Fact>,
) -> Verdict {
    let wanted = spec.wanted_of(all);
    count(facts, there, wanted);
    if there >= wanted {
        return Ok(());
    }
    let detail = format!("{there} of {all} {what}, wanted {wanted}");
    Err(Failure::new(Reason::ReplicasUnavailable, detail))
}

/// How many there are, and how many are wanted.
pub(super) fn count(facts: &mut Vec<Fact>, there: i64, wanted: i64) {
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many")]
    facts.extend([
        Fact::new(&FAMILIES.available, there as f64),
        Fact::new(&FAMILIES.wanted, wanted as f64),
    ]);
}
