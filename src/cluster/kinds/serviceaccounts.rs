//! Service accounts: the secrets they name, and whether pods get their token.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
    rows::Rows,
    wire::{List, flag},
};

/// What is kept of a service account.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceAccount {
    automount_service_account_token: Option<bool>,
    secrets: List<Reference>,
    image_pull_secrets: List<Reference>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Reference {
    name: Word,
}

impl Body for ServiceAccount {}

impl Kind for ServiceAccount {
    const RESOURCE: Resource =
        Resource::namespaced("serviceaccounts", "", "v1", "ServiceAccount").on_request();
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("serviceaccount", Part::Name), ("uid", Part::Uid)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_serviceaccount_info",
            "Whether pods of the service account get its token; empty where it does not say.",
            |account, rows| {
                let token = flag(account.body.automount_service_account_token);
                rows.info(&[("automount_token", token)]);
            },
        ),
        Family::created(Alpha, "kube_serviceaccount_created"),
        Family::deleted(Alpha, "kube_serviceaccount_deleted"),
        Family::alpha(
            "kube_serviceaccount_secret",
            "Secrets that pods of the service account may use; a row for each.",
            |account, rows| names(&account.body.secrets, rows),
        ),
        Family::alpha(
            "kube_serviceaccount_image_pull_secret",
            "Secrets that images are pulled with for pods of the service account; a row for each.",
            |account, rows| names(&account.body.image_pull_secrets, rows),
        ),
        Family::annotations(Alpha, "kube_serviceaccount_annotations"),
        Family::labels(Alpha, "kube_serviceaccount_labels"),
    ];
}

fn names(references: &List<Reference>, rows: &mut Rows<'_>) {
    for reference in references {
        rows.info(&[("name", &reference.name)]);
    }
}
