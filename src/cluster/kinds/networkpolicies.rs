//! Network policies: how many rules they have; what these allow is not shown.

use serde::{Deserialize, de::IgnoredAny};

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
    wire::List,
};

/// What is kept of a policy.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct NetworkPolicy {
    spec: Spec,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    ingress: List<IgnoredAny>,
    egress: List<IgnoredAny>,
}

impl Body for NetworkPolicy {}

impl Kind for NetworkPolicy {
    const RESOURCE: Resource =
        Resource::namespaced("networkpolicies", "networking.k8s.io", "v1", "NetworkPolicy");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("networkpolicy", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_networkpolicy_created",
            "When the object was created, in seconds since the epoch.",
            |policy, rows| rows.value(policy.meta.created.or_go_zero()),
        ),
        Family::annotations(Alpha, "kube_networkpolicy_annotations"),
        Family::labels(Alpha, "kube_networkpolicy_labels"),
        Family::alpha(
            "kube_networkpolicy_spec_ingress_rules",
            "Rules of the policy for traffic that comes in.",
            |policy, rows| rows.value(policy.body.spec.ingress.len()),
        ),
        Family::alpha(
            "kube_networkpolicy_spec_egress_rules",
            "Rules of the policy for traffic that goes out.",
            |policy, rows| rows.value(policy.body.spec.egress.len()),
        ),
    ];
}
