//! Policies that check objects at admission.

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
pub(super) struct ValidatingAdmissionPolicy {
    spec: PolicySpec,
}

impl Body for ValidatingAdmissionPolicy {}

impl Kind for ValidatingAdmissionPolicy {
    const RESOURCE: Resource = Resource::cluster_wide(
        "validatingadmissionpolicies",
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicy",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("validatingadmissionpolicy", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_validatingadmissionpolicy_info",
            "The parameters' kind of the policy, and what happens when it fails.",
            |policy, rows| rows.info(&policy.body.spec.labels()),
        ),
        Family::created(Alpha, "kube_validatingadmissionpolicy_created"),
    ];
}
