//! `tls_server_config` as rustls understands it.

use std::sync::Arc;

use rustls::{
    ServerConfig, SupportedCipherSuite,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use x509_parser::{
    prelude::{FromDer, X509Certificate},
    x509::SubjectPublicKeyInfo,
};

use super::{client_auth, p521::P521};
use crate::compat::web_config::{ClientAuth, Curve, Tls, TlsVersion};

/// What the PEM files hold.
pub(super) struct Material<'a> {
    pub(super) cert: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) client_ca: Option<Vec<CertificateDer<'static>>>,
}

/// The certificates in PEM text; what else is in it is passed over, as in Go.
pub(super) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

/// A server's side of TLS.
///
/// # Errors
/// One sentence.
pub(super) fn server(
    tls: &Tls,
    http2: bool,
    material: Material<'_>,
) -> Result<ServerConfig, String> {
    let provider = Arc::new(provider(tls));
    let certified = certified(material.cert, material.key, &provider)?;
    let versions: Vec<_> = [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)]
        .into_iter()
        .filter(|(version, _)| (tls.min_version..=tls.max_version).contains(version))
        .map(|(_, version)| version)
        .collect();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?;
    let builder = if tls.client_auth == ClientAuth::NoClientCert {
        builder.with_no_client_auth()
    } else {
        let allowed = tls.allowed_sans.clone();
        let verifier =
            client_auth::verifier(tls.client_auth, material.client_ca, allowed, &provider)?;
        builder.with_client_cert_verifier(verifier)
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    let protocols: &[&[u8]] = if http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// aws-lc with the suites of TLS 1.2 and the curves that are wanted.
fn provider(tls: &Tls) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(wanted) = &tls.cipher_suites {
        provider.cipher_suites.retain(|suite| match suite {
            SupportedCipherSuite::Tls13(_) => true,
            SupportedCipherSuite::Tls12(suite) => {
                let name = format!("{:?}", suite.common.suite);
                wanted.iter().any(|own| *own == name)
            }
        });
    }
    if let Some(wanted) = &tls.curves {
        let group = |curve: &Curve| match curve {
            Curve::P256 => aws_lc_rs::kx_group::SECP256R1,
            Curve::P384 => aws_lc_rs::kx_group::SECP384R1,
            Curve::P521 => P521,
            Curve::X25519 => aws_lc_rs::kx_group::X25519,
        };
        provider.kx_groups = wanted.iter().map(group).collect();
    }
    provider
}

/// The chain with its key. rustls' own comparison of the two refuses certificates of X.509 version 1, which Go serves.
fn certified(cert: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert).collect();
    let chain = chain.map_err(|_| "the certificate is not valid PEM".to_owned())?;
    let leaf = chain.first().ok_or("there is no PEM certificate where the certificate belongs")?;
    let (_, leaf) = X509Certificate::from_der(leaf)
        .map_err(|_| "the certificate cannot be read as X.509".to_owned())?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| "there is no PEM private key without a passphrase where the key belongs")?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| format!("the private key cannot be used: {error}"))?;
    let own = key.public_key();
    let own = own.as_deref().and_then(|der| SubjectPublicKeyInfo::from_der(der).ok());
    if own.is_some_and(|(_, own)| own.subject_public_key != leaf.public_key().subject_public_key) {
        return Err("the private key is not that of the certificate".to_owned());
    }
    Ok(CertifiedKey::new(chain, key))
}
