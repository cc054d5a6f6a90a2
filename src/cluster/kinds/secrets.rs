//! Secrets: that they exist, and of which type they are. What is in them is passed over while it is read, and kept nowhere;
//! only the certificates that a server shows to everybody are looked at, where that is asked for.

use std::{fmt, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny},
};
use serde_json::value::RawValue;
use x509_parser::pem::Pem;

use crate::cluster::{
    collector::Shelf,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Entry, Kind, Part, Resource},
    object::{Body, Metadata},
    own::{All, Own},
    pool::Word,
    rows::Rows,
    wire::{Text, Time},
};

/// Its place among the kinds: what is in a secret is looked at only where the settings say so.
pub(super) const ENTRY: Entry = Entry {
    collector: |settings| {
        if settings.tls_secrets {
            Arc::new(Shelf::<Secret<Leaf>>::new(settings))
        } else {
            Arc::new(Shelf::<Secret<Unread>>::new(settings))
        }
    },
    ..Entry::of::<Secret<Leaf>>()
};

/// What is kept of a secret.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default, bound = "C: Content")]
struct Secret<C: Content> {
    #[serde(rename = "type")]
    kind: Word,
    data: C,
}

/// What is kept of what is in a secret.
trait Content:
    for<'de> Deserialize<'de> + Default + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// What no peer shows of it.
    const OWN: &'static [Own<Secret<Self>>];
}

/// Nothing.
#[derive(Debug, PartialEq, Default)]
struct Unread;

/// The first certificate under `tls.crt`: that of the server itself.
#[derive(Debug, PartialEq, Default)]
struct Leaf(Option<Certificate>);

#[derive(Debug, PartialEq)]
struct Certificate {
    common_name: Box<str>,
    not_after: Time,
}

/// The type of secrets that hold a certificate and its key.
const TLS: &str = "kubernetes.io/tls";

/// Characters of a name that are kept; a host's has no more.
const NAME: usize = 253;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Content for Unread {
    const OWN: &'static [Own<Secret<Self>>] = &[];
}

impl<'de> Deserialize<'de> for Leaf {
    /// Never fails over what it finds: an error would quote it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound(deserialize = "'de: 'a"))]
        struct Data<'a> {
            #[serde(rename = "tls.crt")]
            certificates: Text<'a>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let data: Option<Data<'_>> = serde_json::from_str(raw.get()).ok();
        Ok(Self(data.and_then(|data| Certificate::read(&data.certificates))))
    }
}

impl Content for Leaf {
    const OWN: &'static [Own<Secret<Self>>] = &[Own::gauge(
        "noroshi_kube_secret_tls_not_after_timestamp_seconds",
        "When the certificate in a secret of the type `kubernetes.io/tls` expires, as seconds since the epoch. Only with \
         `tls_secrets = true`.",
        &["namespace", "secret", "common_name"],
        expiries,
    )];
}

fn expiries(secrets: &All<'_, Secret<Leaf>>, rows: &mut Rows<'_>) {
    for secret in secrets.objects {
        let Leaf(Some(certificate)) = &secret.body.data else { continue };
        let Some(not_after) = certificate.not_after.get() else { continue };
        let labels = [
            ("namespace", &*secret.meta.namespace),
            ("secret", &*secret.meta.name),
            ("common_name", &*certificate.common_name),
        ];
        rows.row(&labels, not_after);
    }
}

impl Certificate {
    fn read(base64: &str) -> Option<Self> {
        let pem = BASE64_STANDARD.decode(base64).ok()?;
        let pem = Pem::iter_from_buffer(&pem).next()?.ok()?;
        let certificate = pem.parse_x509().ok()?;
        let name = certificate.subject().iter_common_name().next();
        let name = name.and_then(|name| name.as_str().ok()).unwrap_or_default();
        let not_after = certificate.validity().not_after.timestamp();
        Some(Self {
            common_name: name.chars().take(NAME).collect::<String>().into(),
            not_after: Timestamp::from_second(not_after).ok()?.into(),
        })
    }
}

impl<C: Content> Body for Secret<C> {
    fn take<E: de::Error>(&mut self, _: &Metadata<'_>) -> Result<(), E> {
        if &*self.kind != TLS {
            self.data = C::default();
        }
        Ok(())
    }
}

impl<C: Content> Kind for Secret<C> {
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
    const OWN: &'static [Own<Self>] = C::OWN;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::{Decode, Object, Shown};

    fn read<C: Content>(rest: &str) -> serde_json::Result<Object<Secret<C>>> {
        let json = format!(r#"{{"metadata":{{"name":"a"}},{rest}}}"#);
        Decode::object(&json, &Shown::default()).map(|(secret, _)| secret)
    }

    fn nothing_is_kept_or_told<C: Content>() {
        let secret = |rest: &str| read::<C>(&format!(r#""data":{{"key":"aHVzaA=="}},{rest}"#));
        let kept = secret(r#""stringData":{"key":"hush"},"type":"Opaque""#).unwrap();
        assert_eq!(&*kept.body.kind, "Opaque");
        assert_eq!(kept.body.data, C::default());
        for broken in [r#""type":{"aHVzaA==":"hush"}"#, r#""type":["hush"]"#, r#""type":"hush"#] {
            let told = format!("{:?}", secret(broken).unwrap_err());
            assert!(!told.contains("hush") && !told.contains("aHVz"), "{told}");
        }
    }

    #[test]
    fn nothing_of_what_is_in_a_secret_is_kept_or_told() {
        nothing_is_kept_or_told::<Unread>();
        nothing_is_kept_or_told::<Leaf>();
    }

    #[test]
    fn what_cannot_be_a_certificate_is_passed_over() {
        for data in [
            r#""hush""#,
            "5",
            "null",
            r#"["hush"]"#,
            r#"{"tls.crt":5}"#,
            r#"{"tls.crt":"hush"}"#,
            r#"{"tls.crt":"aHVzaA=="}"#,
        ] {
            let kept = read::<Leaf>(&format!(r#""data":{data},"type":"kubernetes.io/tls""#));
            assert_eq!(kept.unwrap().body.data, Leaf::default(), "{data}");
        }
    }

    #[test]
    fn certificates_are_read_where_that_is_asked_for_and_of_their_type_alone() {
        let mut params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "shop.example");
        params.not_after = rcgen::date_time_ymd(2030, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let data = |kind: &str| {
            let data = serde_json::json!({
                "tls.crt": BASE64_STANDARD.encode(&pem),
                "tls.key": BASE64_STANDARD.encode(key.serialize_pem()),
            });
            format!(r#""data":{data},"type":"{kind}""#)
        };
        let Leaf(leaf) = read::<Leaf>(&data(TLS)).unwrap().body.data;
        let leaf = leaf.unwrap();
        assert_eq!(&*leaf.common_name, "shop.example");
        assert_eq!(leaf.not_after.timestamp().unwrap().to_string(), "2030-02-03T00:00:00Z");
        assert_eq!(read::<Leaf>(&data("Opaque")).unwrap().body.data, Leaf(None));
    }
}
