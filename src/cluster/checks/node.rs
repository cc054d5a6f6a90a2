//! Nodes: whether they are ready.

use serde::Deserialize;

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    cluster::{condition::Condition, kind::Resource, object::Body, wire::List},
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::Spec,
};

static NODES: Subject = Subject {
    resource: Some(Resource::cluster_wide("nodes", "", "v1", "Node")),
    read: |json, _| read(json, Kept::Node),
};

pub(super) static NODE: Judged = Judged { sees: |spec| vec![(&NODES, named(spec))], judge };

/// What is kept of a node. The times of conditions are not: a kubelet renews them every few minutes.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: List<Condition>,
}

impl Body for Node {}

fn judge(spec: &Spec, scene: &Scene<'_>, _: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Node(Node { status }) = &object.body else { return Err(of_another_kind()) };
    if !spec.conditions.contains_key("Ready")
        && let Some(why) = conditions::wrong("Ready", "True", &status.conditions)
    {
        return Err(Failure::new(Reason::NodeNotReady, why));
    }
    conditions::hold(&spec.conditions, &status.conditions, "")
}
