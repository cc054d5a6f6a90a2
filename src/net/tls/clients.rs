use std::sync::Arc;

use parking_lot::Mutex;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
};
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{
    TlsOptions,
    cache::{Cache, Key},
    files,
    recorder::Recorder,
    trust::Trust,
};
use crate::model::{Failure, Reason};

/// TLS configurations, built once per set of options and again when a file of theirs changes.
pub struct Clients {
    provider: Arc<CryptoProvider>,
    system: OnceCell<Arc<Trust>>,
    built: Mutex<Cache>,
}

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
    /// None yet; the system's roots are read at first use, once. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    pub fn new() -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            system: OnceCell::new(),
            built: Mutex::default(),
        }
    }

    /// The client for these options, offering these ALPN protocols.
    ///
    /// # Errors
    /// `local_file` when a file cannot be read, holds no PEM or does not fit the others, or when this machine trusts no
    /// root at all and `ca_file` names none.
    pub async fn client(&self, options: &TlsOptions, alpn: &[&str]) -> Result<Client, Failure> {
        let key = Key::new(options, alpn);
        // Before the files are read: what changes in between is noticed at the next run.
        let stamps = key.stamps().await;
        let cached = self.built.lock().get(&key, &stamps);
        let base = if let Some(base) = cached {
            base
        } else {
            let base = self.build(key.clone()).await?;
            self.built.lock().put(key, stamps, base.clone());
            base
        };
        Ok(Client {
            base,
            server_name: options.server_name.clone(),
            insecure: options.insecure_skip_verify,
        })
    }

    async fn build(&self, key: Key) -> Result<Base, Failure> {
        let system = match (&key.options.ca_file, self.system.get()) {
            (Some(_), _) => None,
            (None, Some(system)) => Some(Arc::clone(system)),
            (None, None) => match self.read_system().await {
                Ok(system) => Some(system),
                // Without roots no chain verifies, and here none has to.
                Err(_) if key.options.insecure_skip_verify => {
                    Some(Arc::new(Trust::of(Vec::new(), &self.provider)))
                }
                Err(failure) => return Err(failure),
            },
        };
        let provider = Arc::clone(&self.provider);
        off_runtime(move || base(&provider, system, &key)).await?
    }

    /// The system's roots. To find none is not remembered: they may be mounted a moment later.
    async fn read_system(&self) -> Result<Arc<Trust>, Failure> {
        let read = || async {
            let provider = Arc::clone(&self.provider);
            let trust = off_runtime(move || Trust::system(&provider)).await?;
            if trust.is_empty() { Err(no_roots()) } else { Ok(Arc::new(trust)) }
        };
        self.system.get_or_try_init(read).await.cloned()
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
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

/// Reads the files and puts all together.
fn base(
    provider: &Arc<CryptoProvider>,
    system: Option<Arc<Trust>>,
    key: &Key,
) -> Result<Base, Failure> {
    let options = &key.options;
    let trust = match (&options.ca_file, system) {
        (Some(file), _) => Arc::new(Trust::of(files::certificates(file)?, provider)),
        (None, Some(system)) => system,
        (None, None) => return Err(no_roots()),
    };
    let unusable = |error: rustls::Error| Failure::new(Reason::LocalFile, error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&options.versions())
        .map_err(unusable)?
        // Every handshake brings its own verifier; one that did not would trust nobody.
        .with_root_certificates(RootCertStore::empty());
    let mut config = match (&options.cert_file, &options.key_file) {
        (Some(cert_file), Some(key_file)) => builder
            .with_client_auth_cert(files::certificates(cert_file)?, files::key(key_file)?)
            .map_err(|error| files::unusable(key_file, &error.to_string()))?,
        (None, None) => builder.with_no_client_auth(),
        _ => {
            let detail = "`tls.cert_file` and `tls.key_file` go together";
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
}
