//! Certificate signing requests: whether they were granted, and how long the certificate is.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    rows::{Number, Rows},
    wire::List,
};

/// What is kept of a request.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct CertificateSigningRequest {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    signer_name: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: List<Condition>,
    certificate: Length,
}

/// A condition of which only the type counts: the others have no status but `True`.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: Word,
}

/// How many bytes stand in Base64 in the wire.
#[derive(Debug, PartialEq, Default)]
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?.unwrap_or_default();
        let digits = text.trim_end_matches('=').len();
        Ok(Self(digits * 3 / 4))
    }
}

impl Body for CertificateSigningRequest {}

impl Kind for CertificateSigningRequest {
    const RESOURCE: Resource = Resource::cluster_wide(
        "certificatesigningrequests",
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] = &[
        ("certificatesigningrequest", Part::Name),
        ("signer_name", Part::Of(|request| &request.body.spec.signer_name)),
    ];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::annotations(Alpha, "kube_certificatesigningrequest_annotations"),
        Family::labels(Stable, "kube_certificatesigningrequest_labels"),
        Family::created(Stable, "kube_certificatesigningrequest_created"),
        Family::stable(
            "kube_certificatesigningrequest_condition",
            "How many conditions of each type the request has.",
            conditions,
        ),
        Family::stable(
            "kube_certificatesigningrequest_cert_length",
            "Length of the certificate as PEM, in bytes; 0 before it is issued.",
            |request, rows| rows.value(request.body.status.certificate.0),
        ),
    ];
}

fn conditions(request: &Object<CertificateSigningRequest>, rows: &mut Rows<'_>) {
    for (word, kind) in [("approved", "Approved"), ("denied", "Denied"), ("failed", "Failed")] {
        let conditions = &request.body.status.conditions;
        let count = conditions.iter().filter(|condition| *condition.kind == *kind).count();
        rows.row(&[("condition", word)], count.float());
    }
}
