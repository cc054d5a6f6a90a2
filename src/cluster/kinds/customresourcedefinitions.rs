//! Definitions of custom resources: whether they are in force, and in which versions objects are served and stored.

use serde::Deserialize;

use crate::cluster::{
    condition::Condition,
    family::Family,
    kind::{Kind, Part, Resource},
    object::Body,
    own::{All, Own},
    pool::Word,
    rows::Rows,
    wire::List,
};

/// What is kept of a definition.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomResourceDefinition {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    versions: List<Version>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Version {
    name: Word,
    served: bool,
    storage: bool,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    conditions: List<Condition>,
    stored_versions: List<Word>,
}

impl Body for CustomResourceDefinition {}

impl Kind for CustomResourceDefinition {
    const RESOURCE: Resource = Resource::cluster_wide(
        "customresourcedefinitions",
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
    )
    .ours();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("customresourcedefinition", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[];
    const OWN: &'static [Own<Self>] = &[
        Own::gauge(
            "noroshi_kube_crd_condition",
            "Conditions of the definition of a custom resource, with the status that each has; always 1.",
            &["crd", "condition", "status", "reason"],
            conditions,
        ),
        Own::gauge(
            "noroshi_kube_crd_version",
            "Versions of the custom resource: whether one is served, whether objects are written in it, and whether some may \
             still be stored in it; always 1.",
            &["crd", "version", "served", "storage", "stored"],
            versions,
        ),
    ];
}

fn conditions(definitions: &All<'_, CustomResourceDefinition>, rows: &mut Rows<'_>) {
    for definition in definitions.objects {
        for condition in &definition.body.status.conditions {
            rows.info(&[
                ("crd", &definition.meta.name),
                ("condition", &condition.kind),
                ("status", &condition.status),
                ("reason", &condition.reason),
            ]);
        }
    }
}

fn versions(definitions: &All<'_, CustomResourceDefinition>, rows: &mut Rows<'_>) {
    let word = |is: bool| if is { "true" } else { "false" };
    for definition in definitions.objects {
        let CustomResourceDefinition { spec, status } = &definition.body;
        let mut row = |version: &Word, served: bool, storage: bool, stored: bool| {
            rows.info(&[
                ("crd", &definition.meta.name),
                ("version", version),
                ("served", word(served)),
                ("storage", word(storage)),
                ("stored", word(stored)),
            ]);
        };
        for version in &spec.versions {
            let is_stored = status.stored_versions.contains(&version.name);
            row(&version.name, version.served, version.storage, is_stored);
        }
        // Stored, and defined no more: such objects cannot be read.
        for stored in &status.stored_versions {
            if spec.versions.iter().all(|version| version.name != *stored) {
                row(stored, false, false, true);
            }
        }
    }
}
