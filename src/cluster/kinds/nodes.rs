//! Nodes: what they are, what they have room for, and how they are.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use crate::cluster::{
    amount::Amount,
    condition::Condition,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Metadata, Object},
    own::{All, Own},
    pool::{Shared, Word},
    rows::Rows,
    wire::{List, Map, Text},
};

/// What is kept of a node.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    spec: Spec,
    status: Status,
    #[serde(skip)]
    place: Place,
    /// How often it was started anew while we watched.
    #[serde(skip)]
    reboots: i32,
}

/// What its labels say of it.
#[derive(Debug, PartialEq, Default)]
struct Place {
    roles: List<Word>,
    zone: Word,
    instance_type: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(rename = "providerID")]
    provider_id: Box<str>,
    #[serde(rename = "podCIDR")]
    pod_cidr: Box<str>,
    #[serde(rename = "podCIDRs")]
    pod_cidrs: List<Box<str>>,
    taints: List<Taint>,
    unschedulable: bool,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Taint {
    key: Word,
    value: Word,
    effect: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    allocatable: Room,
    capacity: Room,
    conditions: List<Condition>,
    addresses: List<Address>,
    node_info: System,
}

/// How much of what a node has; nodes of one type have the same.
#[derive(Debug, PartialEq)]
struct Room(Shared<[Amount]>);

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type")]
    kind: Word,
    address: Box<str>,
}

/// What a node runs with.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct System {
    kernel_version: Word,
    os_image: Word,
    container_runtime_version: Word,
    kubelet_version: Word,
    architecture: Word,
    operating_system: Word,
    #[serde(rename = "systemUUID")]
    system_uuid: Box<str>,
    /// Another one says that the node was started anew.
    #[serde(rename = "bootID")]
    boot_id: Box<str>,
}

impl Default for Room {
    fn default() -> Self {
        Self(Shared::new(Vec::new()))
    }
}

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let quantities = Map::<Text<'_>, _>::deserialize(deserializer)?;
        Ok(Self(Shared::new(Amount::all_of_node(&quantities))))
    }
}

impl Body for Node {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        let labels = metadata.labels()?;
        let value = |label| labels.iter().find(|(key, _)| key == label);
        let word = |label| value(label).map_or_else(Word::default, |(_, word)| Word::new(&**word));
        let roles =
            labels.iter().filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"));
        self.place = Place {
            roles: roles.map(Word::new).collect(),
            zone: word("topology.kubernetes.io/zone"),
            instance_type: word("node.kubernetes.io/instance-type"),
        };
        Ok(())
    }
}

impl Kind for Node {
    const RESOURCE: Resource = Resource::cluster_wide("nodes", "", "v1", "Node");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("node", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_node_annotations"),
        Family::created(Stable, "kube_node_created"),
        Family::deleted(Alpha, "kube_node_deletion_timestamp"),
        Family::stable(
            "kube_node_info",
            "What the node runs with, and where it stands in the network.",
            info,
        ),
        Family::labels(Stable, "kube_node_labels"),
        Family::alpha("kube_node_role", "Roles of the node, by its labels.", |node, rows| {
            for role in &node.body.place.roles {
                rows.info(&[("role", role)]);
            }
        }),
        Family::alpha(
            "kube_node_spec_pod_cidrs",
            "Networks from which the node gives addresses to pods.",
            |node, rows| {
                for cidr in &node.body.spec.pod_cidrs {
                    rows.info(&[("pod_cidr", cidr)]);
                }
            },
        ),
        Family::stable("kube_node_spec_taint", "Taints of the node.", |node, rows| {
            for taint in &node.body.spec.taints {
                rows.info(&[
                    ("key", &taint.key),
                    ("value", &taint.value),
                    ("effect", &taint.effect),
                ]);
            }
        }),
        Family::stable(
            "kube_node_spec_unschedulable",
            "Whether no new pods are put on the node.",
            |node, rows| rows.value(node.body.spec.unschedulable),
        ),
        Family::stable(
            "kube_node_status_allocatable",
            "What pods may use of the node's resources, in the unit that the row names.",
            |node, rows| amounts(&node.body.status.allocatable, rows),
        ),
        Family::stable(
            "kube_node_status_capacity",
            "What the node has of each resource, in the unit that the row names.",
            |node, rows| amounts(&node.body.status.capacity, rows),
        ),
        Family::stable(
            "kube_node_status_condition",
            "Conditions of the node, with a row for each status they may have.",
            |node, rows| rows.conditions(&node.body.status.conditions),
        ),
        Family::alpha("kube_node_status_addresses", "Addresses of the node.", |node, rows| {
            for address in &node.body.status.addresses {
                rows.info(&[("type", &address.kind), ("address", &address.address)]);
            }
        }),
    ];
    const OWN: &'static [Own<Self>] = &[
        Own::gauge(
            "noroshi_kube_node_info",
            "What the node is: its architecture, its system, and where it stands; always 1.",
            &[
                "node",
                "architecture",
                "os",
                "os_image",
                "kernel",
                "kubelet",
                "zone",
                "instance_type",
            ],
            what_they_are,
        ),
        Own::gauge(
            "noroshi_kube_node_allocatable",
            "What pods may use of the node's resources, exactly, in the unit that the row names.",
            &["node", "resource", "unit"],
            allocatable,
        ),
        Own::counter(
            "noroshi_kube_node_reboots_total",
            "How often the node was started anew since noroshi watches it, by its boot ID.",
            &["node"],
            |nodes, rows| {
                for node in nodes.objects {
                    rows.row(&[("node", &node.meta.name)], node.body.reboots.into());
                }
            },
        ),
    ];

    fn succeed(node: &mut Object<Self>, before: Option<&Object<Self>>, _: Timestamp) {
        let Some(Object { body: before, .. }) = before else { return };
        let ids = [&before.status.node_info.boot_id, &node.body.status.node_info.boot_id];
        let is_new = ids[0] != ids[1] && ids.iter().all(|id| !id.is_empty());
        node.body.reboots = before.reboots + i32::from(is_new);
    }
}

fn what_they_are(nodes: &All<'_, Node>, rows: &mut Rows<'_>) {
    for node in nodes.objects {
        let (place, system) = (&node.body.place, &node.body.status.node_info);
        rows.info(&[
            ("node", &node.meta.name),
            ("architecture", &system.architecture),
            ("os", &system.operating_system),
            ("os_image", &system.os_image),
            ("kernel", &system.kernel_version),
            ("kubelet", &system.kubelet_version),
            ("zone", &place.zone),
            ("instance_type", &place.instance_type),
        ]);
    }
}

fn allocatable(nodes: &All<'_, Node>, rows: &mut Rows<'_>) {
    for node in nodes.objects {
        for amount in node.body.status.allocatable.0.iter() {
            let labels = [
                ("node", &*node.meta.name),
                ("resource", &*amount.resource),
                ("unit", amount.unit.text()),
            ];
            rows.row(&labels, amount.quantity.exact);
        }
    }
}

fn info(node: &Object<Node>, rows: &mut Rows<'_>) {
    let (spec, status) = (&node.body.spec, &node.body.status);
    let system = &status.node_info;
    let internal = status.addresses.iter().rfind(|address| &*address.kind == "InternalIP");
    rows.info(&[
        ("kernel_version", &system.kernel_version),
        ("os_image", &system.os_image),
        ("container_runtime_version", &system.container_runtime_version),
        ("kubelet_version", &system.kubelet_version),
        // A kubelet never knew it: kube-state-metrics writes this word in its place.
        ("kubeproxy_version", "deprecated"),
        ("provider_id", &spec.provider_id),
        ("pod_cidr", &spec.pod_cidr),
        ("system_uuid", &system.system_uuid),
        ("internal_ip", internal.map_or("", |address| &address.address)),
    ]);
}

fn amounts(room: &Room, rows: &mut Rows<'_>) {
    for amount in room.0.iter() {
        let labels = [("resource", &*amount.resource), ("unit", amount.unit.text())];
        rows.row(&labels, amount.quantity.fine);
    }
}
