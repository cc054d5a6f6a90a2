//! Config maps: that they exist; what is in them is never fetched.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a config map: nothing beside its metadata.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ConfigMap {}

impl Body for ConfigMap {}

impl Kind for ConfigMap {
    const RESOURCE: Resource =
        Resource::namespaced("configmaps", "", "v1", "ConfigMap").metadata_only();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("configmap", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_configmap_annotations"),
        Family::labels(Stable, "kube_configmap_labels"),
        Family::exists(Stable, "kube_configmap_info"),
        Family::created(Stable, "kube_configmap_created"),
        Family::revision(Alpha, "kube_configmap_metadata_resource_version"),
    ];
}
