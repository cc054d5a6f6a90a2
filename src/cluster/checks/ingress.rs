//! Ingresses: whether the services that they lead to are there, with ready endpoints.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    scene::{Scene, Verdict, of_another_kind},
    selection::Pick,
    service::{SERVICES, SLICES, ready},
    subject::{Judged, Kept, Subject, named, read},
    workload::count,
};
use crate::{
    cluster::{kind::Resource, object::Body, pool::Word, wire::List},
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::Spec,
};

static INGRESSES: Subject = Subject {
    resource: Some(Resource::namespaced("ingresses", "networking.k8s.io", "v1", "Ingress")),
    read: |json, _| read(json, Kept::Ingress),
};

/// Which services it leads to may change with every look.
pub(super) static INGRESS: Judged = Judged {
    sees: |spec| vec![(&INGRESSES, named(spec)), (&SLICES, Pick::All), (&SERVICES, Pick::All)],
    judge,
};

/// What is kept of an ingress.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ingress {
    spec: Ways,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ways {
    default_backend: Option<Backend>,
    rules: List<Rule>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Rule {
    http: Option<Http>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Http {
    paths: List<Route>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Route {
    backend: Backend,
}

/// Where it leads to another object than a service, nobody knows how that is.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Backend {
    service: Option<Service>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Service {
    name: Word,
}

impl Body for Ingress {}

impl Ingress {
    fn services(&self) -> BTreeSet<&str> {
        let routes = self.spec.rules.iter().filter_map(|rule| rule.http.as_ref());
        let routes = routes.flat_map(|http| http.paths.iter().map(|route| &route.backend));
        let all = self.spec.default_backend.iter().chain(routes);
        all.filter_map(|backend| backend.service.as_ref().map(|service| &*service.name)).collect()
    }
}

fn judge(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Ingress(ingress) = &object.body else { return Err(of_another_kind()) };
    let wanted = spec.endpoints();
    let mut least: Option<(i64, &str)> = None;
    for name in ingress.services() {
        let Some(found) = scene.find(2, name)? else {
            let detail = format!("it leads to the service {name}, which is not there");
            return Err(Failure::new(Reason::BackendMissing, detail));
        };
        let Kept::Service(service) = &found.body else { return Err(of_another_kind()) };
        if service.is_external() {
            continue;
        }
        let ready = ready(scene, name)?;
        if least.is_none_or(|(least, _)| ready < least) {
            least = Some((ready, name));
        }
    }
    let Some((ready, name)) = least else { return Ok(()) };
    count(facts, ready, wanted);
    if ready >= wanted {
        return Ok(());
    }
    let detail = format!("{ready} endpoints of the service {name} are ready, wanted {wanted}");
    Err(Failure::new(Reason::EndpointsNotReady, detail))
}
