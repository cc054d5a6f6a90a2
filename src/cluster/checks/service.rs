//! Services: whether enough of the endpoints behind them are ready.

use std::collections::HashSet;

use serde::{Deserialize, de};

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    selection::Pick,
    subject::{Judged, Kept, Subject, named, read},
    workload::count,
};
use crate::{
    cluster::{
        condition::Condition,
        kind::Resource,
        object::{Body, Metadata},
        pool::Word,
        wire::List,
    },
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::Spec,
};

pub(super) static SERVICES: Subject = Subject {
    resource: Some(Resource::namespaced("services", "", "v1", "Service")),
    read: |json, _| read(json, Kept::Service),
};

pub(super) static SLICES: Subject = Subject {
    resource: Some(Resource::namespaced(
        "endpointslices",
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
    )),
    read: |json, _| read(json, Kept::Slice),
};

pub(super) static SERVICE: Judged = Judged {
    sees: |spec| {
        let of = spec.name.as_deref().unwrap_or_default();
        vec![(&SERVICES, named(spec)), (&SLICES, slices(of))]
    },
    judge,
};

/// The label of a slice that says whose it is.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The slices of a service.
fn slices(service: &str) -> Pick {
    Pick::Labels([(SERVICE_NAME.to_owned(), service.to_owned())].into())
}

/// What is kept of a service.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    spec: Sort,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Sort {
    #[serde(rename = "type")]
    kind: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: List<Condition>,
}

/// What is kept of a slice.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Slice {
    endpoints: List<Endpoint>,
    #[serde(skip)]
    service: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    addresses: List<Box<str>>,
    conditions: Ready,
    target_ref: Option<Target>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Ready {
    ready: Option<bool>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Target {
    uid: Box<str>,
}

impl Body for Service {}

impl Body for Slice {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        if let Some(service) = metadata.labels()?.get(SERVICE_NAME) {
            self.service = Word::new(&**service);
        }
        Ok(())
    }
}

impl Service {
    /// Whether it is another name for something outside, which has no endpoints.
    pub(super) fn is_external(&self) -> bool {
        *self.spec.kind == *"ExternalName"
    }
}

fn judge(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Service(service) = &object.body else { return Err(of_another_kind()) };
    if !service.is_external() || spec.ready_endpoints.is_some() {
        let (ready, wanted) = (ready(scene, &object.meta.name)?, spec.endpoints());
        count(facts, ready, wanted);
        if ready < wanted {
            let detail = format!("{ready} endpoints are ready, wanted {wanted}");
            return Err(Failure::new(Reason::EndpointsNotReady, detail));
        }
    }
    conditions::hold(&spec.conditions, &service.status.conditions, "")
}

/// How many endpoints of a service are ready, by the slices that a check sees second.
pub(super) fn ready(scene: &Scene<'_>, service: &str) -> Result<i64, Failure> {
    let mut ready = HashSet::new();
    for (object, _) in scene.all(1, &slices(service))? {
        let Kept::Slice(slice) = &object.body else { return Err(of_another_kind()) };
        if *slice.service != *service {
            continue;
        }
        // Who does not know says nothing, and that is to be taken for ready.
        let found = slice.endpoints.iter().filter(|own| own.conditions.ready != Some(false));
        for endpoint in found {
            // A pod with addresses of both families stands in two slices.
            let uid = endpoint.target_ref.as_ref().map(|target| &target.uid);
            let uid = uid.filter(|uid| !uid.is_empty());
            ready.extend(uid.or_else(|| endpoint.addresses.first()).cloned());
        }
    }
    Ok(i64::try_from(ready.len()).unwrap_or(i64::MAX))
}
