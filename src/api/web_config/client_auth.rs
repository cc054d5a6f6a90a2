//! Client certificates as Go's `tls.ClientAuthType` and exporter-toolkit's allowed names have it.

use std::{fmt::Write as _, net::IpAddr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::compat::web_config::ClientAuth;

/// How clients are asked for a certificate, and which will do.
///
/// # Errors
/// One sentence.
pub(super) fn verifier(
    auth: ClientAuth,
    client_ca: Option<Vec<CertificateDer<'static>>>,
    allowed_sans: Option<Vec<String>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let verifies = match auth {
        ClientAuth::NoClientCert
        | ClientAuth::RequestClientCert
        | ClientAuth::RequireAnyClientCert => false,
        ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert => true,
    };
    let required = match auth {
        ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert => true,
        // Whoever may be named must be named: exporter-toolkit breaks such a connection off too.
        _ => allowed_sans.is_some(),
    };
    Ok(Arc::new(Verifier {
        required,
        trust: verifies.then(|| Trust::new(client_ca, provider)).transpose()?,
        allowed_sans,
        algorithms: provider.signature_verification_algorithms,
    }))
}

#[derive(Debug)]
struct Verifier {
    required: bool,
    /// `None` where any certificate will do.
    trust: Option<Trust>,
    allowed_sans: Option<Vec<String>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Who signs client certificates.
#[derive(Debug)]
struct Trust {
    /// `None` when there is nobody.
    chains: Option<Arc<dyn ClientCertVerifier>>,
    /// The certificates themselves: Go takes one of them for the client's own, which webpki does not.
    pinned: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The system's roots where no CA is given, as in Go.
    fn new(
        client_ca: Option<Vec<CertificateDer<'static>>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let pinned = client_ca.unwrap_or_else(|| rustls_native_certs::load_native_certs().certs);
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(pinned.iter().cloned());
        let chains = (!roots.is_empty())
            .then(|| {
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                    .build()
            })
            .transpose()
            .map_err(|error| format!("the client CA cannot be used: {error}"))?;
        Ok(Self { chains, pinned })
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.pinned.iter().any(|own| own == leaf) {
            return pinned(leaf, now);
        }
        let chains = self.chains.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        chains.verify_client_cert(leaf, intermediates, now).map(|_| ())
    }
}

/// A certificate that is trusted itself: its time and its purpose are left to look at.
fn pinned(leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let leaf = parsed(leaf)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < leaf.validity().not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > leaf.validity().not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    match leaf.extended_key_usage() {
        Ok(None) => Ok(()),
        Ok(Some(usage)) if usage.value.any || usage.value.client_auth => Ok(()),
        _ => Err(CertificateError::InvalidPurpose.into()),
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        let chains = self.trust.as_ref().and_then(|trust| trust.chains.as_ref());
        chains.map_or(&[], |chains| chains.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(trust) = &self.trust {
            trust.verify(end_entity, intermediates, now)?;
        }
        if let Some(allowed) = &self.allowed_sans {
            let names = names(&parsed(end_entity)?);
            if !names.iter().any(|name| allowed.contains(name)) {
                let refused = OtherError(Arc::new(NotAllowed));
                return Err(CertificateError::Other(refused).into());
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("none of the client certificate's names is allowed")]
struct NotAllowed;

fn parsed<'c>(der: &'c CertificateDer<'_>) -> Result<X509Certificate<'c>, Error> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|_| CertificateError::BadEncoding)?;
    Ok(certificate)
}

/// The alternative names as Go writes them.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    let mut text = String::new();
    write!(text, "{address}").ok()?;
    Some(text)
}
