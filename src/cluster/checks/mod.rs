//! Kubernetes objects as checks: watched, and judged as they change.
//!
//! Contract: for each resource and namespace that some check looks at there is one watch, of those objects alone; it has
//! nothing to do with what the cluster's collectors show, so neither needs the rights or the limits of the other. A check is
//! judged whenever something that it looks at has changed, and once each interval, since time passes too. What nobody
//! can tell, because the server is out of reach or refuses, is unknown and never a failure. One more kind of object is one
//! more file, its row in [`subject::of`], and its word in `probe::spec`.

mod bell;
mod claim;
mod conditions;
mod cronjob;
mod custom;
mod history;
mod ingress;
mod job;
mod keep;
mod node;
mod pods;
mod scene;
mod selection;
mod service;
mod sight;
mod subject;
mod task;
#[cfg(test)]
mod tests;
mod unread;
mod workload;

use sight::Place;

pub(super) use bell::Bell;
pub use task::{Finish, Telling};

use super::kind::Resource;
use crate::probe::spec::kubernetes::Spec;

/// What a check looks at: each resource, and the namespace unless it stands in none.
pub(super) fn places(spec: &Spec) -> impl Iterator<Item = (&'static Resource, Option<String>)> {
    let sees = (subject::of(spec.kind).sees)(spec);
    sees.into_iter().map(|(subject, _)| {
        let Place { resource, namespace } = Place::of(spec, subject);
        (resource, namespace)
    })
}
