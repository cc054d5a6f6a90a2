//! Cluster role bindings: which role they give; to whom is not shown.

use serde::Deserialize;

use super::rolebindings::RoleRef;
use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a cluster role binding.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClusterRoleBinding {
    role_ref: RoleRef,
}

impl Body for ClusterRoleBinding {}

impl Kind for ClusterRoleBinding {
    const RESOURCE: Resource = Resource::cluster_wide(
        "clusterrolebindings",
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
    )
    .on_request();
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("clusterrolebinding", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_clusterrolebinding_annotations"),
        Family::labels(Alpha, "kube_clusterrolebinding_labels"),
        Family::alpha(
            "kube_clusterrolebinding_info",
            "The role that the binding gives in the whole cluster.",
            |binding, rows| {
                rows.info(&binding.body.role_ref.labels());
            },
        ),
        Family::created(Alpha, "kube_clusterrolebinding_created"),
        Family::revision(Alpha, "kube_clusterrolebinding_metadata_resource_version"),
    ];
}
