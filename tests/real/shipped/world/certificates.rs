//! Certificates that end when a test wants them to.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DnType, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{authority::Authority, tls::pinned};

const DAY: u64 = 86_400;

/// What is asked of an authority for a server that is called `name`, until in so many days.
pub(super) fn for_days(name: &str, days: u64) -> CertificateParams {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
    let at = |seconds| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    (params.not_before, params.not_after) = (at(now - 30 * DAY), at(now + days * DAY));
    params
}

/// A server's side of TLS whose chain goes through another authority.
pub(super) fn acceptor(authority: &Authority, name: &str, days: u64) -> tokio_rustls::TlsAcceptor {
    speaking(rustls::ALL_VERSIONS, authority, name, days)
}

/// The same, of some versions alone.
pub(super) fn speaking(
    versions: &[&'static rustls::SupportedProtocolVersion],
    authority: &Authority,
    name: &str,
    days: u64,
) -> tokio_rustls::TlsAcceptor {
    let chain = authority.sign_through_another(&for_days(name, days));
    let provider = rustls::crypto::aws_lc_rs::DEFAULT_CIPHER_SUITES;
    pinned(chain, versions, provider, &[b"h2", b"http/1.1"])
}

/// The two files of a secret of the type `kubernetes.io/tls`, in Base64 as the API server wants them.
pub(super) fn secret(authority: &Authority, name: &str, days: u64) -> [String; 2] {
    let (chain, key) = authority.sign(&for_days(name, days));
    let certificates: String = chain.iter().map(certificate).collect();
    let PrivateKeyDer::Pkcs8(key) = key else { panic!("another kind of key") };
    let key = pem("PRIVATE KEY", key.secret_pkcs8_der());
    [certificates, key].map(|text| STANDARD.encode(text))
}

fn certificate(certificate: &CertificateDer<'_>) -> String {
    pem("CERTIFICATE", certificate)
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
