//! Persistent volumes: what they are, and who claims them.
//!
//! Contract: `source` knows what a volume is made of; this file has the rest.

mod source;

use std::borrow::Cow;

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    own::{All, Own, Sums},
    pool::Word,
    quantity::Quantity,
    rows::Rows,
    wire::List,
};
use source::{
    Attributes, AwsElasticBlockStore, AzureDisk, Csi, Fc, GcePersistentDisk, HostPath, Iscsi,
    Local, Nfs, Source,
};

/// What is kept of a volume.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct PersistentVolume {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(from = "WireSpec")]
struct Spec {
    claim: Option<Claim>,
    class: Word,
    reclaim_policy: Word,
    mode: Option<Word>,
    access_modes: List<Word>,
    bytes: f64,
    source: Source,
    /// Of a CSI volume, whether that is what is shown as the source or not.
    csi: Option<Attributes>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Claim {
    name: Box<str>,
    namespace: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Word,
}

/// The spec as it stands in the wire: one of the sources is there.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    claim_ref: Option<Claim>,
    storage_class_name: Word,
    persistent_volume_reclaim_policy: Word,
    volume_mode: Option<Word>,
    access_modes: List<Word>,
    capacity: Option<Capacity>,
    gce_persistent_disk: Option<GcePersistentDisk>,
    aws_elastic_block_store: Option<AwsElasticBlockStore>,
    azure_disk: Option<AzureDisk>,
    fc: Option<Fc>,
    iscsi: Option<Iscsi>,
    nfs: Option<Nfs>,
    csi: Option<Csi>,
    local: Option<Local>,
    host_path: Option<HostPath>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capacity {
    storage: Option<Quantity>,
}

impl From<WireSpec> for Spec {
    fn from(mut spec: WireSpec) -> Self {
        let csi = spec.csi.as_mut().map(Csi::take_attributes);
        let storage = spec.capacity.and_then(|capacity| capacity.storage);
        // Of several sources the first is shown.
        let source = None
            .or(spec.gce_persistent_disk.map(Source::GcePersistentDisk))
            .or(spec.aws_elastic_block_store.map(Source::AwsElasticBlockStore))
            .or(spec.azure_disk.map(Source::AzureDisk))
            .or(spec.fc.map(Source::Fc))
            .or(spec.iscsi.map(Source::Iscsi))
            .or(spec.nfs.map(Source::Nfs))
            .or(spec.csi.map(Source::Csi))
            .or(spec.local.map(Source::Local))
            .or(spec.host_path.map(Source::HostPath));
        Self {
            claim: spec.claim_ref,
            class: spec.storage_class_name,
            reclaim_policy: spec.persistent_volume_reclaim_policy,
            mode: spec.volume_mode,
            access_modes: spec.access_modes,
            bytes: storage.map_or(0.0, |storage| storage.whole),
            source: source.unwrap_or_default(),
            csi,
        }
    }
}

impl Body for PersistentVolume {}

impl Kind for PersistentVolume {
    const RESOURCE: Resource =
        Resource::cluster_wide("persistentvolumes", "", "v1", "PersistentVolume");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("persistentvolume", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_persistentvolume_claim_ref",
            "The claim that the volume was given to.",
            |volume, rows| {
                if let Some(claim) = &volume.body.spec.claim {
                    rows.info(&[("name", &claim.name), ("claim_namespace", &claim.namespace)]);
                }
            },
        ),
        Family::annotations(Alpha, "kube_persistentvolume_annotations"),
        Family::labels(Stable, "kube_persistentvolume_labels"),
        Family::stable(
            "kube_persistentvolume_status_phase",
            "The phase of the volume, with a row for each phase.",
            |volume, rows| {
                let phase = &volume.body.status.phase;
                if !phase.is_empty() {
                    rows.one_of("phase", PHASES, phase);
                }
            },
        ),
        Family::stable(
            "kube_persistentvolume_info",
            "The volume, with its storage class and what it is made of.",
            info,
        ),
        Family::stable(
            "kube_persistentvolume_capacity_bytes",
            "How many bytes the volume holds.",
            |volume, rows| rows.value(volume.body.spec.bytes),
        ),
        Family::created(Alpha, "kube_persistentvolume_created"),
        Family::deleted(Alpha, "kube_persistentvolume_deletion_timestamp"),
        Family::alpha(
            "kube_persistentvolume_csi_attributes",
            "How Ceph's driver mounts the volume.",
            csi_attributes,
        )
        .opt_in(),
        Family::alpha(
            "kube_persistentvolume_volume_mode",
            "Whether the volume is a file system or a block device.",
            |volume, rows| {
                let mode = volume.body.spec.mode.as_deref().unwrap_or("Filesystem");
                rows.info(&[("volumemode", mode)]);
            },
        ),
        Family::alpha(
            "kube_persistentvolume_access_mode",
            "The ways in which the volume may be used.",
            |volume, rows| {
                for mode in &volume.body.spec.access_modes {
                    rows.info(&[("access_mode", mode)]);
                }
            },
        ),
    ];
    const OWN: &'static [Own<Self>] = &[
        Own::gauge(
            "noroshi_kube_persistentvolumes",
            "Volumes by storage class and phase.",
            &["storageclass", "phase"],
            |volumes, rows| sums(volumes, |_| 1.0).write(["storageclass", "phase"], rows),
        ),
        Own::gauge(
            "noroshi_kube_persistentvolumes_capacity_bytes",
            "What the volumes hold together, by storage class and phase.",
            &["storageclass", "phase"],
            |volumes, rows| {
                sums(volumes, |volume| volume.spec.bytes).write(["storageclass", "phase"], rows);
            },
        ),
        Own::gauge(
            "noroshi_kube_persistentvolume_orphan_bytes",
            "What a volume holds that is released: its claim, which the row names, is gone, and nobody else is given it.",
            &["persistentvolume", "storageclass", "reclaim_policy", "namespace", "claim"],
            orphans,
        ),
    ];
}

fn sums<'a>(
    volumes: &All<'a, PersistentVolume>,
    value: fn(&PersistentVolume) -> f64,
) -> Sums<'a, 2> {
    let mut all = Sums::new();
    let objects: &'a [_] = volumes.objects;
    for volume in objects {
        let words = [&*volume.body.spec.class, &*volume.body.status.phase];
        all.add(words.map(Cow::Borrowed), value(&volume.body));
    }
    all
}

fn orphans(volumes: &All<'_, PersistentVolume>, rows: &mut Rows<'_>) {
    for volume in volumes.objects.iter().filter(|v| &*v.body.status.phase == "Released") {
        let spec = &volume.body.spec;
        let claim = spec.claim.as_ref();
        let labels = [
            ("persistentvolume", &*volume.meta.name),
            ("storageclass", &*spec.class),
            ("reclaim_policy", &*spec.reclaim_policy),
            ("namespace", claim.map_or("", |claim| &claim.namespace)),
            ("claim", claim.map_or("", |claim| &claim.name)),
        ];
        rows.row(&labels, spec.bytes);
    }
}

const PHASES: &[&str] = &["Pending", "Available", "Bound", "Released", "Failed"];

fn info(volume: &Object<PersistentVolume>, rows: &mut Rows<'_>) {
    let spec = &volume.body.spec;
    let source = spec.source.labels();
    let labels: Vec<(&str, &str)> = [("storageclass", &*spec.class)]
        .into_iter()
        .chain(source)
        .chain([("reclaim_policy", &*spec.reclaim_policy)])
        .collect();
    rows.info(&labels);
}

fn csi_attributes(volume: &Object<PersistentVolume>, rows: &mut Rows<'_>) {
    if let Some(csi) = &volume.body.spec.csi {
        rows.info(&[("csi_mounter", &csi.mounter), ("csi_map_options", &csi.map_options)]);
    }
}
