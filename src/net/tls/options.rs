use std::path::PathBuf;

use rustls::{SupportedProtocolVersion, pki_types::ServerName, version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pem::Pem;
use crate::{
    model::{Failure, Problem, Reason, Secret},
    net::zone,
};

/// A TLS protocol version, as Prometheus' `tls_config` writes it; `TLS 1.3` is understood too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.0, which no connection is made with: RFC 8996 deprecates it.
    #[serde(rename = "TLS10", alias = "TLS 1.0")]
    Tls10,
    /// TLS 1.1, the same.
    #[serde(rename = "TLS11", alias = "TLS 1.1")]
    Tls11,
    /// TLS 1.2
    #[serde(rename = "TLS12", alias = "TLS 1.2")]
    Tls12,
    /// TLS 1.3
    #[serde(rename = "TLS13", alias = "TLS 1.3")]
    Tls13,
}

impl TlsVersion {
    /// As facts name it: `TLS 1.3`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }

    /// Whether a connection may be made with it.
    pub const fn is_spoken(self) -> bool {
        matches!(self, Self::Tls12 | Self::Tls13)
    }
}

/// By hand, because the derived one knows no aliases.
impl JsonSchema for TlsVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TlsVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words =
            ["TLS10", "TLS11", "TLS12", "TLS13", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"];
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}

/// How a TLS connection is made; the keys are those of Prometheus' `tls_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// Roots to trust instead of the system's, PEM. Read again when the file changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The same, PEM as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Our certificate chain, PEM. Needs `key_file` or `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The same, PEM as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// The key of our certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The same, PEM as text; prefer the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// The name asked for (SNI) and verified, where it is not the target's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The lowest version offered; below TLS 1.2 it changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// The highest version offered. TLS 1.0 and 1.1 are not spoken: a run with them fails of `tls_unsupported_version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
    /// Go on although the chain does not verify. The facts still tell.
    pub insecure_skip_verify: bool,
}

impl TlsOptions {
    /// Mistakes that no single value shows: the key and one sentence each.
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let both = [
            ("ca", self.ca.is_some() && self.ca_file.is_some()),
            ("cert", self.cert.is_some() && self.cert_file.is_some()),
            ("key", self.key.is_some() && self.key_file.is_some()),
        ];
        for (key, _) in both.into_iter().filter(|(_, both)| *both) {
            found.push((key, format!("`{key}` and `{key}_file` say the same: one is enough")));
        }
        let written = |in_file: bool, file, text| if in_file { file } else { text };
        match (self.cert_pem(), self.key_pem()) {
            (Some(_), None) => {
                let key = written(self.cert_file.is_some(), "cert_file", "cert");
                found.push((key, format!("`{key}` needs `key_file` or `key`")));
            }
            (None, Some(_)) => {
                let key = written(self.key_file.is_some(), "key_file", "key");
                found.push((key, format!("`{key}` needs `cert_file` or `cert`")));
            }
            _ => {}
        }
        for (key, pem) in [("ca", self.ca_pem()), ("cert", self.cert_pem())] {
            if let Some(Err(failure)) = pem.filter(Pem::is_text).map(Pem::certificates) {
                found.push((key, failure.detail));
            }
        }
        if let Some(Err(failure)) = self.key_pem().filter(Pem::is_text).map(Pem::key) {
            found.push(("key", failure.detail));
        }
        if self.min_version.zip(self.max_version).is_some_and(|(min, max)| min > max) {
            found.push(("min_version", "`min_version` is above `max_version`".to_owned()));
        }
        if let Some(name) = self.server_name.as_deref().filter(|name| server_name(name).is_none()) {
            found.push(("server_name", format!("`{name}` is neither a DNS name nor an address")));
        }
        found
    }

    /// The same as [`Problem`]s; `prefix` is the path of their table, with its dot.
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let problem =
            |(key, message)| Problem { path: format!("{prefix}{key}"), message, hint: None };
        self.mistakes().into_iter().map(problem).collect()
    }

    /// Roots to trust instead of the system's.
    pub(super) fn ca_pem(&self) -> Option<Pem<'_>> {
        Pem::of("tls.ca", self.ca_file.as_deref(), self.ca.as_deref())
    }

    /// Our certificate chain.
    pub(super) fn cert_pem(&self) -> Option<Pem<'_>> {
        Pem::of("tls.cert", self.cert_file.as_deref(), self.cert.as_deref())
    }

    /// Our key.
    pub(super) fn key_pem(&self) -> Option<Pem<'_>> {
        Pem::of("tls.key", self.key_file.as_deref(), self.key.as_ref().map(Secret::expose))
    }

    /// The versions to offer.
    ///
    /// # Errors
    /// `tls_unsupported_version` when the bounds leave none that is spoken here.
    pub(super) fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Failure> {
        let offered = |of: TlsVersion| {
            self.min_version.is_none_or(|min| min <= of)
                && self.max_version.is_none_or(|max| of <= max)
        };
        let all = [(TlsVersion::Tls13, &version::TLS13), (TlsVersion::Tls12, &version::TLS12)];
        let versions: Vec<_> =
            all.into_iter().filter(|(of, _)| offered(*of)).map(|(_, version)| version).collect();
        if !versions.is_empty() {
            return Ok(versions);
        }
        let bound = |version: Option<TlsVersion>| version.map_or("not set", TlsVersion::word);
        let (min, max) = (bound(self.min_version), bound(self.max_version));
        let detail = format!(
            "noroshi speaks TLS 1.2 and TLS 1.3, but `tls.min_version` is {min} and `tls.max_version` is {max}"
        );
        Err(Failure::new(Reason::TlsUnsupportedVersion, detail))
    }
}

/// A host as TLS names it: without brackets, and without the root's dot, which RFC 6066 keeps out of SNI.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let bare = zone::bare(bare.strip_suffix('.').unwrap_or(bare));
    ServerName::try_from(bare.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_name_their_key() {
        let options = TlsOptions {
            cert_file: Some("cert.pem".into()),
            min_version: Some(TlsVersion::Tls13),
            max_version: Some(TlsVersion::Tls12),
            server_name: Some("not a name".into()),
            ..TlsOptions::default()
        };
        let keys: Vec<_> = options.mistakes().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["cert_file", "min_version", "server_name"]);
        assert!(TlsOptions::default().mistakes().is_empty());
    }

    #[test]
    fn each_thing_is_said_once_and_texts_are_read_at_once() {
        let options = TlsOptions {
            ca: Some("hunter2".into()),
            ca_file: Some("ca.pem".into()),
            cert: Some("hunter2".into()),
            ..TlsOptions::default()
        };
        let mistakes = options.mistakes();
        let keys: Vec<_> = mistakes.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["ca", "cert", "cert"], "{mistakes:?}");
        let options = TlsOptions { key: Some(Secret::new("hunter2")), ..TlsOptions::default() };
        let shown = format!("{options:?} {:?}", options.mistakes());
        assert!(!shown.contains("hunter") && shown.contains("holds no PEM"), "{shown}");
        assert!(!toml::to_string(&options).unwrap().contains("hunter"));
    }

    #[test]
    fn versions_that_are_not_spoken_are_words_and_no_mistake() {
        let options: TlsOptions =
            toml::from_str("min_version = 'TLS10'\nmax_version = 'TLS11'").unwrap();
        assert!(options.mistakes().is_empty());
        let failure = options.versions().unwrap_err();
        assert_eq!(failure.reason, Reason::TlsUnsupportedVersion);
        assert!(failure.detail.ends_with("is TLS 1.0 and `tls.max_version` is TLS 1.1"));
        let low = TlsOptions { min_version: Some(TlsVersion::Tls10), ..TlsOptions::default() };
        assert_eq!(low.versions().unwrap().len(), 2);
    }

    #[test]
    fn hosts_become_server_names() {
        assert_eq!(server_name("example.org.").unwrap().to_str(), "example.org");
        assert!(matches!(server_name("[2001:db8::1]"), Some(ServerName::IpAddress(_))));
        assert!(matches!(server_name("192.0.2.1"), Some(ServerName::IpAddress(_))));
        assert!(server_name("").is_none() && server_name("a b").is_none());
    }
}
