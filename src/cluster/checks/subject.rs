//! What can be looked at, and how each kind of object is judged.

use serde_json::Result;

use super::{
    claim, cronjob, custom,
    history::Restarted,
    ingress, job, node, pods,
    scene::{Scene, Verdict},
    selection::Pick,
    service, workload,
};
use crate::{
    cluster::{
        kind::Resource,
        object::{Body, Decode, Object, Shown},
    },
    model::Fact,
    probe::spec::kubernetes::{JsonPath, ObjectKind, Spec},
};

/// A resource, and what is kept of its objects.
pub(super) struct Subject {
    /// `None` for those that the configuration names.
    pub(super) resource: Option<Resource>,
    /// Reads an object; of a custom one, what these paths lead to.
    pub(super) read: fn(&str, &[JsonPath]) -> Result<Object<Kept>>,
}

/// How the checks of one kind of object are judged.
pub(super) struct Judged {
    /// What has to be seen for it, the object itself first.
    pub(super) sees: fn(&Spec) -> Vec<(&'static Subject, Pick)>,
    /// Judges it once all of that is there. What it measures on the way goes to the facts.
    pub(super) judge: fn(&Spec, &Scene<'_>, &mut Vec<Fact>) -> Verdict,
}

/// The row of a kind.
pub(super) fn of(kind: ObjectKind) -> &'static Judged {
    match kind {
        ObjectKind::Deployment => &workload::DEPLOYMENT,
        ObjectKind::StatefulSet => &workload::STATEFUL_SET,
        ObjectKind::DaemonSet => &workload::DAEMON_SET,
        ObjectKind::Job => &job::JOB,
        ObjectKind::CronJob => &cronjob::CRON_JOB,
        ObjectKind::Pods => &pods::PODS,
        ObjectKind::Service => &service::SERVICE,
        ObjectKind::PersistentVolumeClaim => &claim::CLAIM,
        ObjectKind::Node => &node::NODE,
        ObjectKind::Ingress => &ingress::INGRESS,
        ObjectKind::Custom => &custom::CUSTOM,
    }
}

/// What is kept of an object.
#[derive(Debug, PartialEq)]
pub(super) enum Kept {
    Workload(workload::Workload),
    Job(job::Job),
    CronJob(cronjob::CronJob),
    Pod(pods::Pod),
    Service(service::Service),
    Slice(service::Slice),
    Claim(claim::Claim),
    Node(node::Node),
    Ingress(ingress::Ingress),
    Custom(custom::Custom),
}

impl Kept {
    /// Of a pod, how often its containers were started anew.
    pub(super) fn restarted(&self) -> Option<Restarted> {
        match self {
            Self::Pod(pod) => Some(pod.restarted()),
            _ => None,
        }
    }
}

/// Reads an object of a kind that is known.
pub(super) fn read<B: Body>(json: &str, kept: fn(B) -> Kept) -> Result<Object<Kept>> {
    let (Object { meta, body }, _) = Decode::object(json, &Shown::default())?;
    Ok(Object { meta, body: kept(body) })
}

/// The object that the check names.
pub(super) fn named(spec: &Spec) -> Pick {
    Pick::Name(spec.name.clone().unwrap_or_default())
}
