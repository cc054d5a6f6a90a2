//! Services: of which type they are, and under which addresses they can be reached.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
    wire::List,
};

/// What is kept of a service.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(rename = "type")]
    kind: Word,
    #[serde(rename = "clusterIP")]
    cluster_ip: Box<str>,
    external_name: Box<str>,
    #[serde(rename = "loadBalancerIP")]
    load_balancer_ip: Box<str>,
    external_traffic_policy: Word,
    #[serde(rename = "externalIPs")]
    external_ips: List<Box<str>>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    load_balancer: LoadBalancer,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: List<Ingress>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Ingress {
    ip: Box<str>,
    hostname: Box<str>,
}

impl Body for Service {}

impl Kind for Service {
    const RESOURCE: Resource = Resource::namespaced("services", "", "v1", "Service");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("service", Part::Name), ("uid", Part::Uid)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_service_info",
            "The addresses of the service and how traffic from outside reaches it.",
            |service, rows| {
                let spec = &service.body.spec;
                rows.info(&[
                    ("cluster_ip", &spec.cluster_ip),
                    ("external_name", &spec.external_name),
                    ("load_balancer_ip", &spec.load_balancer_ip),
                    ("external_traffic_policy", &spec.external_traffic_policy),
                ]);
            },
        ),
        Family::created(Stable, "kube_service_created"),
        Family::stable("kube_service_spec_type", "The type of the service.", |service, rows| {
            rows.info(&[("type", &service.body.spec.kind)]);
        }),
        Family::annotations(Alpha, "kube_service_annotations"),
        Family::labels(Stable, "kube_service_labels"),
        Family::stable(
            "kube_service_spec_external_ip",
            "Addresses outside of the cluster that are routed to the service; a row for each.",
            |service, rows| {
                for ip in &service.body.spec.external_ips {
                    rows.info(&[("external_ip", ip)]);
                }
            },
        ),
        Family::stable(
            "kube_service_status_load_balancer_ingress",
            "Where the load balancer of the service can be reached; a row for each place.",
            |service, rows| {
                for ingress in &service.body.status.load_balancer.ingress {
                    rows.info(&[("ip", &ingress.ip), ("hostname", &ingress.hostname)]);
                }
            },
        ),
        Family::deleted(Alpha, "kube_service_deletion_timestamp"),
    ];
}
