//! Who is trusted: the system's roots, or those of a file.

use std::{collections::HashSet, fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier, verify_server_name},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::Certificate;

type Digest = [u8; SHA256_OUTPUT_LEN];

/// Judges a chain.
pub(super) struct Trust {
    /// `None` when there are no roots at all.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    /// Digests of the roots. A root that a server presents itself is trusted as it stands: Go and OpenSSL do so too, and a
    /// self-signed certificate made by `openssl req -x509` claims to be a CA, which webpki refuses in a leaf.
    pinned: HashSet<Digest>,
    /// For the signatures of the handshake itself.
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    /// The system's roots. Errors of single files do not matter while others give roots.
    pub(super) fn system(provider: &CryptoProvider) -> Self {
        Self::of(rustls_native_certs::load_native_certs().certs, provider)
    }

    /// These roots; one that is not valid is left out, as everybody does.
    pub(super) fn of(roots: Vec<CertificateDer<'static>>, provider: &CryptoProvider) -> Self {
        let pinned = roots.iter().map(digest_of).collect();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots);
        let algorithms = provider.signature_verification_algorithms;
        let provider = Arc::new(provider.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(store.into(), provider).build();
        Self { verifier: verifier.ok(), pinned, algorithms }
    }

    /// Whether nothing at all is trusted.
    pub(super) fn is_empty(&self) -> bool {
        self.verifier.is_none() && self.pinned.is_empty()
    }

    /// The verdict on a chain for a name at a time.
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.pinned.contains(&digest_of(leaf)) {
            return verify_pinned(leaf, name, now);
        }
        let Some(verifier) = &self.verifier else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        verifier.verify_server_cert(leaf, intermediates, name, &[], now).map(drop)
    }
}

fn digest_of(certificate: &CertificateDer<'_>) -> Digest {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
    bytes
}

fn verify_pinned(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let read = Certificate::read(0, leaf).ok_or(CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now > read.not_after.as_second() {
        return Err(CertificateError::Expired.into());
    }
    if now < read.not_before.as_second() {
        return Err(CertificateError::NotValidYet.into());
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("pinned", &self.pinned.len()).finish_non_exhaustive()
    }
}
