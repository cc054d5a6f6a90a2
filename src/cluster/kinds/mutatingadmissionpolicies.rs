//! Policies that change objects at admission.

use serde::Deserialize;

use crate::cluster::{
    admission::PolicySpec,
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a policy.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct MutatingAdmissionPolicy {
    spec: PolicySpec,
}

impl Body for MutatingAdmissionPolicy {}

impl Kind for MutatingAdmissionPolicy {
    const RESOURCE: Resource = Resource::cluster_wide(
        "mutatingadmissionpolicies",
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicy",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("mutatingadmissionpolicy", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_mutatingadmissionpolicy_info",
            "The parameters' kind of the policy, what happens when it fails, and if it runs again.",
            |policy, rows| {
                let spec = &policy.body.spec;
                let [version, kind, failure] = spec.labels();
                let again = ("reinvocation_policy", &*spec.reinvocation_policy);
                rows.info(&[version, kind, failure, again]);
            },
        ),
        Family::created(Alpha, "kube_mutatingadmissionpolicy_created"),
    ];
}
