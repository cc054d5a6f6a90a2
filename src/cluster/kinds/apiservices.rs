//! API services: whether the groups of the API that other servers answer for are there.

use serde::Deserialize;

use crate::cluster::{
    condition::Condition,
    family::Family,
    kind::{Kind, Part, Resource},
    object::Body,
    own::{All, Own},
    pool::Word,
    rows::{Number, Rows},
    wire::List,
};

/// What is kept of an API service.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ApiService {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    service: Option<Service>,
}

/// Who answers; the API server itself if there is nobody.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Service {
    namespace: Word,
    name: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: List<Condition>,
}

impl Body for ApiService {}

impl Kind for ApiService {
    const RESOURCE: Resource =
        Resource::cluster_wide("apiservices", "apiregistration.k8s.io", "v1", "APIService").ours();
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("apiservice", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[];
    const OWN: &'static [Own<Self>] = &[Own::gauge(
        "noroshi_kube_apiservice_available",
        "Whether the group of the API can be asked: 0 where the service that should answer does not. `reason` is the API \
         server's word for why.",
        &["apiservice", "service_namespace", "service", "reason"],
        available,
    )];
}

fn available(services: &All<'_, ApiService>, rows: &mut Rows<'_>) {
    for service in services.objects {
        let Spec { service: answers } = &service.body.spec;
        let mut conditions = service.body.status.conditions.iter();
        let Some(available) = conditions.find(|condition| &*condition.kind == "Available") else {
            continue;
        };
        let labels = [
            ("apiservice", &*service.meta.name),
            ("service_namespace", answers.as_ref().map_or("", |service| &service.namespace)),
            ("service", answers.as_ref().map_or("", |service| &service.name)),
            ("reason", &*available.reason),
        ];
        rows.row(&labels, (&*available.status == "True").float());
    }
}
