//! Storage classes: who makes their volumes, and what becomes of them.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
};

/// What is kept of a storage class.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StorageClass {
    provisioner: Word,
    reclaim_policy: Option<Word>,
    volume_binding_mode: Option<Word>,
}

impl Body for StorageClass {}

impl Kind for StorageClass {
    const RESOURCE: Resource =
        Resource::cluster_wide("storageclasses", "storage.k8s.io", "v1", "StorageClass");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("storageclass", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_storageclass_info",
            "The storage class, with what makes its volumes, when they are bound and what becomes of them.",
            |class, rows| {
                let class = &class.body;
                // What the API server takes where nothing is said.
                let reclaim_policy = class.reclaim_policy.as_deref().unwrap_or("Delete");
                let binding_mode = class.volume_binding_mode.as_deref().unwrap_or("Immediate");
                rows.info(&[
                    ("provisioner", &class.provisioner),
                    ("reclaim_policy", reclaim_policy),
                    ("volume_binding_mode", binding_mode),
                ]);
            },
        ),
        Family::created(Stable, "kube_storageclass_created"),
        Family::annotations(Alpha, "kube_storageclass_annotations"),
        Family::labels(Stable, "kube_storageclass_labels"),
    ];
}
