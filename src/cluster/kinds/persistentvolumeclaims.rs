//! Persistent volume claims: what is asked for, and which volume was given.

use serde::{Deserialize, de};

use crate::cluster::{
    condition::Condition,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Metadata},
    pool::Word,
    quantity::Quantity,
    wire::List,
};

/// What is kept of a claim.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct PersistentVolumeClaim {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    storage_class_name: Word,
    volume_name: Box<str>,
    volume_mode: Word,
    access_modes: List<Word>,
    resources: Resources,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: Option<Requests>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Requests {
    storage: Option<Quantity>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Word,
    conditions: List<Condition>,
}

/// Where the storage class stood before there was a field for it; it still comes first.
const CLASS: &str = "volume.beta.kubernetes.io/storage-class";

impl Body for PersistentVolumeClaim {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        if let Some(class) = metadata.annotations()?.get(CLASS) {
            self.spec.storage_class_name = Word::new(&**class);
        }
        Ok(())
    }
}

impl Kind for PersistentVolumeClaim {
    const RESOURCE: Resource =
        Resource::namespaced("persistentvolumeclaims", "", "v1", "PersistentVolumeClaim");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("persistentvolumeclaim", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::labels(Stable, "kube_persistentvolumeclaim_labels"),
        Family::annotations(Alpha, "kube_persistentvolumeclaim_annotations"),
        Family::stable(
            "kube_persistentvolumeclaim_info",
            "The claim, with its storage class and the volume that was given to it.",
            |claim, rows| {
                let spec = &claim.body.spec;
                rows.info(&[
                    ("storageclass", &spec.storage_class_name),
                    ("volumename", &spec.volume_name),
                    ("volumemode", &spec.volume_mode),
                ]);
            },
        ),
        Family::stable(
            "kube_persistentvolumeclaim_status_phase",
            "The phase of the claim, with a row for each phase.",
            |claim, rows| {
                let phase = &claim.body.status.phase;
                if !phase.is_empty() {
                    rows.one_of("phase", &["Lost", "Bound", "Pending"], phase);
                }
            },
        ),
        Family::stable(
            "kube_persistentvolumeclaim_resource_requests_storage_bytes",
            "How many bytes the claim asks for.",
            |claim, rows| {
                let requests = claim.body.spec.resources.requests.as_ref();
                let storage = requests.and_then(|requests| requests.storage);
                rows.value_of(storage.map(|storage| storage.whole));
            },
        ),
        Family::stable(
            "kube_persistentvolumeclaim_access_mode",
            "The ways in which the claim wants to use its volume.",
            |claim, rows| {
                for mode in &claim.body.spec.access_modes {
                    rows.info(&[("access_mode", mode)]);
                }
            },
        ),
        Family::alpha(
            "kube_persistentvolumeclaim_status_condition",
            "Conditions of the claim, with a row for each status they may have.",
            |claim, rows| rows.conditions(&claim.body.status.conditions),
        ),
        Family::created(Alpha, "kube_persistentvolumeclaim_created"),
        Family::deleted(Alpha, "kube_persistentvolumeclaim_deletion_timestamp"),
    ];
}
