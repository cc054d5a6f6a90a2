//! What a volume is made of.

use serde::Deserialize;

use crate::cluster::{pool::Word, wire::List};

/// What a volume is made of, as far as it is shown.
#[derive(Debug, PartialEq, Default)]
pub(super) enum Source {
    /// Nothing that is shown.
    #[default]
    Other,
    GcePersistentDisk(GcePersistentDisk),
    AwsElasticBlockStore(AwsElasticBlockStore),
    AzureDisk(AzureDisk),
    Fc(Fc),
    Iscsi(Iscsi),
    Nfs(Nfs),
    Csi(Csi),
    Local(Local),
    HostPath(HostPath),
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GcePersistentDisk {
    pd_name: Box<str>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct AwsElasticBlockStore {
    #[serde(rename = "volumeID")]
    volume_id: Box<str>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AzureDisk {
    disk_name: Box<str>,
}

/// Its numbers and lists as they are shown.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(from = "WireFc")]
pub(super) struct Fc {
    wwids: Box<str>,
    lun: Box<str>,
    target_wwns: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireFc {
    lun: Option<i32>,
    #[serde(rename = "targetWWNs")]
    target_wwns: List<Box<str>>,
    wwids: List<Box<str>>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Iscsi {
    target_portal: Box<str>,
    iqn: Box<str>,
    lun: Lun,
    initiator_name: Option<Box<str>>,
}

/// A number as text.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(from = "i32")]
struct Lun(Box<str>);

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Nfs {
    server: Word,
    path: Box<str>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Csi {
    driver: Word,
    volume_handle: Box<str>,
    volume_attributes: Option<Attributes>,
}

/// What Ceph's driver keeps here.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attributes {
    pub(super) mounter: Word,
    pub(super) map_options: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Local {
    path: Box<str>,
    fs_type: Option<Word>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct HostPath {
    path: Box<str>,
    r#type: Option<Word>,
}

impl From<WireFc> for Fc {
    fn from(fc: WireFc) -> Self {
        Self {
            wwids: joined(&fc.wwids),
            lun: fc.lun.map(|lun| Lun::from(lun).0).unwrap_or_default(),
            target_wwns: joined(&fc.target_wwns),
        }
    }
}

impl From<i32> for Lun {
    fn from(lun: i32) -> Self {
        Self(itoa::Buffer::new().format(lun).into())
    }
}

impl Default for Lun {
    fn default() -> Self {
        0.into()
    }
}

/// With commas, but none before the first text that is not empty.
fn joined(texts: &[Box<str>]) -> Box<str> {
    let mut all = String::new();
    for text in texts {
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(text);
    }
    all.into()
}

impl Csi {
    /// What is shown elsewhere; empty without.
    pub(super) fn take_attributes(&mut self) -> Attributes {
        self.volume_attributes.take().unwrap_or_default()
    }
}

/// The labels of all sources.
const LABELS: [&str; 18] = [
    "gce_persistent_disk_name",
    "ebs_volume_id",
    "azure_disk_name",
    "fc_wwids",
    "fc_lun",
    "fc_target_wwns",
    "iscsi_target_portal",
    "iscsi_iqn",
    "iscsi_lun",
    "iscsi_initiator_name",
    "nfs_server",
    "nfs_path",
    "csi_driver",
    "csi_volume_handle",
    "local_path",
    "local_fs",
    "host_path",
    "host_path_type",
];

impl Source {
    /// The labels of all sources; those of other sources than this are empty.
    pub(super) fn labels(&self) -> [(&'static str, &str); 18] {
        LABELS.map(|label| (label, self.label(label).unwrap_or_default()))
    }

    fn label(&self, label: &str) -> Option<&str> {
        Some(match (self, label) {
            (Self::GcePersistentDisk(disk), "gce_persistent_disk_name") => &disk.pd_name,
            (Self::AwsElasticBlockStore(disk), "ebs_volume_id") => &disk.volume_id,
            (Self::AzureDisk(disk), "azure_disk_name") => &disk.disk_name,
            (Self::Fc(fc), "fc_wwids") => &fc.wwids,
            (Self::Fc(fc), "fc_lun") => &fc.lun,
            (Self::Fc(fc), "fc_target_wwns") => &fc.target_wwns,
            (Self::Iscsi(iscsi), "iscsi_target_portal") => &iscsi.target_portal,
            (Self::Iscsi(iscsi), "iscsi_iqn") => &iscsi.iqn,
            (Self::Iscsi(iscsi), "iscsi_lun") => &iscsi.lun.0,
            (Self::Iscsi(iscsi), "iscsi_initiator_name") => iscsi.initiator_name.as_deref()?,
            (Self::Nfs(nfs), "nfs_server") => &nfs.server,
            (Self::Nfs(nfs), "nfs_path") => &nfs.path,
            (Self::Csi(csi), "csi_driver") => &csi.driver,
            (Self::Csi(csi), "csi_volume_handle") => &csi.volume_handle,
            (Self::Local(local), "local_path") => &local.path,
            (Self::Local(local), "local_fs") => local.fs_type.as_deref()?,
            (Self::HostPath(host), "host_path") => &host.path,
            (Self::HostPath(host), "host_path_type") => host.r#type.as_deref()?,
            _ => return None,
        })
    }
}
