//! One HTTP exchange on one connection, each part of its time known: HTTP/1.1, HTTP/2 and tunnels through a proxy; HTTP/3,
//! where it is built in, is in `quic`.
//!
//! Contract: the caller brings a connected stream and a request with an absolute URI; [`exchange`] gives the head and lets
//! the body be read piece by piece. Nothing is spawned, so dropping an [`Exchange`] ends all of it. A head is bounded
//! by [`HEAD_LIMIT`]; the caller bounds the body.

mod driver;
mod failure;
mod form;
mod meter;
#[cfg(feature = "http3")]
pub mod quic;
mod tunnel;

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    Response,
    body::{Body, Incoming},
    client::conn::{http1, http2},
    http::{Request, response},
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

pub use failure::of_h2 as broken;
pub use form::Form;
pub use tunnel::tunnel;

use self::{
    driver::Driver,
    meter::{Metered, Outgoing, Progress},
};
use super::Attempt;
use crate::model::{Failure, Phase};

/// The largest head of an answer, in bytes, give or take one read. Servers themselves rarely send a tenth of it.
pub const HEAD_LIMIT: u32 = 64 * 1024;

/// The most header fields of an answer.
const FIELD_LIMIT: usize = 256;

/// What an HTTP/2 server may send before it is read, in bytes.
const WINDOW: u32 = 256 * 1024;

/// A request that was sent and an answer whose body can be read.
pub struct Exchange {
    /// Status, version and headers.
    pub head: response::Parts,
    body: Source,
}

/// Where the body comes from.
enum Source {
    /// A stream of bytes, spoken over by hyper.
    Stream { body: Incoming, driver: Driver },
    /// QUIC.
    #[cfg(feature = "http3")]
    Quic(Box<quic::Body>),
}

/// Sends a request on a connection of its own. The phases `send` and `wait`, and `receive` until the head is whole.
///
/// # Errors
/// `http_protocol`, `connection_closed`, `connect_reset`, `tls_*` for an alert that came late, and the phases' timeouts.
pub async fn exchange<S>(
    attempt: &mut Attempt,
    stream: S,
    form: Form,
    request: Request<Bytes>,
) -> Result<Exchange, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = form.fit(request)?;
    attempt.step(|| format!("sending {} {} by {form}", request.method(), request.uri().path()));
    let (outgoing, progress) = Outgoing::new(request);
    let stream = TokioIo::new(Metered::new(stream, progress.clone(), form));
    let mut flight = match form {
        Form::Http1 | Form::Http1Proxy => {
            let ready = http1_builder().handshake(stream);
            let (mut sender, connection) = attempt.phase(Phase::Send, hyper_words(ready)).await?;
            progress.arm();
            let head = Box::pin(async move { sender.send_request(outgoing).await });
            Flight { head, driver: Driver::http1(connection), progress, arrived: None }
        }
        Form::Http2 => {
            let inbox = driver::Inbox::default();
            let ready = http2_builder(inbox.clone()).handshake(stream);
            let (mut sender, connection) = attempt.phase(Phase::Send, hyper_words(ready)).await?;
            progress.arm();
            let head = Box::pin(async move { sender.send_request(outgoing).await });
            Flight { head, driver: Driver::http2(connection, inbox), progress, arrived: None }
        }
    };
    attempt.phase(Phase::Send, poll_fn(|cx| flight.until(cx, Progress::is_sent))).await?;
    attempt.step(|| "request sent".into());
    attempt.phase(Phase::Wait, poll_fn(|cx| flight.until(cx, Progress::is_answered))).await?;
    attempt.step(|| "first byte of the answer".into());
    let answer = attempt.phase(Phase::Receive, poll_fn(|cx| flight.answer(cx))).await?;
    let (head, body) = answer.into_parts();
    if let Some(coding) = failure::unknown_coding(&head.headers) {
        return Err(coding);
    }
    attempt.step(|| format!("{:?} {}", head.version, head.status));
    Ok(Exchange { head, body: Source::Stream { body, driver: flight.driver } })
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Field names are case-insensitive, but servers that were only ever tried with curl exist.
    builder
        .title_case_headers(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(FIELD_LIMIT)
        .max_buf_size(HEAD_LIMIT as usize);
    builder
}

fn http2_builder(inbox: driver::Inbox) -> http2::Builder<driver::Inbox> {
    let mut builder = http2::Builder::new(inbox);
    builder
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(HEAD_LIMIT);
    builder
}

async fn hyper_words<T>(work: impl Future<Output = hyper::Result<T>>) -> Result<T, Failure> {
    work.await.map_err(|error| failure::of(&error))
}

impl Exchange {
    /// The length of the body as its framing announces it; `None` where it does not.
    pub fn announced(&self) -> Option<u64> {
        match &self.body {
            Source::Stream { body, .. } => body.size_hint().exact(),
            #[cfg(feature = "http3")]
            Source::Quic(body) => body.announced(),
        }
    }

    /// The next piece of the body; `None` at its end. Wants to be called within the phase `receive`.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        let (body, driver) = match &mut self.body {
            Source::Stream { body, driver } => (body, driver),
            #[cfg(feature = "http3")]
            Source::Quic(body) => return body.poll_chunk(cx),
        };
        loop {
            // The body is asked first, so that the connection knows that somebody wants more of it.
            let mut frame = Pin::new(&mut *body).poll_frame(cx);
            if frame.is_pending() {
                driver.poll(cx);
                frame = Pin::new(&mut *body).poll_frame(cx);
            }
            return match frame {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(driver.failure(&error)))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Poll::Ready(Some(Ok(data))),
                    // Trailers: nothing here looks at them.
                    Err(_) => continue,
                },
            };
        }
    }

    /// The next piece of the body; `None` at its end. Wants to be called within the phase `receive`.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Failure>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }
}

type Answer = hyper::Result<Response<Incoming>>;

/// A request on its way.
struct Flight {
    head: Pin<Box<dyn Future<Output = Answer> + Send>>,
    driver: Driver,
    progress: Progress,
    arrived: Option<Answer>,
}

impl Flight {
    /// Goes on until the head is there or that much progress is made.
    fn until(
        &mut self,
        cx: &mut Context<'_>,
        reached: fn(&Progress) -> bool,
    ) -> Poll<Result<(), Failure>> {
        self.poll(cx);
        if self.arrived.is_some() || reached(&self.progress) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Incoming>, Failure>> {
        self.poll(cx);
        match self.arrived.take() {
            None => Poll::Pending,
            Some(Ok(answer)) => Poll::Ready(Ok(answer)),
            Some(Err(error)) => Poll::Ready(Err(self.driver.failure(&error))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        for driven in [false, true] {
            if self.arrived.is_some() {
                return;
            }
            if driven {
                self.driver.poll(cx);
            }
            if let Poll::Ready(answer) = self.head.as_mut().poll(cx) {
                self.arrived = Some(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests;
