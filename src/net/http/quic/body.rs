use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use h3::error::StreamError;
use hyper::header::{CONTENT_LENGTH, HeaderMap};

use super::{Receiving, Sender, failure, link::Link};
use crate::model::{Failure, Reason};

/// What is left of the request to send.
pub(super) type Sending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Pieces without a pause before the deadline and the other tasks get their turn.
const PIECES_IN_A_ROW: u8 = 16;

/// The body of an answer, and all that has to live as long.
pub(in crate::net::http) struct Body {
    // First, so that the goodbye is ours and not that of a stream that is dropped.
    link: Link,
    receive: Receiving,
    /// Who drops the last of these closes the connection.
    _sender: Sender,
    sending: Option<Sending>,
    announced: Option<u64>,
    read: u64,
    in_a_row: u8,
}

impl Body {
    pub(super) fn new(
        link: Link,
        sender: Sender,
        receive: Receiving,
        sending: Option<Sending>,
    ) -> Self {
        let (announced, read, in_a_row) = (None, 0, 0);
        Self { link, receive, _sender: sender, sending, announced, read, in_a_row }
    }

    /// Takes the length that the head announces.
    pub(super) fn expect(&mut self, headers: &HeaderMap) {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        self.announced = length.and_then(|length| length.parse().ok());
    }

    pub(in crate::net::http) fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// The next piece; `None` at the end.
    pub(in crate::net::http) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Failure>>> {
        if self.in_a_row == PIECES_IN_A_ROW {
            self.in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Self { link, receive, sending, .. } = self;
        let polled = link.poll_with(cx, |cx| {
            if sending.as_mut().is_some_and(|sending| sending.as_mut().poll(cx).is_ready()) {
                *sending = None;
            }
            piece(receive, cx)
        });
        self.in_a_row = if polled.is_ready() { self.in_a_row + 1 } else { 0 };
        polled.map(|polled| match polled {
            Ok(Ok(Some(piece))) => Some(self.count(piece)),
            Ok(Ok(None)) => self.end().err().map(Err),
            Ok(Err(error)) => Some(Err(failure::of(&error))),
            Err(failure) => Some(Err(failure)),
        })
    }

    fn count(&mut self, piece: Bytes) -> Result<Bytes, Failure> {
        self.link.progressed();
        self.read += piece.len() as u64;
        match self.announced {
            Some(announced) if self.read > announced => Err(self.other(Reason::HttpProtocol)),
            _ => Ok(piece),
        }
    }

    /// Nobody else compares the length with what was announced (RFC 9114 section 4.1.2).
    fn end(&self) -> Result<(), Failure> {
        match self.announced {
            Some(announced) if self.read < announced => Err(self.other(Reason::ConnectionClosed)),
            _ => Ok(()),
        }
    }

    fn other(&self, reason: Reason) -> Failure {
        let (read, announced) = (self.read, self.announced.unwrap_or_default());
        let detail = format!("HTTP/3: {read} bytes of the body came, {announced} were announced");
        Failure::new(reason, detail)
    }
}

/// h3 takes an empty frame for the end; the end itself is still there when it is asked for again, so often.
const EMPTY_IN_A_ROW: usize = 64;

fn piece(
    receive: &mut Receiving,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, StreamError>> {
    let mut next = || {
        let polled = receive.poll_recv_data(cx);
        polled
            .map(|data| data.map(|data| data.map(|mut data| data.copy_to_bytes(data.remaining()))))
    };
    for _ in 0..EMPTY_IN_A_ROW {
        let polled = next();
        if !matches!(polled, Poll::Ready(Ok(None))) {
            return polled;
        }
    }
    Poll::Ready(Ok(None))
}
