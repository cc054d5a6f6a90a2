//! TLS handshakes that always keep the server's chain, even of a handshake whose verification failed.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;

use super::Attempt;
use crate::model::Failure;

/// A TLS protocol version, as Prometheus' `tls_config` writes it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum TlsVersion {
    /// TLS 1.2
    #[serde(rename = "TLS12")]
    Tls12,
    /// TLS 1.3
    #[serde(rename = "TLS13")]
    Tls13,
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

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// RFC 2253 order: `CN=localhost,O=Test`.
    pub subject: String,
    /// The same of the issuer.
    pub issuer: String,
    /// DNS names and IP addresses it is valid for.
    pub names: Vec<String>,
    /// Lower-case hex, two digits a byte.
    pub serial: String,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid to.
    pub not_after: Timestamp,
}

/// What a handshake showed, whether or not it succeeded.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// As presented, the leaf first. Empty if it did not come that far.
    pub chain: Vec<Certificate>,
    /// The verdict on the chain; `None` if there was none to verify.
    pub verified: Option<Result<(), Failure>>,
    /// `TLS 1.3`
    pub version: Option<&'static str>,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: Option<String>,
    /// `X25519MLKEM768`
    pub group: Option<String>,
    /// What ALPN agreed on: `h2`, `http/1.1`.
    pub alpn: Option<String>,
}

/// TLS configurations, built once per set of options and again when a file of theirs changes.
pub struct Clients {}

/// One TLS configuration, ready for handshakes. Sessions are never resumed: each handshake is a full one.
#[derive(Clone)]
pub struct Client {}

impl Clients {
    /// None yet; the system's roots are read at first use.
    pub fn new() -> Self {
        Self {}
    }

    /// The client for these options, offering these ALPN protocols.
    ///
    /// # Errors
    /// `local_file` when a file cannot be read or holds no PEM.
    pub async fn client(
        &self,
        _options: &TlsOptions,
        _alpn: &[&'static str],
    ) -> Result<Client, Failure> {
        unimplemented!()
    }
}

/// The phase `tls`. The report holds the chain and the verdict on it even where the handshake failed.
///
/// `host` is verified and sent as SNI unless the options name another.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin + Send>(
    _attempt: &mut Attempt,
    _client: &Client,
    _host: &str,
    _stream: S,
) -> (Report, Result<TlsStream<S>, Failure>) {
    unimplemented!()
}
