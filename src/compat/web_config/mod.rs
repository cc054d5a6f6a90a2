//! exporter-toolkit's web configuration, the file of `--web.config.file`: TLS, headers, users and a rate limit.
//!
//! Contract: pure; [`read`] accepts and refuses what the toolkit (0.15 to 0.20, and so `promtool check web-config`) does,
//! and tells every mistake at once, each with its line and column. It opens none of the files that are named; whoever
//! does knows whether they hold certificates. Refused beyond the toolkit: what this build could never serve (TLS 1.0 and
//! 1.1, TLS 1.2 with none of the cipher suites it has), versions that leave nothing in between, and a second document.

mod go;
mod sections;
mod tls;
mod users;
mod values;
mod yaml;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::model::Secret;

/// A web configuration in which every default is filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct WebConfig {
    /// `tls_server_config`; plain HTTP without it.
    pub tls: Option<Tls>,
    /// `http_server_config.http2`; means something under TLS alone.
    pub http2: bool,
    /// `http_server_config.headers`, with the names as the toolkit writes them; blank ones are left out.
    pub headers: Vec<(&'static str, String)>,
    /// `basic_auth_users`: hashes by name; empty for a server that asks nobody.
    pub users: BTreeMap<String, Secret>,
    /// `rate_limit`; without it nothing is limited.
    pub rate_limit: Option<RateLimit>,
}

/// `tls_server_config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// `cert_file` or `cert`: PEM, the leaf first.
    pub cert: Pem,
    /// `key_file` or `key`: PEM.
    pub key: Pem,
    /// `client_auth_type`.
    pub client_auth: ClientAuth,
    /// `client_ca_file` or `client_ca`; the system's roots without it.
    pub client_ca: Option<Pem>,
    /// `client_allowed_sans`: one of them must be among the client certificate's names. An empty list fits nobody.
    pub allowed_sans: Option<Vec<String>>,
    /// `min_version`.
    pub min_version: TlsVersion,
    /// `max_version`.
    pub max_version: TlsVersion,
    /// `cipher_suites`, those this build has; they bind TLS 1.2 only, as in Go. All of them when none are listed.
    pub cipher_suites: Option<Vec<&'static str>>,
    /// `curve_preferences`. X25519, P-256 and P-384 when none are listed, and X25519 with ML-KEM before them.
    pub curves: Option<Vec<Curve>>,
}

/// Where PEM text comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Pem {
    /// A file; a relative name is meant from the folder of the web configuration.
    File(PathBuf),
    /// The text itself.
    Inline(Secret),
}

/// `client_auth_type`, by the names of Go's `tls.ClientAuthType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate is asked for.
    NoClientCert,
    /// Asked for, and any will do, none too.
    RequestClientCert,
    /// Any will do.
    RequireAnyClientCert,
    /// None will do; one that is given must be valid.
    VerifyClientCertIfGiven,
    /// It must be given and valid.
    RequireAndVerifyClientCert,
}

/// The versions of TLS this build speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// `TLS12`
    Tls12,
    /// `TLS13`
    Tls13,
}

/// The curves, by Go's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// `CurveP256`
    P256,
    /// `CurveP384`
    P384,
    /// `CurveP521`
    P521,
    /// `X25519`
    X25519,
}

/// `rate_limit`: a bucket that is full at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// From one token to the next; more than nothing.
    pub interval: Duration,
    /// How many tokens the bucket holds; with none every request is refused.
    pub burst: u32,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The configuration.
    pub config: WebConfig,
    /// What is permitted and probably not meant.
    pub warnings: Vec<Mistake>,
}

/// One mistake, with its place; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// One sentence. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// What is wrong so far.
#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

/// Reads the text of a web configuration.
///
/// # Errors
/// Every mistake, in the order of the file.
pub fn read(text: &str) -> Result<Read, Vec<Mistake>> {
    let root = yaml::parse(text).map_err(|mistake| vec![mistake])?;
    let mut found = Found::default();
    let config = sections::config(&root, &mut found);
    for list in [&mut found.mistakes, &mut found.warnings] {
        list.sort_by_key(|mistake| (mistake.line, mistake.column));
    }
    match config {
        Some(config) if found.mistakes.is_empty() => Ok(Read { config, warnings: found.warnings }),
        _ => Err(found.mistakes),
    }
}

impl WebConfig {
    /// The files it names, as named.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let tls = self.tls.iter();
        tls.flat_map(|tls| [Some(&tls.cert), Some(&tls.key), tls.client_ca.as_ref()])
            .flatten()
            .filter_map(|pem| match pem {
                Pem::File(path) => Some(path.as_path()),
                Pem::Inline(_) => None,
            })
    }
}

#[cfg(test)]
mod tests;
