//! Volume attachments: which volume is to be attached to which node, and whether it is.

use serde::{Deserialize, de};

use crate::{
    cluster::{
        family::{Family, Stability::Alpha},
        kind::{Kind, Part, Resource},
        object::{Body, Metadata},
        pool::{Shared, Word},
        wire::Map,
    },
    model::Pairs,
};

/// What is kept of a volume attachment.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct VolumeAttachment {
    spec: Spec,
    status: Status,
    /// All of them: this kind shows its labels unasked.
    #[serde(skip)]
    labels: Option<Shared<Pairs>>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    attacher: Word,
    node_name: Word,
    source: Source,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Source {
    persistent_volume_name: Option<Box<str>>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    attached: bool,
    attachment_metadata: Map<Word, Box<str>>,
}

impl Body for VolumeAttachment {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        let labels = metadata.labels()?;
        let labels: Pairs = labels.iter().map(|(key, value)| (key, value)).collect();
        self.labels = Some(Shared::new(labels));
        Ok(())
    }
}

impl Kind for VolumeAttachment {
    const RESOURCE: Resource =
        Resource::cluster_wide("volumeattachments", "storage.k8s.io", "v1", "VolumeAttachment");
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("volumeattachment", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_volumeattachment_labels",
            "Labels of the volume attachment, as labels; all of them.",
            |attachment, rows| rows.pairs("label", attachment.body.labels.as_deref()),
        ),
        Family::alpha(
            "kube_volumeattachment_info",
            "The volume attachment, with its node and what attaches the volume to it.",
            |attachment, rows| {
                let spec = &attachment.body.spec;
                rows.info(&[("attacher", &spec.attacher), ("node", &spec.node_name)]);
            },
        ),
        Family::created(Alpha, "kube_volumeattachment_created"),
        Family::alpha(
            "kube_volumeattachment_spec_source_persistentvolume",
            "The volume that is attached, if it stands in an object of its own.",
            |attachment, rows| {
                if let Some(name) = &attachment.body.spec.source.persistent_volume_name {
                    rows.info(&[("volumename", name)]);
                }
            },
        ),
        Family::alpha(
            "kube_volumeattachment_status_attached",
            "Whether the volume is attached.",
            |attachment, rows| rows.value(attachment.body.status.attached),
        ),
        Family::alpha(
            "kube_volumeattachment_status_attachment_metadata",
            "What was said when the volume was attached, as labels.",
            |attachment, rows| {
                let said = attachment.body.status.attachment_metadata.iter();
                rows.mapped("metadata", said.map(|(key, value)| (&**key, &**value)));
            },
        ),
    ];
}
