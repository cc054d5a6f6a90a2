//! Ingress classes: which controller looks after the ingresses of a class.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Alpha},
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
};

/// What is kept of a class.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct IngressClass {
    spec: Spec,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    controller: Word,
}

impl Body for IngressClass {}

impl Kind for IngressClass {
    const RESOURCE: Resource =
        Resource::cluster_wide("ingressclasses", "networking.k8s.io", "v1", "IngressClass")
            .on_request();
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[("ingressclass", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_ingressclass_info",
            "The controller of the ingresses of this class.",
            |class, rows| rows.info(&[("controller", &class.body.spec.controller)]),
        ),
        Family::created(Alpha, "kube_ingressclass_created"),
        Family::annotations(Alpha, "kube_ingressclass_annotations"),
        Family::labels(Alpha, "kube_ingressclass_labels"),
    ];
}
