//! Roles: that they exist; what they allow is not shown.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a role: nothing beside its metadata.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Role {}

impl Body for Role {}

impl Kind for Role {
    const RESOURCE: Resource =
        Resource::namespaced("roles", "rbac.authorization.k8s.io", "v1", "Role")
            .on_request()
            .metadata_only();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("role", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_role_annotations"),
        Family::labels(Alpha, "kube_role_labels"),
        Family::exists(Alpha, "kube_role_info"),
        Family::created(Alpha, "kube_role_created"),
        Family::revision(Alpha, "kube_role_metadata_resource_version"),
    ];
}
