//! Bindings of policies that check objects at admission.

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
pub(super) struct ValidatingAdmissionPolicyBinding {
    spec: BindingSpec,
}

impl Body for ValidatingAdmissionPolicyBinding {}

impl Kind for ValidatingAdmissionPolicyBinding {
    const RESOURCE: Resource = Resource::cluster_wide(
        "validatingadmissionpolicybindings",
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicyBinding",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("validatingadmissionpolicybinding", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_validatingadmissionpolicybinding_info",
            "The policy that is bound, its parameters, and what happens where these do not exist.",
            |binding, rows| rows.info(&binding.body.spec.labels()),
        ),
        Family::created(Alpha, "kube_validatingadmissionpolicybinding_created"),
        Family::alpha(
            "kube_validatingadmissionpolicybinding_validation_action",
            "What happens with objects that fail the policy; a row for each action.",
            |binding, rows| {
                for action in &binding.body.spec.validation_actions {
                    rows.info(&[("action", action)]);
                }
            },
        ),
    ];
}
