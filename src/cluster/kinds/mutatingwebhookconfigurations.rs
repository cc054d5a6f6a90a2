//! Configurations of webhooks that change objects: which services answer them.

use serde::Deserialize;

use crate::cluster::{
    admission::Webhooks,
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
};

/// What is kept of a configuration.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct MutatingWebhookConfiguration(Webhooks);

impl Body for MutatingWebhookConfiguration {}

impl Kind for MutatingWebhookConfiguration {
    const RESOURCE: Resource = Resource::cluster_wide(
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("mutatingwebhookconfiguration", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::exists(Alpha, "kube_mutatingwebhookconfiguration_info"),
        Family::created(Alpha, "kube_mutatingwebhookconfiguration_created"),
        Family::revision(Alpha, "kube_mutatingwebhookconfiguration_metadata_resource_version"),
        Family::alpha(
            "kube_mutatingwebhookconfiguration_webhook_clientconfig_service",
            "The service that answers a webhook; empty where it is called by URL.",
            |configuration, rows| configuration.body.0.services(rows),
        ),
    ];
}
