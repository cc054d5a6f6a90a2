//! A certificate authority and TLS servers on loopback, for the tests of everything that speaks TLS.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A root, and a directory for the files of one test.
pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A chain and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

/// How a server speaks TLS.
pub(crate) struct Server {
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    /// Client certificates of this authority are required.
    pub(crate) clients: Option<CertificateDer<'static>>,
    pub(crate) alpn: Vec<Vec<u8>>,
}

impl Default for Server {
    fn default() -> Self {
        Self { versions: vec![&TLS13, &TLS12], clients: None, alpn: Vec::new() }
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Test Root")
    }

    pub(crate) fn named(common_name: &str) -> Self {
        let mut params = named(common_name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { root, directory: TempDir::new().unwrap() }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// The root as a file, for `ca_file`.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.write("ca.pem", &self.root.pem())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A leaf for `localhost` and 127.0.0.1, changed as the test wants it.
    pub(crate) fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = named("leaf", &["localhost", "127.0.0.1"]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.root).unwrap();
        Identity { chain: vec![leaf.der().clone()], key: key.serialize_der() }
    }
}

impl Identity {
    /// A leaf that vouches for itself.
    pub(crate) fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = named("lonely", &["localhost", "127.0.0.1"]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.self_signed(&key).unwrap();
        Self { chain: vec![leaf.der().clone()], key: key.serialize_der() }
    }

    /// The same chain with another key.
    pub(crate) fn with_key(self, key: &KeyPair) -> Self {
        Self { key: key.serialize_der(), ..self }
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()))
    }

    pub(crate) fn chain_pem(&self) -> String {
        self.chain.iter().map(|one| pem("CERTIFICATE", one)).collect()
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }

    /// Speaks TLS as this identity.
    pub(crate) fn acceptor(&self, server: Server) -> TlsAcceptor {
        let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&server.versions)
            .unwrap();
        let builder = match server.clients {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = RootCertStore::empty();
                roots.add(root).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder.with_single_cert(self.chain.clone(), self.key()).unwrap();
        config.alpn_protocols = server.alpn;
        TlsAcceptor::from(Arc::new(config))
    }

    /// A server that accepts TLS and sends back what it reads, until the test ends.
    pub(crate) async fn serve(&self, server: Server) -> SocketAddr {
        let acceptor = self.acceptor(server);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut bytes = [0; 4096];
                    while let Ok(read) = stream.read(&mut bytes).await {
                        if read == 0 || stream.write_all(&bytes[..read]).await.is_err() {
                            break;
                        }
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        address
    }
}

fn named(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Test");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
