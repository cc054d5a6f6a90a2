//! Amounts of resources, as containers ask for them and nodes have them.

use std::ops::Deref;

use super::{
    keys::resource_name,
    pool::{Word, pooled},
    quantity::Quantity,
    wire::Map,
};

/// So much of a resource that has a unit.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    /// The resource, as the label `resource` has it.
    pub resource: Word,
    /// In what it is counted.
    pub unit: Unit,
    /// How much.
    pub quantity: Quantity,
}

pooled!([Amount]);

/// In what a resource is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// CPUs.
    Core,
    /// Bytes.
    Byte,
    /// Pieces.
    Integer,
}

impl Unit {
    /// As the label `unit` has it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Byte => "byte",
            Self::Integer => "integer",
        }
    }

    /// The units of a resource: none for those that are not shown, and both for one that is somebody's own and named
    /// like one of Kubernetes'. Volumes that can be attached count as bytes: they always have.
    fn of(resource: &str) -> impl Iterator<Item = Self> {
        let native = match resource {
            "cpu" => Some(Self::Core),
            "memory" | "storage" | "ephemeral-storage" => Some(Self::Byte),
            _ if resource.starts_with("hugepages-") => Some(Self::Byte),
            _ if resource.starts_with("attachable-volumes-") => Some(Self::Byte),
            _ => None,
        };
        native.into_iter().chain(is_extended(resource).then_some(Self::Integer))
    }
}

impl Amount {
    /// Those of some resources that are shown, in the order of their names.
    pub fn all<K: Deref<Target = str>>(of: &Map<K, Quantity>) -> Vec<Self> {
        let mut all = Vec::with_capacity(of.len());
        for (resource, quantity) in of {
            all.extend(Unit::of(resource).map(|unit| Self::new(resource, unit, *quantity)));
        }
        all
    }

    /// The same for nodes, which have room for pods, too.
    pub fn all_of_node<K: Deref<Target = str>>(of: &Map<K, Quantity>) -> Vec<Self> {
        let pods = of.iter().find(|(resource, _)| &**resource == "pods");
        let pods = pods.map(|(pods, quantity)| Self::new(pods, Unit::Integer, *quantity));
        Self::all(of).into_iter().chain(pods).collect()
    }

    fn new(resource: &str, unit: Unit, quantity: Quantity) -> Self {
        Self { resource: Word::new(resource_name(resource).as_str()), unit, quantity }
    }
}

/// Whether a resource is somebody's own: named below a domain that is not Kubernetes', so that a quota can name it.
fn is_extended(resource: &str) -> bool {
    let Some((domain, name)) = resource.split_once('/') else { return false };
    if resource.contains("kubernetes.io/") || domain.starts_with("requests.") {
        return false;
    }
    let is_outer = |byte: u8| byte.is_ascii_alphanumeric();
    let is_label = |label: &str| {
        !label.bytes().any(|byte| byte.is_ascii_uppercase())
            && is_enclosed(label, is_outer, |byte| is_outer(byte) || byte == b'-')
    };
    domain.len() + "requests.".len() <= 253
        && domain.split('.').all(is_label)
        && name.len() <= 63
        && is_enclosed(name, is_outer, |byte| is_outer(byte) || b"-_.".contains(&byte))
}

/// Whether a text begins and ends with some bytes and has only some bytes.
fn is_enclosed(text: &str, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| outer(*byte))
        && bytes.last().is_some_and(|byte| outer(*byte))
        && bytes.iter().all(|byte| inner(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_and_their_units() {
        let table: &[(&str, &[Unit])] = &[
            ("cpu", &[Unit::Core]),
            ("memory", &[Unit::Byte]),
            ("hugepages-2Mi", &[Unit::Byte]),
            ("attachable-volumes-aws-ebs", &[Unit::Byte]),
            ("attachable-volumes-a.b/c", &[Unit::Byte, Unit::Integer]),
            ("nvidia.com/gpu", &[Unit::Integer]),
            ("a/b", &[Unit::Integer]),
            ("a/B_c.d", &[Unit::Integer]),
            ("pods", &[]),
            ("gpu", &[]),
            ("/gpu", &[]),
            ("c/d/", &[]),
            ("a/-b", &[]),
            ("A/b", &[]),
            ("a..b/c", &[]),
            ("kubernetes.io/gpu", &[]),
            ("x.kubernetes.io/gpu", &[]),
            ("requests.a/b", &[]),
        ];
        for (resource, units) in table {
            assert_eq!(Unit::of(resource).collect::<Vec<_>>(), *units, "{resource}");
        }
    }
}
