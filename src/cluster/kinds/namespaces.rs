//! Namespaces: whether they are there to stay, and what keeps those that go.

use std::borrow::Cow;

use serde::Deserialize;

use crate::cluster::{
    condition::Condition,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
    own::{Own, Sums},
    pool::Word,
    wire::List,
};

/// What is kept of a namespace.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Namespace {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Word,
    conditions: List<Condition>,
}

impl Body for Namespace {}

impl Kind for Namespace {
    const RESOURCE: Resource = Resource::cluster_wide("namespaces", "", "v1", "Namespace");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("namespace", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_namespace_created"),
        Family::annotations(Alpha, "kube_namespace_annotations"),
        Family::labels(Stable, "kube_namespace_labels"),
        Family::stable(
            "kube_namespace_status_phase",
            "The phase of the namespace: 1 for the one it is in.",
            |namespace, rows| {
                rows.one_of("phase", &["Active", "Terminating"], &namespace.body.status.phase);
            },
        ),
        Family::alpha(
            "kube_namespace_status_condition",
            "Conditions of the namespace, with a row for each status they may have.",
            |namespace, rows| rows.conditions(&namespace.body.status.conditions),
        ),
    ];
    const OWN: &'static [Own<Self>] = &[
        Own::gauge("noroshi_kube_namespaces", "Namespaces by phase.", &["phase"], |all, rows| {
            let mut phases = Sums::new();
            for namespace in all.objects {
                phases.add([Cow::Borrowed(&*namespace.body.status.phase)], 1.0);
            }
            phases.write(["phase"], rows);
        }),
        Own::gauge(
            "noroshi_kube_namespace_terminating_timestamp_seconds",
            "Since when the namespace is being deleted, as seconds since the epoch. Absent for one that is there to stay.",
            &["namespace"],
            |all, rows| {
                for namespace in all.objects {
                    if let Some(since) = namespace.meta.deleted.get() {
                        rows.row(&[("namespace", &namespace.meta.name)], since);
                    }
                }
            },
        ),
    ];
}
