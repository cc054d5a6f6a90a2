use std::{error::Error, io};

use hyper::header::{HeaderMap, TRANSFER_ENCODING};

use crate::{
    model::{Failure, Reason},
    net::tls,
};

/// What an error of hyper's means: its sources from the outside in, the most telling one first.
pub(super) fn of(error: &hyper::Error) -> Failure {
    if error.is_incomplete_message() {
        return closed();
    }
    if error.is_parse_too_large() {
        let detail = format!("the head of the answer is larger than {} bytes", super::HEAD_LIMIT);
        return Failure::new(Reason::HttpProtocol, detail);
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<h2::Error>() {
            return of_h2(cause);
        }
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return of_io(cause);
        }
        source = cause.source();
    }
    let reason = if error.is_canceled() || error.is_closed() || error.is_body_write_aborted() {
        Reason::ConnectionClosed
    } else {
        Reason::HttpProtocol
    };
    Failure::new(reason, words(error))
}

/// An answer in a transfer coding that nobody asked for and nothing here undoes (RFC 9112 section 6.1): its body is noise.
pub(super) fn unknown_coding(headers: &HeaderMap) -> Option<Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let unknown = codings.find(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))?;
    let detail = format!("unknown transfer coding {:?}", unknown.to_str().unwrap_or("?"));
    Some(Failure::new(Reason::HttpProtocol, detail))
}

pub(super) fn closed() -> Failure {
    let detail = "the connection was closed before the answer was complete";
    Failure::new(Reason::ConnectionClosed, detail)
}

/// A server that resets a stream or says goodbye (RFC 9113 sections 6.4 and 6.8) ended the exchange as a closed TCP
/// connection does; what we found wrong ourselves is a matter of protocol.
pub fn of_h2(error: &h2::Error) -> Failure {
    if let Some(cause) = error.get_io() {
        return of_io(cause);
    }
    let reason = match (error.is_remote(), error.is_reset(), error.is_go_away()) {
        (true, true, _) => Reason::ConnectReset,
        (true, _, true) if error.reason() == Some(h2::Reason::NO_ERROR) => Reason::ConnectionClosed,
        _ => Reason::HttpProtocol,
    };
    Failure::new(reason, format!("HTTP/2: {error}"))
}

fn of_io(error: &io::Error) -> Failure {
    let failure = tls::broken(error);
    match (failure.reason, error.raw_os_error()) {
        // Without a number it does not come from the kernel: h2's word for an end that came too early,
        (Reason::ConnectReset, None) if error.kind() == io::ErrorKind::BrokenPipe => closed(),
        // or broken framing that hyper found.
        (Reason::ConnectUnreachable, None) => Failure::new(Reason::HttpProtocol, failure.detail),
        _ => failure,
    }
}

/// hyper's own words and those of its causes.
fn words(error: &hyper::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
