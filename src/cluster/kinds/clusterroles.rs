//! Cluster roles: that they exist; what they allow is not shown.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a cluster role: nothing beside its metadata.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ClusterRole {}

impl Body for ClusterRole {}

impl Kind for ClusterRole {
    const RESOURCE: Resource =
        Resource::cluster_wide("clusterroles", "rbac.authorization.k8s.io", "v1", "ClusterRole")
            .on_request()
            .metadata_only();
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("clusterrole", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_clusterrole_annotations"),
        Family::labels(Alpha, "kube_clusterrole_labels"),
        Family::exists(Alpha, "kube_clusterrole_info"),
        Family::created(Alpha, "kube_clusterrole_created"),
        Family::revision(Alpha, "kube_clusterrole_metadata_resource_version"),
    ];
}
