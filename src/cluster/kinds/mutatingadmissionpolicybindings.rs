//! Bindings of policies that change objects at admission.

use serde::Deserialize;

use crate::cluster::{
    admission::BindingSpec,
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a binding.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct MutatingAdmissionPolicyBinding {
    spec: BindingSpec,
}

impl Body for MutatingAdmissionPolicyBinding {}

impl Kind for MutatingAdmissionPolicyBinding {
    const RESOURCE: Resource = Resource::cluster_wide(
        "mutatingadmissionpolicybindings",
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicyBinding",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("mutatingadmissionpolicybinding", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_mutatingadmissionpolicybinding_info",
            "The policy that is bound, its parameters, and what happens where these do not exist.",
            |binding, rows| rows.info(&binding.body.spec.labels()),
        ),
        Family::created(Alpha, "kube_mutatingadmissionpolicybinding_created"),
    ];
}
