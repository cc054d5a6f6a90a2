use std::{env, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::ServerName,
};
use tokio::task::spawn_blocking;

use super::{
    TlsOptions,
    cache::{Cache, Key, Stamp},
    options::server_name,
    recorder::Recorder,
    trust::Trust,
};
use crate::{
    clock::{self, Instant},
    model::{Failure, Reason},
};

/// TLS configurations, built once per set of options and again when a file of theirs changes.
pub struct Clients {
    provider: Arc<CryptoProvider>,
    /// What is trusted where nothing is.
    nobody: Arc<Trust>,
    system: Mutex<Option<System>>,
    /// Where the system's roots may come from.
    places: Vec<PathBuf>,
    built: Mutex<Cache>,
}

/// The system's roots, and the state of the places they came from.
struct System {
    trust: Arc<Trust>,
    stamps: Vec<Option<Stamp>>,
    looked: Instant,
}

/// How long a change of the system's roots may go unnoticed.
const SYSTEM_RECHECK: Duration = Duration::from_secs(30);

/// Where distributions keep their roots; OpenSSL's own two variables come first.
const PLACES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/usr/local/etc/ssl/cert.pem",
];

/// One TLS configuration, ready for handshakes. Sessions are never resumed: each handshake is a full one.
#[derive(Clone)]
pub struct Client {
    base: Base,
    /// Asked for and verified in place of the target's host.
    pub(super) server_name: Option<String>,
    /// Whether a chain that does not verify is accepted.
    pub(super) insecure: bool,
}

/// What is expensive, and the same for every target.
#[derive(Clone)]
pub(super) struct Base {
    config: Arc<ClientConfig>,
    trust: Arc<Trust>,
}

impl Clients {
    /// None yet. The system's roots are read at first use, and again when the places they come from change, which is looked
    /// at every 30 s; the keychain of macOS is read once. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    pub fn new() -> Self {
        let provider = Arc::new(provider());
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(env::var_os);
        Self {
            nobody: Arc::new(Trust::of(Vec::new(), &provider)),
            provider,
            system: Mutex::default(),
            places: named.map(PathBuf::from).chain(PLACES.map(PathBuf::from)).collect(),
            built: Mutex::default(),
        }
    }

    /// The client for these options, offering these ALPN protocols.
    ///
    /// # Errors
    /// `local_file` when a file cannot be read, holds no PEM or does not fit the others, or when this machine trusts no
    /// root at all and the options name none. `tls_unsupported_version` when they leave no version that is spoken here.
    pub async fn client_by(
        &self,
        deadline: Instant,
        options: &TlsOptions,
        alpn: &[&str],
    ) -> Result<Client, Failure> {
        clock::timeout_at(deadline, self.client(options, alpn)).await.unwrap_or_else(|_| {
            let detail = "this machine did not read its TLS files before the deadline";
            Err(Failure::new(Reason::LocalFile, detail))
        })
    }

    /// The same without a deadline.
    ///
    /// # Errors
    /// Those of [`Self::client_by`].
    pub async fn client(&self, options: &TlsOptions, alpn: &[&str]) -> Result<Client, Failure> {
        options.versions()?;
        let key = Key::new(options, alpn);
        let system = match (options.ca_pem(), options.insecure_skip_verify) {
            (Some(_), _) => None,
            (None, false) => Some(self.system().await?),
            // Without roots no chain verifies, and here none has to.
            (None, true) => Some(self.system().await.unwrap_or_else(|_| Arc::clone(&self.nobody))),
        };
        let is_current =
            |base: &Base| system.as_ref().is_none_or(|system| Arc::ptr_eq(system, &base.trust));
        // Before the files are read: what changes in between is noticed at the next run.
        let stamps = key.stamps().await;
        let cached = self.built.lock().get(&key, &stamps).filter(is_current);
        let base = if let Some(base) = cached {
            base
        } else {
            let (provider, wanted) = (Arc::clone(&self.provider), key.clone());
            let base = off_runtime(move || base(&provider, system, &wanted)).await??;
            self.built.lock().put(key, stamps, base.clone());
            base
        };
        Ok(Client {
            base,
            server_name: options.server_name.clone(),
            insecure: options.insecure_skip_verify,
        })
    }

    /// The system's roots. To find none is not remembered: they may be mounted a moment later.
    async fn system(&self) -> Result<Arc<Trust>, Failure> {
        if let Some(system) = &*self.system.lock()
            && system.looked.elapsed() < SYSTEM_RECHECK
        {
            return Ok(Arc::clone(&system.trust));
        }
        let stamps = self.stamps().await;
        if let Some(system) = &mut *self.system.lock()
            && system.stamps == stamps
        {
            system.looked = Instant::now();
            return Ok(Arc::clone(&system.trust));
        }
        let provider = Arc::clone(&self.provider);
        let trust = off_runtime(move || Trust::system(&provider)).await?;
        if trust.is_empty() { Err(no_roots()) } else { Ok(self.keep(trust, stamps)) }
    }

    fn keep(&self, trust: Trust, stamps: Vec<Option<Stamp>>) -> Arc<Trust> {
        let mut system = self.system.lock();
        // Runs that read at the same time agree on the first one's, or their clients would oust each other.
        if let Some(other) = system.as_ref().filter(|other| other.stamps == stamps) {
            return Arc::clone(&other.trust);
        }
        let trust = Arc::new(trust);
        *system = Some(System { trust: Arc::clone(&trust), stamps, looked: Instant::now() });
        trust
    }

    async fn stamps(&self) -> Vec<Option<Stamp>> {
        let mut stamps = Vec::with_capacity(self.places.len());
        for place in &self.places {
            stamps.push(Stamp::of(place).await);
        }
        stamps
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Whom the certificate has to name: `host`, unless the options name another.
    pub(super) fn name(&self, host: &str) -> Result<ServerName<'static>, Failure> {
        let host = self.server_name.as_deref().unwrap_or(host);
        server_name(host).ok_or_else(|| {
            let detail =
                format!("`{host}` is neither a DNS name nor an address: nothing to verify");
            Failure::new(Reason::TlsHandshake, detail)
        })
    }

    /// The configuration of one handshake, and the recorder that watches it.
    pub(super) fn watched(&self) -> (Arc<ClientConfig>, Arc<Recorder>) {
        let mut config = ClientConfig::clone(&self.base.config);
        let own = Arc::clone(&config.client_auth_cert_resolver);
        let strict = own.has_certs() && !self.insecure;
        let recorder = Arc::new(Recorder::new(Arc::clone(&self.base.trust), own, strict));
        config.client_auth_cert_resolver = Arc::<Recorder>::clone(&recorder);
        config.dangerous().set_certificate_verifier(Arc::<Recorder>::clone(&recorder));
        (Arc::new(config), recorder)
    }
}

/// AES with 128 bits first, as in Go and browsers: servers that leave the choice to the client agree on the same suite with
/// each of them. The order of the rest is rustls' own.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let is_first = |suite: &rustls::SupportedCipherSuite| {
        use rustls::CipherSuite::{
            TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TLS13_AES_128_GCM_SHA256,
        };
        matches!(
            suite.suite(),
            TLS13_AES_128_GCM_SHA256
                | TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    };
    provider.cipher_suites.sort_by_key(|suite| !is_first(suite));
    provider
}

/// Reads the files and puts all together.
fn base(
    provider: &Arc<CryptoProvider>,
    system: Option<Arc<Trust>>,
    key: &Key,
) -> Result<Base, Failure> {
    let options = &key.options;
    let trust = match (options.ca_pem(), system) {
        (Some(pem), _) => Arc::new(Trust::of(pem.certificates()?, provider)),
        (None, Some(system)) => system,
        (None, None) => return Err(no_roots()),
    };
    let unusable = |error: rustls::Error| Failure::new(Reason::LocalFile, error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&options.versions()?)
        .map_err(unusable)?
        // Every handshake brings its own verifier; one that did not would trust nobody.
        .with_root_certificates(RootCertStore::empty());
    let mut config = match (options.cert_pem(), options.key_pem()) {
        (Some(chain), Some(key)) => builder
            .with_client_auth_cert(chain.certificates()?, key.key()?)
            .map_err(|error| key.unusable(&error.to_string()))?,
        (None, None) => builder.with_no_client_auth(),
        _ => {
            let detail =
                "a client certificate and its key go together, `tls.cert_file` and `tls.key_file`";
            return Err(Failure::new(Reason::LocalFile, detail));
        }
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = key.alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Ok(Base { config: Arc::new(config), trust })
}

async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(Reason::InternalPanic, error.to_string()))
}

fn no_roots() -> Failure {
    let detail = "this machine trusts no root certificate: install ca-certificates, or set SSL_CERT_FILE or `tls.ca_file`";
    Failure::new(Reason::LocalFile, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::{cache::MAX_BUILT, testing::Authority};

    #[tokio::test]
    async fn what_is_kept_is_bounded_and_shared() {
        let authority = Authority::new();
        let options = TlsOptions { ca_file: Some(authority.ca_file()), ..TlsOptions::default() };
        let clients = Clients::new();
        let first = clients.client(&options, &["h2"]).await.unwrap();
        let named = TlsOptions { server_name: Some("example.org".into()), ..options.clone() };
        let second = clients.client(&named, &["h2"]).await.unwrap();
        assert!(Arc::ptr_eq(&first.base.config, &second.base.config));
        for at in 0..=MAX_BUILT {
            clients.client(&options, &[&at.to_string()]).await.unwrap();
        }
        assert_eq!(clients.built.lock().len(), MAX_BUILT);
        let again = clients.client(&options, &["h2"]).await.unwrap();
        assert!(!Arc::ptr_eq(&first.base.config, &again.base.config));
    }

    #[tokio::test(start_paused = true)]
    async fn changed_system_roots_are_noticed() {
        let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
        let place = directory.path().join("roots.pem");
        let clients = Clients { places: vec![place.clone()], ..Clients::new() };
        let roots = vec![authority.der()];
        clients.keep(Trust::of(roots, &clients.provider), clients.stamps().await);
        let options = TlsOptions::default();
        let first = clients.client(&options, &[]).await.unwrap();
        std::fs::write(&place, "changed").unwrap();
        let second = clients.client(&options, &[]).await.unwrap();
        assert!(Arc::ptr_eq(&first.base.config, &second.base.config), "looked too early");
        tokio::time::advance(SYSTEM_RECHECK).await;
        // Whatever this machine trusts now, what was known before is forgotten.
        if let Ok(third) = clients.client(&options, &[]).await {
            assert!(!Arc::ptr_eq(&first.base.trust, &third.base.trust));
        }
    }
}
