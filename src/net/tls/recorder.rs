//! Looks over the shoulder of one handshake.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::CertifiedKey,
};

use super::trust::Trust;

/// The longest chain kept; real ones have two to four certificates.
const MAX_CHAIN: usize = 16;

/// Keeps the chain, the verdict on it, and whether the server asked for a certificate of ours.
///
/// It belongs to one handshake. A chain that does not verify lets the handshake go on, so that what is negotiated
/// becomes known; [`super::handshake`] ends the connection before any application data. With a client
/// certificate the handshake ends at once instead: we do not present ourselves to a stranger.
#[derive(Debug)]
pub(super) struct Recorder {
    trust: Arc<Trust>,
    own: Arc<dyn ResolvesClientCert>,
    strict: bool,
    seen: Mutex<Seen>,
}

/// What a handshake showed so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// As presented, the leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The verdict, with the end of the chain, and the time it was passed for.
    pub(super) verdict: Option<(Result<Option<Timestamp>, Error>, UnixTime)>,
    /// Whether the server asked for a client certificate.
    pub(super) asked: bool,
}

impl Recorder {
    pub(super) fn new(trust: Arc<Trust>, own: Arc<dyn ResolvesClientCert>, strict: bool) -> Self {
        Self { trust, own, strict, seen: Mutex::default() }
    }

    /// Whether the server asked for a client certificate so far.
    pub(super) fn asked(&self) -> bool {
        self.seen.lock().asked
    }

    /// What was seen; nothing is left.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock())
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.trust.verify(leaf, intermediates, name, now);
        let mut seen = self.seen.lock();
        let chain = std::iter::once(leaf).chain(intermediates).take(MAX_CHAIN);
        seen.chain = chain.map(|one| one.clone().into_owned()).collect();
        seen.verdict = Some((verdict.clone(), now));
        match verdict {
            Err(error) if self.strict => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.trust.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.trust.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.seen.lock().asked = true;
        self.own.resolve(root_hint_subjects, schemes)
    }

    fn has_certs(&self) -> bool {
        self.own.has_certs()
    }
}
