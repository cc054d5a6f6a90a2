use std::path::PathBuf;

use rustls::{SupportedProtocolVersion, pki_types::ServerName, version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A TLS protocol version, as Prometheus' `tls_config` writes it; `TLS 1.3` is understood too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
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
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

/// By hand, because the derived one knows no aliases.
impl JsonSchema for TlsVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TlsVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words = ["TLS12", "TLS13", "TLS 1.2", "TLS 1.3"];
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
    /// Our certificate chain, PEM. Needs `key_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The key of `cert_file`, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The name asked for (SNI) and verified, where it is not the target's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The lowest version offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// The highest version offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
    /// Go on although the chain does not verify. The facts still tell.
    pub insecure_skip_verify: bool,
}

impl TlsOptions {
    /// Mistakes that no single value shows: the key and one sentence each.
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => found.push(("cert_file", "`cert_file` needs `key_file`".to_owned())),
            (None, Some(_)) => found.push(("key_file", "`key_file` needs `cert_file`".to_owned())),
            _ => {}
        }
        if self.versions().is_empty() {
            found.push(("min_version", "`min_version` is above `max_version`".to_owned()));
        }
        if let Some(name) = self.server_name.as_deref().filter(|name| server_name(name).is_none()) {
            found.push(("server_name", format!("`{name}` is neither a DNS name nor an address")));
        }
        found
    }

    /// The versions to offer; none when the bounds exclude each other.
    pub(super) fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let offered = |of: TlsVersion| {
            self.min_version.is_none_or(|min| min <= of)
                && self.max_version.is_none_or(|max| of <= max)
        };
        let all = [(TlsVersion::Tls13, &version::TLS13), (TlsVersion::Tls12, &version::TLS12)];
        all.into_iter().filter(|(of, _)| offered(*of)).map(|(_, version)| version).collect()
    }
}

/// A host as TLS names it: without brackets, and without the root's dot, which RFC 6066 keeps out of SNI.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.strip_suffix('.').unwrap_or(bare);
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
    fn hosts_become_server_names() {
        assert_eq!(server_name("example.org.").unwrap().to_str(), "example.org");
        assert!(matches!(server_name("[2001:db8::1]"), Some(ServerName::IpAddress(_))));
        assert!(matches!(server_name("192.0.2.1"), Some(ServerName::IpAddress(_))));
        assert!(server_name("").is_none() && server_name("a b").is_none());
    }
}
