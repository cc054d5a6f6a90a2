//! Endpoints: the addresses and ports behind services, as they were told before there were slices of them.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    rows::Rows,
    wire::{List, flag},
};

/// What is kept of endpoints.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoints {
    subsets: List<Subset>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subset {
    addresses: List<Address>,
    not_ready_addresses: List<Address>,
    ports: List<Port>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Address {
    ip: Box<str>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Port {
    name: Word,
    #[serde(rename = "port")]
    number: i32,
    protocol: Word,
}

impl Body for Endpoints {}

impl Kind for Endpoints {
    const RESOURCE: Resource =
        Resource::namespaced("endpoints", "", "v1", "Endpoints").on_request();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("endpoint", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::exists(Stable, "kube_endpoint_info"),
        Family::created(Stable, "kube_endpoint_created"),
        Family::annotations(Alpha, "kube_endpoint_annotations"),
        Family::labels(Stable, "kube_endpoint_labels"),
        Family::stable(
            "kube_endpoint_address",
            "Addresses of the endpoints, with each of their ports and whether they are ready.",
            addresses,
        ),
        Family::stable(
            "kube_endpoint_ports",
            "Ports of the endpoints. Use kube_endpoint_address, which has them too.",
            ports,
        ),
    ];
}

fn addresses(endpoints: &Object<Endpoints>, rows: &mut Rows<'_>) {
    for subset in &endpoints.body.subsets {
        for port in &subset.ports {
            let mut number = itoa::Buffer::new();
            let number = number.format(port.number);
            let mut all = |addresses: &List<Address>, ready: bool| {
                for address in addresses {
                    rows.info(&[
                        ("port_protocol", &port.protocol),
                        ("port_number", number),
                        ("port_name", &port.name),
                        ("ip", &address.ip),
                        ("ready", flag(Some(ready))),
                    ]);
                }
            };
            all(&subset.addresses, true);
            all(&subset.not_ready_addresses, false);
        }
    }
}

/// Subsets that share a port write the same row twice, as kube-state-metrics does.
fn ports(endpoints: &Object<Endpoints>, rows: &mut Rows<'_>) {
    for port in endpoints.body.subsets.iter().flat_map(|subset| &subset.ports) {
        rows.info(&[
            ("port_name", &port.name),
            ("port_protocol", &port.protocol),
            ("port_number", itoa::Buffer::new().format(port.number)),
        ]);
    }
}
