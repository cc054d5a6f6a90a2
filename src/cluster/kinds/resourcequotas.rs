//! Resource quotas: what a namespace may use, and what it uses.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    quantity::Quantity,
    rows::Rows,
    wire::Map,
};

/// What is kept of a resource quota.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResourceQuota {
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    hard: Map<Word, Quantity>,
    used: Map<Word, Quantity>,
}

impl Body for ResourceQuota {}

impl Kind for ResourceQuota {
    const RESOURCE: Resource = Resource::namespaced("resourcequotas", "", "v1", "ResourceQuota");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("resourcequota", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::created(Stable, "kube_resourcequota_created"),
        Family::stable(
            "kube_resourcequota",
            "What may be used (hard) and what is used, by resource, in the resource's own unit: cores, bytes, pieces.",
            quotas,
        ),
        Family::annotations(Alpha, "kube_resourcequota_annotations"),
        Family::labels(Stable, "kube_resourcequota_labels"),
    ];
}

fn quotas(quota: &Object<ResourceQuota>, rows: &mut Rows<'_>) {
    let status = &quota.body.status;
    for (kind, quantities) in [("hard", &status.hard), ("used", &status.used)] {
        for (resource, quantity) in quantities {
            rows.row(&[("resource", resource), ("type", kind)], quantity.fine);
        }
    }
}
