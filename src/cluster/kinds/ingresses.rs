//! Ingresses: which host and path leads to which service, and which secret holds a host's certificate.

use serde::{Deserialize, de};

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Metadata, Object},
    pool::Word,
    rows::Rows,
    wire::List,
};

/// What is kept of an ingress.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ingress {
    spec: Spec,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    /// The class of the annotation where there is one.
    ingress_class_name: Option<Word>,
    rules: List<Rule>,
    tls: List<Tls>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Rule {
    host: Word,
    http: Option<Http>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Http {
    paths: List<Route>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Route {
    path: Box<str>,
    path_type: Word,
    backend: Backend,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Backend {
    service: Option<Service>,
    /// Boxed since hardly any ingress has one.
    resource: Option<Box<Reference>>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Service {
    name: Word,
    port: Port,
}

/// A port has a number or a name; only the number is shown.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Port {
    number: i32,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    api_group: Word,
    kind: Word,
    name: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tls {
    hosts: List<Word>,
    secret_name: Word,
}

impl Body for Ingress {
    /// The annotation is older than the field, and who sets it means it.
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        if let Some(class) = metadata.annotations()?.get("kubernetes.io/ingress.class") {
            self.spec.ingress_class_name = Some(Word::new(&**class));
        }
        Ok(())
    }
}

impl Kind for Ingress {
    const RESOURCE: Resource =
        Resource::namespaced("ingresses", "networking.k8s.io", "v1", "Ingress");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("ingress", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_ingress_info",
            "The class of the ingress, by its annotation or its field; _default if it has none.",
            |ingress, rows| {
                let class = ingress.body.spec.ingress_class_name.as_deref();
                rows.info(&[("ingressclass", class.unwrap_or("_default"))]);
            },
        ),
        Family::annotations(Alpha, "kube_ingress_annotations"),
        Family::labels(Stable, "kube_ingress_labels"),
        Family::created(Stable, "kube_ingress_created"),
        Family::revision(Alpha, "kube_ingress_metadata_resource_version"),
        Family::stable(
            "kube_ingress_path",
            "Where the paths of the ingress lead: a service and its port (0 if named), or an object.",
            paths,
        ),
        Family::stable(
            "kube_ingress_tls",
            "The secrets with the certificates of the ingress; a row for each host.",
            |ingress, rows| {
                for tls in &ingress.body.spec.tls {
                    for host in &tls.hosts {
                        rows.info(&[("tls_host", host), ("secret", &tls.secret_name)]);
                    }
                }
            },
        ),
    ];
}

fn paths(ingress: &Object<Ingress>, rows: &mut Rows<'_>) {
    for rule in &ingress.body.spec.rules {
        for route in rule.http.iter().flat_map(|http| &http.paths) {
            let [host, name, sort] =
                [("host", &*rule.host), ("path", &*route.path), ("path_type", &*route.path_type)];
            if let Some(service) = &route.backend.service {
                let mut port = itoa::Buffer::new();
                let port = port.format(service.port.number);
                rows.info(&[
                    host,
                    name,
                    sort,
                    ("service_name", &service.name),
                    ("service_port", port),
                ]);
            } else if let Some(other) = &route.backend.resource {
                rows.info(&[
                    host,
                    name,
                    sort,
                    ("resource_api_group", &other.api_group),
                    ("resource_kind", &other.kind),
                    ("resource_name", &other.name),
                ]);
            }
        }
    }
}
