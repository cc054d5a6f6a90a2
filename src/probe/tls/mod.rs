//! A TLS handshake and nothing after it: who answers, for how long its certificates are valid, what is negotiated.

mod expect;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use expect::Expect;

use super::{
    Aim, Described, Endpoint, Probe, Problem, Run,
    address::Address,
    certificate,
    stream::{self, Security, Starttls},
};
use crate::{
    model::{Desc, Failure, Reason, Secret},
    net::{
        dial,
        tls::{TlsOptions, TlsVersion},
    },
};

/// A TLS handshake: certificates, names, versions.
///
/// The options of the handshake stand beside the address: `tls.ca_file` here is what `http.tls.ca_file` is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target: `host` or `host:port`, an IPv6 address in brackets. The port is 443, or with `starttls` that of its protocol.
    pub address: Address<443>,
    /// Begin in plain text and change to TLS the way this protocol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<Starttls>,
    /// Application protocols to offer (ALPN), such as `h2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
    /// Roots to trust instead of the system's, PEM. Read again when the file changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The same, PEM as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Our certificate chain, PEM. Needs `key_file` or `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The same, PEM as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// The key of our certificate, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The same, PEM as text; prefer the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// The name asked for (SNI) and verified, where it is not the target's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The lowest version offered; below TLS 1.2 it changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// The highest version offered. TLS 1.0 and 1.1 are not spoken: a run with them fails of `tls_unsupported_version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
    /// Pass although the chain does not verify. The facts still tell.
    #[serde(default)]
    pub insecure_skip_verify: bool,
    /// What must hold beside a chain that verifies.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.address.to_string()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        let default = self.starttls.map(Starttls::default_port);
        let port = self.address.written_port().or(default).unwrap_or(self.address.port());
        Some(Endpoint { host: self.address.host().to_owned(), port })
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = self.options().problems("");
        for (at, protocol) in self.alpn.iter().enumerate() {
            if !(1..=255).contains(&protocol.len()) {
                found.push(Problem {
                    path: format!("alpn[{at}]"),
                    message: "a protocol's name has 1 to 255 bytes".into(),
                    hint: Some("such as `h2` or `http/1.1`".into()),
                });
            }
        }
        found.extend(self.expect.problems());
        found
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let mut spec = Self { address: aim.target.parse()?, ..self.clone() };
        if let Some(name) = aim.hostname {
            spec.server_name.get_or_insert_with(|| name.to_owned());
        }
        Ok(super::Spec::Tls(spec))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "tls";
    const SUMMARY: &'static str =
        "A TLS handshake, at once or after STARTTLS: the chain, its names and expiry";
    const TARGET_KEY: &'static str = "address";
    const EXAMPLE: &'static str = r#"tls.address = "example.org:443"
tls.expect = { certificate_validity = "14d", version = ["TLS 1.3"], names = ["www.example.org"] }
"#;
    const REASONS: &'static [Reason] =
        &[Reason::TlsMismatch, Reason::StarttlsRefused, Reason::ExpectMismatch];
    const FAMILIES: &'static [&'static Desc] = &certificate::FAMILIES;

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let stream = dial::tcp(&mut run.attempt, to, run.settings.source_address).await?;
        let alpn: Vec<&str> = self.alpn.iter().map(String::as_str).collect();
        let how = Security {
            host: self.address.host(),
            starttls: self.starttls,
            options: &self.options(),
            alpn: &alpn,
        };
        let (report, mut stream) = stream::secure(run, stream, how).await?;
        stream::finish(run, &report, &mut stream).await?;
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        self.expect.judge(&report, &mut run.attempt.trace)
    }
}

impl Spec {
    /// Every field is named, so that an option added there cannot be forgotten here.
    fn options(&self) -> TlsOptions {
        TlsOptions {
            ca_file: self.ca_file.clone(),
            ca: self.ca.clone(),
            cert_file: self.cert_file.clone(),
            cert: self.cert.clone(),
            key_file: self.key_file.clone(),
            key: self.key.clone(),
            server_name: self.server_name.clone(),
            min_version: self.min_version,
            max_version: self.max_version,
            insecure_skip_verify: self.insecure_skip_verify,
        }
    }
}
