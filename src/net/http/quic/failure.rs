//! The errors of QUIC and HTTP/3 in our words.

use h3::{
    error::{Code, ConnectionError, LocalError, StreamError},
    quic::ConnectionErrorIncoming,
};
use quinn::{TransportErrorCode, VarInt};

use crate::{
    model::{Failure, Reason},
    net::{
        http::{HEAD_LIMIT, failure::closed},
        tls,
    },
};

/// What an error of a request means. A server that resets a stream or says goodbye ended the exchange as a closed TCP
/// connection does; what one of us found wrong with the other is a matter of protocol.
pub(super) fn of(error: &StreamError) -> Failure {
    match error {
        StreamError::RemoteTerminate { code, .. } => Failure::new(
            Reason::ConnectReset,
            format!("HTTP/3: the server reset the stream: {code}"),
        ),
        StreamError::ConnectionError { 0: error, .. } => of_connection(error),
        StreamError::HeaderTooBig { max_size, .. } if *max_size == u64::from(HEAD_LIMIT) => {
            let detail = format!("the head of the answer is larger than {HEAD_LIMIT} bytes");
            Failure::new(Reason::HttpProtocol, detail)
        }
        StreamError::HeaderTooBig { max_size, .. } => {
            let detail = format!("HTTP/3: the server takes no head larger than {max_size} bytes");
            Failure::new(Reason::HttpProtocol, detail)
        }
        StreamError::RemoteClosing { .. } => closed(),
        StreamError::StreamError { code, reason, .. } => protocol(&format!("{reason} ({code})")),
        other => protocol(&other.to_string()),
    }
}

/// The same of what concerns the whole connection.
pub(super) fn of_connection(error: &ConnectionError) -> Failure {
    match error {
        ConnectionError::Local { error: LocalError::Application { code, reason, .. }, .. } => {
            protocol(&format!("{reason} ({code})"))
        }
        ConnectionError::Remote {
            0: ConnectionErrorIncoming::ApplicationClose { error_code },
            ..
        } => application(*error_code, &[]),
        ConnectionError::Remote { 0: ConnectionErrorIncoming::Undefined(error), .. } => {
            match error.downcast_ref::<quinn::ConnectionError>() {
                Some(error) => of_quic(error),
                None => protocol(&error.to_string()),
            }
        }
        ConnectionError::Timeout { .. } => of_quic(&quinn::ConnectionError::TimedOut),
        other => protocol(&other.to_string()),
    }
}

/// What became of a QUIC connection (RFC 9000 section 20).
pub(super) fn of_quic(error: &quinn::ConnectionError) -> Failure {
    use quinn::ConnectionError as Error;
    let quic = |reason| Failure::new(reason, format!("QUIC: {error}"));
    match error {
        Error::TransportError(own) => match alert(own.code) {
            Some(alert) => tls::quic::ended(alert, &own.reason),
            None => quic(Reason::HttpProtocol),
        },
        Error::ConnectionClosed(close) => match (alert(close.error_code), close.error_code) {
            (Some(alert), _) => tls::quic::alerted(alert),
            (None, TransportErrorCode::CONNECTION_REFUSED) => quic(Reason::ConnectRefused),
            (None, TransportErrorCode::NO_ERROR | TransportErrorCode::APPLICATION_ERROR) => {
                quic(Reason::ConnectionClosed)
            }
            (None, _) => quic(Reason::HttpProtocol),
        },
        Error::ApplicationClosed(close) => application(close.error_code.into(), &close.reason),
        Error::Reset => quic(Reason::ConnectReset),
        Error::TimedOut => quic(Reason::ConnectTimeout),
        Error::VersionMismatch | Error::LocallyClosed | Error::CidsExhausted => {
            quic(Reason::HttpProtocol)
        }
    }
}

/// The alert of TLS in an error code of QUIC (RFC 9001 section 4.8).
fn alert(code: TransportErrorCode) -> Option<u8> {
    u8::try_from(u64::from(code).checked_sub(0x100)?).ok()
}

/// A connection that the server's HTTP closed; 0 is what a library says for it that was not asked.
fn application(code: u64, words: &[u8]) -> Failure {
    let code = Code::from(code);
    if code == Code::H3_NO_ERROR || code == VarInt::from_u32(0).into_inner() {
        return closed();
    }
    let words: String = String::from_utf8_lossy(words).chars().take(80).collect();
    protocol(&format!("the server closed the connection: {code} {words}"))
}

fn protocol(what: &str) -> Failure {
    Failure::new(Reason::HttpProtocol, format!("HTTP/3: {}", what.trim_end()))
}
