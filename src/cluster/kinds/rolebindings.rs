//! Role bindings: which role they give; to whom is not shown.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
};

/// What is kept of a role binding.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RoleBinding {
    role_ref: RoleRef,
}

/// The role that a binding gives.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct RoleRef {
    kind: Word,
    name: Word,
}

impl RoleRef {
    pub(super) fn labels(&self) -> [(&str, &str); 2] {
        [("roleref_kind", &self.kind), ("roleref_name", &self.name)]
    }
}

impl Body for RoleBinding {}

impl Kind for RoleBinding {
    const RESOURCE: Resource =
        Resource::namespaced("rolebindings", "rbac.authorization.k8s.io", "v1", "RoleBinding")
            .on_request();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("rolebinding", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_rolebinding_annotations"),
        Family::labels(Alpha, "kube_rolebinding_labels"),
        Family::alpha(
            "kube_rolebinding_info",
            "The role that the binding gives.",
            |binding, rows| {
                rows.info(&binding.body.role_ref.labels());
            },
        ),
        Family::created(Alpha, "kube_rolebinding_created"),
        Family::revision(Alpha, "kube_rolebinding_metadata_resource_version"),
    ];
}
