//! Leases: who leads, and since when it says so.

use serde::Deserialize;

use crate::cluster::{
    family::Family,
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
    wire::Time,
};

/// What is kept of a lease.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Lease {
    spec: Spec,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    holder_identity: Word,
    renew_time: Time,
}

impl Body for Lease {}

impl Kind for Lease {
    const RESOURCE: Resource = Resource::namespaced("leases", "coordination.k8s.io", "v1", "Lease");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("lease", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_lease_owner",
            "Who owns the lease, with its namespace and its holder.",
            |lease, rows| {
                let place = [
                    ("namespace", &*lease.meta.namespace),
                    ("lease_holder", &*lease.body.spec.holder_identity),
                ];
                let mut owner = |kind: &str, name: &str| {
                    rows.info(&[("owner_kind", kind), ("owner_name", name), place[0], place[1]]);
                };
                if lease.meta.owners.is_empty() {
                    owner("", "");
                }
                for own in lease.meta.owners.iter() {
                    owner(&own.kind, &own.name);
                }
            },
        ),
        Family::alpha(
            "kube_lease_renew_time",
            "When the holder last renewed the lease, in seconds since the epoch.",
            |lease, rows| {
                if let Some(at) = lease.body.spec.renew_time.get() {
                    rows.row(&[("namespace", &lease.meta.namespace)], at);
                }
            },
        ),
    ];
}
