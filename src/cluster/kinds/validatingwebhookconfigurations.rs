//! Configurations of webhooks that check objects: which services answer them.

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
pub(super) struct ValidatingWebhookConfiguration(Webhooks);

impl Body for ValidatingWebhookConfiguration {}

impl Kind for ValidatingWebhookConfiguration {
    const RESOURCE: Resource = Resource::cluster_wide(
        "validatingwebhookconfigurations",
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("validatingwebhookconfiguration", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::exists(Alpha, "kube_validatingwebhookconfiguration_info"),
        Family::created(Alpha, "kube_validatingwebhookconfiguration_created"),
        Family::revision(Alpha, "kube_validatingwebhookconfiguration_metadata_resource_version"),
        Family::alpha(
            "kube_validatingwebhookconfiguration_webhook_clientconfig_service",
            "The service that answers a webhook; empty where it is called by URL.",
            |configuration, rows| configuration.body.0.services(rows),
        ),
    ];
}
