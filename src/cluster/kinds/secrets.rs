//! Secrets: that they exist, and of which type they are. What is in them is passed over while it is read, and kept nowhere.

use serde::Deserialize;

use crate::cluster::{
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::Body,
    pool::Word,
};

/// What is kept of a secret.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Secret {
    #[serde(rename = "type")]
    kind: Word,
}

impl Body for Secret {}

impl Kind for Secret {
    const RESOURCE: Resource = Resource::namespaced("secrets", "", "v1", "Secret");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("secret", Part::Name)];
    const SHOWS_REVISION: bool = true;
    const FAMILIES: &'static [Family<Self>] = &[
        Family::exists(Stable, "kube_secret_info"),
        Family::stable("kube_secret_type", "The type of the secret.", |secret, rows| {
            rows.info(&[("type", &secret.body.kind)]);
        }),
        Family::annotations(Alpha, "kube_secret_annotations"),
        Family::labels(Stable, "kube_secret_labels"),
        Family::created(Stable, "kube_secret_created"),
        Family::revision(Alpha, "kube_secret_metadata_resource_version"),
        Family::owners(Alpha, "kube_secret_owner"),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::{Decode, Shown};

    #[test]
    fn nothing_of_what_is_in_a_secret_is_kept_or_told() {
        let secret = |rest: &str| {
            let json =
                format!(r#"{{"metadata":{{"name":"a"}},"data":{{"key":"aHVzaA=="}},{rest}}}"#);
            Decode::<Secret>::object(&json, &Shown::default())
        };
        let (kept, _) = secret(r#""stringData":{"key":"hush"},"type":"Opaque""#).unwrap();
        assert_eq!(&*kept.body.kind, "Opaque");
        for broken in [r#""type":{"aHVzaA==":"hush"}"#, r#""type":["hush"]"#, r#""type":"hush"#] {
            let told = format!("{:?}", secret(broken).unwrap_err());
            assert!(!told.contains("hush") && !told.contains("aHVz"), "{told}");
        }
    }
}
