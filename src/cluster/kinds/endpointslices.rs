//! Endpoint slices: the addresses and ports behind services, and which of them are ready.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    rows::Rows,
    wire::{List, flag},
};

/// What is kept of a slice.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EndpointSlice {
    address_type: Word,
    endpoints: List<Endpoint>,
    ports: List<Port>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    addresses: List<Box<str>>,
    conditions: Conditions,
    hostname: Word,
    target_ref: Option<Target>,
    node_name: Word,
    zone: Word,
    hints: Option<Hints>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

/// What is behind an endpoint: nearly always a pod.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Target {
    kind: Word,
    name: Box<str>,
    namespace: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Hints {
    for_zones: List<Zone>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Zone {
    name: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Port {
    name: Word,
    protocol: Word,
    #[serde(rename = "port")]
    number: Option<i32>,
}

impl Body for EndpointSlice {}

impl Kind for EndpointSlice {
    const RESOURCE: Resource =
        Resource::namespaced("endpointslices", "discovery.k8s.io", "v1", "EndpointSlice");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("endpointslice", Part::Name), ("namespace", Part::Namespace)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_endpointslice_info",
            "Which sort of addresses the slice has.",
            |slice, rows| rows.info(&[("addresstype", &slice.body.address_type)]),
        ),
        Family::created(Alpha, "kube_endpointslice_created"),
        Family::alpha(
            "kube_endpointslice_endpoints_hints",
            "The zones whose traffic an endpoint should get; a row for each endpoint and zone.",
            hints,
        ),
        Family::alpha(
            "kube_endpointslice_endpoints",
            "Addresses of the slice: whether they are ready, and what is behind them.",
            endpoints,
        ),
        Family::alpha(
            "kube_endpointslice_ports",
            "The ports that all endpoints of the slice have; a row for each.",
            ports,
        ),
        Family::annotations(Alpha, "kube_endpointslice_annotations"),
        Family::labels(Alpha, "kube_endpointslice_labels"),
    ];
}

/// All addresses of an endpoint are the same to who uses it: the first stands for them.
fn hints(slice: &Object<EndpointSlice>, rows: &mut Rows<'_>) {
    for endpoint in &slice.body.endpoints {
        let (Some(address), Some(hints)) = (endpoint.addresses.first(), &endpoint.hints) else {
            continue;
        };
        for zone in &hints.for_zones {
            rows.info(&[("address", address), ("for_zone", &zone.name)]);
        }
    }
}

fn endpoints(slice: &Object<EndpointSlice>, rows: &mut Rows<'_>) {
    for endpoint in &slice.body.endpoints {
        let target = endpoint.target_ref.as_ref();
        for address in &endpoint.addresses {
            rows.info(&[
                ("ready", flag(endpoint.conditions.ready)),
                ("serving", flag(endpoint.conditions.serving)),
                ("hostname", &endpoint.hostname),
                ("terminating", flag(endpoint.conditions.terminating)),
                ("targetref_kind", target.map_or("", |target| &target.kind)),
                ("targetref_name", target.map_or("", |target| &target.name)),
                ("targetref_namespace", target.map_or("", |target| &target.namespace)),
                ("endpoint_nodename", &endpoint.node_name),
                ("endpoint_zone", &endpoint.zone),
                ("address", address),
            ]);
        }
    }
}

fn ports(slice: &Object<EndpointSlice>, rows: &mut Rows<'_>) {
    for port in &slice.body.ports {
        let mut buffer = itoa::Buffer::new();
        rows.info(&[
            ("port_name", &port.name),
            ("port_protocol", &port.protocol),
            ("port_number", port.number.map_or("", |number| buffer.format(number))),
        ]);
    }
}
