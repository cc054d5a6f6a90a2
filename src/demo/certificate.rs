//! Certificates that fail in a known way, made anew at every start; their keys never leave the process.

use std::{io, sync::Arc};

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

/// When the certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    /// Now and for decades.
    Good,
    /// Until the end of 2024.
    Expired,
}

/// Serves HTTP/2 and HTTP/1.1 with a certificate that signs itself.
pub(super) fn acceptor(validity: Validity) -> io::Result<TlsAcceptor> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params(validity)?.self_signed(&key).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn params(validity: Validity) -> io::Result<CertificateParams> {
    let names = ["localhost", "demo.noroshi.test", "127.0.0.1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "noroshi demo");
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = match validity {
        Validity::Good => date_time_ymd(2099, 12, 31),
        Validity::Expired => date_time_ymd(2024, 12, 31),
    };
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::parse_x509_certificate;

    #[test]
    fn one_is_good_and_one_has_expired() {
        for (validity, year) in [(Validity::Good, 2099), (Validity::Expired, 2024)] {
            let key = KeyPair::generate().unwrap();
            let certificate = params(validity).unwrap().self_signed(&key).unwrap();
            let (_, parsed) = parse_x509_certificate(certificate.der()).unwrap();
            assert_eq!(parsed.validity().not_after.to_datetime().year(), year);
            assert!(acceptor(validity).is_ok());
        }
    }
}
