//! Who is trusted: the system's roots, or those of a file.

use std::{cell::Cell, collections::HashSet, fmt, sync::Arc};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use jiff::Timestamp;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier, verify_server_name},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::certificate::{Certificate, not_after};

/// The most paths followed; cross-signed roots make two or three.
const MAX_PATHS: u32 = 16;

type Digest = [u8; SHA256_OUTPUT_LEN];

/// Judges a chain.
pub(super) struct Trust {
    roots: Arc<RootCertStore>,
    /// When each of `roots` ends: webpki keeps of a root its name and its key alone.
    ends: Vec<Option<Timestamp>>,
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
        let mut ends = Vec::with_capacity(roots.len());
        for root in roots {
            let end = not_after(&root);
            if store.add(root).is_ok() {
                ends.push(end);
            }
        }
        let roots = Arc::new(store);
        let algorithms = provider.signature_verification_algorithms;
        let provider = Arc::new(provider.clone());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), provider).build();
        Self { roots, ends, verifier: verifier.ok(), pinned, algorithms }
    }

    /// Whether nothing at all is trusted.
    pub(super) fn is_empty(&self) -> bool {
        self.verifier.is_none() && self.pinned.is_empty()
    }

    /// The verdict on a chain for a name at a time, and when the chain ends: the latest end among the paths from the leaf
    /// to a root, each of which ends with the first of its certificates, the root included. blackbox_exporter counts so.
    ///
    /// A root that has ended vouches for nobody: webpki does not look at that, Go and OpenSSL do.
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<Option<Timestamp>, Error> {
        if self.pinned.contains(&digest_of(leaf)) {
            return verify_pinned(leaf, name, now).map(Some);
        }
        let Some(verifier) = &self.verifier else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let (paths, end) = self.follow(leaf, intermediates, now);
        if paths == 0 {
            // rustls looks once more and says what is wrong, in its own words.
            verifier.verify_server_cert(leaf, intermediates, name, &[], now)?;
            return Err(CertificateError::Expired.into());
        }
        verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
        Ok(end)
    }

    /// Follows every path from the leaf to a root: how many verify, and the latest end of them.
    fn follow(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> (u32, Option<Timestamp>) {
        let (paths, latest) = (Cell::new(0), Cell::new(None));
        let each = |path: &VerifiedPath<'_>| {
            let root = self.end_of_root(path);
            if root.is_some_and(|end| end.as_second() < seconds(now)) {
                return Err(webpki::Error::UnknownIssuer);
            }
            let below = path.intermediate_certificates().map(|one| not_after(&one.der()));
            let leaf = not_after(&path.end_entity().der());
            let end = below.chain([leaf, root]).flatten().min();
            paths.set(paths.get() + 1);
            latest.set(latest.get().max(end));
            // An error makes webpki look for another path; it has a budget of its own for that.
            if paths.get() < MAX_PATHS { Err(webpki::Error::UnknownIssuer) } else { Ok(()) }
        };
        if let Ok(leaf) = EndEntityCert::try_from(leaf) {
            // What comes of the search as a whole is the last path's: what counts is whether there was one.
            let _ = leaf.verify_for_usage(
                self.algorithms.all,
                &self.roots.roots,
                intermediates,
                now,
                KeyUsage::server_auth(),
                None,
                Some(&each),
            );
        }
        (paths.get(), latest.get())
    }

    /// When the root of a path ends; of several certificates for one name and key, the last.
    fn end_of_root(&self, path: &VerifiedPath<'_>) -> Option<Timestamp> {
        let all = self.roots.roots.iter().zip(&self.ends);
        all.filter(|(root, _)| *root == path.anchor()).filter_map(|(_, end)| *end).max()
    }
}

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
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
) -> Result<Timestamp, Error> {
    let read = Certificate::read(0, leaf).ok_or(CertificateError::BadEncoding)?;
    let now = seconds(now);
    if now > read.not_after.as_second() {
        return Err(CertificateError::Expired.into());
    }
    if now < read.not_before.as_second() {
        return Err(CertificateError::NotValidYet.into());
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
    Ok(read.not_after)
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("pinned", &self.pinned.len()).finish_non_exhaustive()
    }
}
