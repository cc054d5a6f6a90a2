//! rustls' errors in our words.

use std::{error::Error as StdError, io};

use rustls::{
    AlertDescription as Alert, CertificateError, Error, PeerIncompatible, pki_types::UnixTime,
};

use super::Certificate;
use crate::{
    model::{Failure, Reason},
    net::dial,
};

/// The failure an I/O error on a TLS connection means.
///
/// For readers and writers after the handshake: in TLS 1.3 a server's refusal of our certificate comes only then.
pub fn broken(error: &io::Error) -> Failure {
    match inner(error) {
        Some(error) => failed(error, false),
        None => dial::broken(error),
    }
}

/// The failure of a handshake; `asked` says whether the server wanted a client certificate.
pub(super) fn during_handshake(error: &io::Error, asked: bool) -> Failure {
    match inner(error) {
        Some(error) => failed(error, asked),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Failure::new(
            Reason::ConnectionClosed,
            "the server closed the connection during the TLS handshake",
        ),
        None => {
            let failure = dial::broken(error);
            Failure::new(failure.reason, format!("during the TLS handshake: {}", failure.detail))
        }
    }
}

/// The rustls error inside, however deep: hyper and tungstenite wrap it again.
fn inner(error: &io::Error) -> Option<&Error> {
    let mut next = error.get_ref().map(|inner| inner as &(dyn StdError + 'static));
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>() {
            // An io::Error's `source` leaves out the very error it holds.
            Some(wrapped) => wrapped.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

fn failed(error: &Error, asked: bool) -> Failure {
    match error {
        Error::AlertReceived(alert) => alerted(*alert, asked),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => Failure::new(Reason::TlsUnsupportedVersion, "the server chose a version not offered"),
        Error::InvalidMessage(what) => Failure::new(
            Reason::TlsHandshake,
            format!("the answer is not TLS ({what:?}); plain text, or STARTTLS first?"),
        ),
        Error::InvalidCertificate(error) => certificate(error),
        other => Failure::new(Reason::TlsHandshake, other.to_string()),
    }
}

pub(super) fn alerted(alert: Alert, asked: bool) -> Failure {
    let text = |more: &str| format!("the server sent the alert {alert:?}{more}");
    match alert {
        Alert::ProtocolVersion => {
            Failure::new(Reason::TlsUnsupportedVersion, text(": it speaks no version we offer"))
        }
        Alert::CertificateRequired => {
            Failure::new(Reason::TlsClientCertificate, text(": it wants a client certificate"))
        }
        // What the server says of a certificate, it says of ours.
        Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => {
            Failure::new(Reason::TlsClientCertificate, text(" about our client certificate"))
        }
        // What OpenSSL says in TLS 1.2 where TLS 1.3 has CertificateRequired.
        Alert::HandshakeFailure if asked => {
            Failure::new(Reason::TlsClientCertificate, text(" after asking for a certificate"))
        }
        Alert::HandshakeFailure => {
            Failure::new(Reason::TlsHandshake, text(": no cipher or group in common?"))
        }
        Alert::UnrecognisedName => {
            Failure::new(Reason::TlsHandshake, text(": it does not serve this name"))
        }
        Alert::NoApplicationProtocol => {
            Failure::new(Reason::TlsHandshake, text(": no ALPN protocol in common"))
        }
        _ => Failure::new(Reason::TlsHandshake, text("")),
    }
}

/// A chain that does not verify, where nothing but the error is known.
fn certificate(error: &CertificateError) -> Failure {
    let reason = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Reason::TlsNotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Reason::TlsNameMismatch
        }
        CertificateError::Revoked => Reason::TlsRevoked,
        _ => Reason::TlsUntrusted,
    };
    Failure::new(reason, error.to_string())
}

/// A chain that does not verify for `name` at `now`, told with the certificates it is about.
pub(super) fn verification(
    error: &Error,
    chain: &[Certificate],
    name: &str,
    now: UnixTime,
) -> Failure {
    let failure = failed(error, false);
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let expired = |one: &&Certificate| one.not_after.as_second() < now;
    let leaf = chain.first().filter(|first| first.position == 0);
    // webpki says of a self-signed leaf only that nobody vouches for it, even when it has expired too.
    if let Some(leaf) = leaf.filter(expired) {
        return Failure::new(Reason::TlsExpired, ended(leaf));
    }
    let detail = match (failure.reason, leaf) {
        (Reason::TlsExpired, _) => chain.iter().find(expired).map(ended),
        (Reason::TlsNotYetValid, _) => {
            chain.iter().find(|one| one.not_before.as_second() > now).map(begins)
        }
        (Reason::TlsNameMismatch, Some(leaf)) => Some(misnamed(leaf, name)),
        (Reason::TlsUntrusted, Some(leaf)) => Some(untrusted(error, leaf, chain)),
        _ => None,
    };
    Failure::new(failure.reason, detail.unwrap_or(failure.detail))
}

fn ended(one: &Certificate) -> String {
    format!("{} expired at {}", placed(one), one.not_after)
}

fn begins(one: &Certificate) -> String {
    format!("{} is valid from {} only", placed(one), one.not_before)
}

fn placed(one: &Certificate) -> String {
    format!("certificate {} of the chain ({})", one.position, short(&one.subject))
}

fn misnamed(leaf: &Certificate, name: &str) -> String {
    const SHOWN: usize = 8;
    if leaf.names.is_empty() {
        return format!(
            "the certificate ({}) holds no name at all, wanted {name}",
            short(&leaf.subject)
        );
    }
    let names: Vec<_> = leaf.names.iter().take(SHOWN).map(|name| short(name)).collect();
    let more = match leaf.names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the certificate is for {}{more}, wanted {name}", names.join(", "))
}

fn untrusted(error: &Error, leaf: &Certificate, chain: &[Certificate]) -> String {
    let subject = short(&leaf.subject);
    let last = chain.last().unwrap_or(leaf);
    let end = format!("ends at {}, issued by {}", short(&last.subject), short(&last.issuer));
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) if !leaf.is_self_issued() => {
            format!("the chain of {subject} {end}, which is not trusted here")
        }
        Error::InvalidCertificate(CertificateError::BadSignature) if !leaf.is_self_issued() => {
            format!(
                "the chain of {subject} {end}: that name is trusted, but it is not signed by its key"
            )
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("self-signed: {subject}")
        }
        other if leaf.is_self_issued() => format!("self-signed: {subject} ({other})"),
        other => format!("{subject}: {other}"),
    }
}

/// A stranger's text, cut so that the sentence around it stays readable.
fn short(text: &str) -> &str {
    const LIMIT: usize = 80;
    &text[..text.floor_char_boundary(LIMIT)]
}
