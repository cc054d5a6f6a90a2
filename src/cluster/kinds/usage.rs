//! What nodes and pods use, where somebody measures it: metrics.k8s.io cannot be watched, so it is asked again and again.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Deserializer};

use crate::cluster::{
    amount::Unit,
    family::Family,
    kind::{Kind, Part, Resource},
    object::Body,
    own::{Own, Sums},
    quantity::Quantity,
    wire::List,
};

/// How often it is asked. metrics-server itself looks each 15 seconds, where nothing else is set.
const EACH: Duration = Duration::from_secs(30);

const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";

/// What is used.
#[derive(Debug, PartialEq, Default, Clone, Copy)]
struct Used {
    cores: f64,
    bytes: f64,
}

/// What a node uses.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeUsage {
    usage: Used,
}

/// What a pod uses.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodUsage {
    #[serde(rename = "containers", deserialize_with = "sum")]
    usage: Used,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    usage: Used,
}

impl<'de> Deserialize<'de> for Used {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Wire {
            cpu: Option<Quantity>,
            memory: Option<Quantity>,
        }
        let Wire { cpu, memory } = Wire::deserialize(deserializer)?;
        let exact = |quantity: Option<Quantity>| quantity.map_or(0.0, |quantity| quantity.exact);
        Ok(Self { cores: exact(cpu), bytes: exact(memory) })
    }
}

/// What the containers of a pod use together.
fn sum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Used, D::Error> {
    let mut all = Used::default();
    for Container { usage } in &List::<Container>::deserialize(deserializer)? {
        all.cores += usage.cores;
        all.bytes += usage.bytes;
    }
    Ok(all)
}

impl Used {
    /// By resource and unit.
    fn amounts(self) -> [(&'static str, Unit, f64); 2] {
        [("cpu", Unit::Core, self.cores), ("memory", Unit::Byte, self.bytes)]
    }

    fn add_to<'a>(self, sums: &mut Sums<'a, 3>, whose: &'a str) {
        for (resource, unit, value) in self.amounts() {
            sums.add([whose, resource, unit.text()].map(Cow::Borrowed), value);
        }
    }
}

impl Body for NodeUsage {}

impl Kind for NodeUsage {
    const RESOURCE: Resource = Resource::cluster_wide("nodemetrics", GROUP, VERSION, "NodeMetrics")
        .ours()
        .polled("nodes", EACH);
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("node", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[];
    const OWN: &'static [Own<Self>] = &[Own::gauge(
        "noroshi_kube_node_used",
        "What the node uses, as metrics.k8s.io has it, in the unit that the row names.",
        &["node", "resource", "unit"],
        |nodes, rows| {
            let mut all = Sums::new();
            for node in nodes.objects {
                node.body.usage.add_to(&mut all, &node.meta.name);
            }
            all.write(["node", "resource", "unit"], rows);
        },
    )];
}

impl Body for PodUsage {}

impl Kind for PodUsage {
    const RESOURCE: Resource = Resource::namespaced("podmetrics", GROUP, VERSION, "PodMetrics")
        .ours()
        .polled("pods", EACH);
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("pod", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[];
    const OWN: &'static [Own<Self>] = &[Own::gauge(
        "noroshi_kube_namespace_used",
        "What the pods of the namespace use together, as metrics.k8s.io has it, in the unit that the row names.",
        &["namespace", "resource", "unit"],
        |pods, rows| {
            let mut all = Sums::new();
            for pod in pods.objects {
                pod.body.usage.add_to(&mut all, &pod.meta.namespace);
            }
            all.write(["namespace", "resource", "unit"], rows);
        },
    )];
}
