//! A certificate authority, and servers with certificates that are wrong in one way each.

use std::{path::PathBuf, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: it is signed, valid, and names `localhost` and `127.0.0.1`.
    None,
    /// It ended with the year 2020.
    Expired,
    /// It begins with the year 2090.
    NotYetValid,
    /// It names `elsewhere.test` only.
    WrongName,
    /// Nobody but itself signed it.
    SelfSigned,
}

/// The end of an [`Flaw::Expired`] certificate, in seconds since the epoch.
pub const EXPIRED_AT: f64 = 1_609_372_800.0;

/// Certificates, the server's own first, and its key.
pub type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Signs; its files lie in a folder that vanishes with it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// A new one, with a key of its own.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "noroshi test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    /// The file for `ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        self.write("ca.pem", &self.issuer.pem())
    }

    /// The files for `cert_file` and `key_file`.
    pub fn client_files(&self) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let certificate = self.write("client.pem", &certificate.pem());
        (certificate, self.write("client.key", &key.serialize_pem()))
    }

    /// A server's side of TLS.
    pub fn acceptor(&self, flaw: Flaw) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.server(flaw, false)))
    }

    /// A server's side of TLS that wants a certificate of this authority from its clients.
    pub fn strict_acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.server(Flaw::None, true)))
    }

    /// The configuration behind the acceptors.
    pub fn server(&self, flaw: Flaw, wants_client: bool) -> ServerConfig {
        let (chain, key) = self.certificate(flaw);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if wants_client {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        builder.with_single_cert(chain, key).unwrap()
    }

    /// A chain and its key.
    pub fn certificate(&self, flaw: Flaw) -> Chain {
        let names: &[&str] = match flaw {
            Flaw::WrongName => &["elsewhere.test"],
            _ => &["localhost", "127.0.0.1"],
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "noroshi test server");
        (params.not_before, params.not_after) = match flaw {
            Flaw::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 12, 31)),
            Flaw::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2099, 12, 31)),
            _ => (date_time_ymd(2024, 1, 1), date_time_ymd(2089, 12, 31)),
        };
        if flaw == Flaw::SelfSigned {
            let key = KeyPair::generate().unwrap();
            let chain = vec![params.self_signed(&key).unwrap().der().clone()];
            return (chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into());
        }
        self.sign(&params)
    }

    /// A chain for a certificate of one's own making, the authority's own at its end.
    pub fn sign(&self, params: &CertificateParams) -> Chain {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        (chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// The same with an authority between that ends sooner: on the first of January 2060.
    pub fn sign_through_another(&self, params: &CertificateParams) -> Chain {
        let mut between = CertificateParams::default();
        between.distinguished_name.push(DnType::CommonName, "noroshi test authority between");
        between.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        between.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        between.not_after = date_time_ymd(2060, 1, 1);
        let key = KeyPair::generate().unwrap();
        let between = CertifiedIssuer::signed_by(between, key, &self.issuer).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &between).unwrap();
        let chain = vec![certificate.der().clone(), between.der().clone()];
        (chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}
