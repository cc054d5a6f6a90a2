//! Leases: who leads, and since when it says so.

use std::borrow::Cow;

use serde::Deserialize;

use crate::clock;
use crate::cluster::{
    family::Family,
    kind::{Kind, Part, Resource},
    object::Body,
    own::{All, Own, Sums},
    pool::Word,
    rows::{Number, Rows},
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
    lease_duration_seconds: Option<i32>,
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
    const OWN: &'static [Own<Self>] = &[
        Own::gauge(
            "noroshi_kube_leases",
            "Leases of the namespace: `held` by somebody who renews them in time, `stale` where that somebody is silent, or \
             `free`.",
            &["namespace", "state"],
            states,
        ),
        Own::gauge(
            "noroshi_kube_lease_expired_timestamp_seconds",
            "When a stale lease should have been renewed at the latest, as seconds since the epoch.",
            &["namespace", "lease", "lease_holder"],
            |leases, rows| {
                for lease in leases.objects {
                    let spec = &lease.body.spec;
                    let Some(due) = spec.due().filter(|due| is_over(*due, leases)) else {
                        continue;
                    };
                    let labels = [
                        ("namespace", &*lease.meta.namespace),
                        ("lease", &*lease.meta.name),
                        ("lease_holder", &*spec.holder_identity),
                    ];
                    rows.row(&labels, due);
                }
            },
        ),
    ];
}

impl Spec {
    /// When it must be renewed, if somebody holds it and says for how long.
    fn due(&self) -> Option<f64> {
        let lasts = self.lease_duration_seconds.filter(|_| !self.holder_identity.is_empty())?;
        Some(self.renew_time.get()? + lasts.float())
    }
}

/// Times of leases are kept in whole seconds: one is over a second late rather than early.
fn is_over(due: f64, leases: &All<'_, Lease>) -> bool {
    due + 1.0 < clock::epoch_seconds(leases.now)
}

fn states(leases: &All<'_, Lease>, rows: &mut Rows<'_>) {
    let mut all = Sums::new();
    for lease in leases.objects {
        let spec = &lease.body.spec;
        let state = match spec.due() {
            _ if spec.holder_identity.is_empty() => "free",
            Some(due) if is_over(due, leases) => "stale",
            _ => "held",
        };
        all.add([&*lease.meta.namespace, state].map(Cow::Borrowed), 1.0);
    }
    all.write(["namespace", "state"], rows);
}
