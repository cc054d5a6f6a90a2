//! HTTP/3: one exchange on one QUIC connection (RFC 9000, RFC 9114).
//!
//! Contract: [`connect`] makes the connection and shows what TLS saw, [`exchange`] sends one request on it. quinn's tasks
//! are no tasks here: they live in the probe's own future, so they end with it. QUIC has one handshake for what is two in
//! TCP and TLS; the phase `connect` is its first part, until the server's first datagram, and `tls` the rest.

mod body;
mod failure;
mod link;
#[cfg(test)]
pub(crate) mod testing;
mod wire;

use std::{
    future::{Future, poll_fn},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use h3::error::StreamError;
use hyper::{Method, Request, Response, StatusCode};

pub(super) use self::body::Body;
use self::{body::Sending, link::Link};
use super::{Exchange, FIELD_LIMIT, HEAD_LIMIT, Source, failure as http, form};
use crate::{
    model::{Failure, Phase, Reason},
    net::{
        Attempt, dial,
        tls::{Client, Report},
    },
};

/// A connection that was agreed on, before its one request.
pub struct Connection {
    link: Link,
    quic: quinn::Connection,
}

type Receiving = h3::client::RequestStream<h3_quinn::RecvStream, Bytes>;
type Sender = h3::client::SendRequest<h3_quinn::OpenStreams, Bytes>;

/// Connects to the first of these that answers, from `source` if one is given. The phases `connect` and `tls`.
///
/// # Errors
/// Those of [`dial::first`] and of a handshake; `http_version` where the server does not speak HTTP/3.
pub async fn connect(
    attempt: &mut Attempt,
    client: &Client,
    host: &str,
    to: &[SocketAddr],
    source: Option<IpAddr>,
) -> (Report, Result<Connection, Failure>) {
    let handshake = match client.quic(host) {
        Ok(handshake) => handshake,
        Err(failure) => return (Report::default(), Err(failure)),
    };
    let reached = dial::first_by(attempt, to, |to| link::reach(&handshake, to, source)).await;
    let connected = match reached {
        Ok(reached) => {
            attempt.step(|| format!("QUIC handshake for {}", handshake.name()));
            attempt.phase(Phase::Tls, reached.handshake()).await
        }
        Err(failure) => Err(failure),
    };
    let connected = connected.map(|(link, quic)| Connection { link, quic });
    let (report, connected) = handshake.end(connected);
    if report.version.is_some() {
        attempt.step(|| report.summary());
    }
    (report, connected)
}

/// Sends a request on a connection of its own. The phases `send` and `wait`.
///
/// # Errors
/// As for a stream: `http_protocol`, `connection_closed`, `connect_reset`, late alerts, and the phases' timeouts.
pub async fn exchange(
    attempt: &mut Attempt,
    connection: Connection,
    request: Request<Bytes>,
) -> Result<Exchange, Failure> {
    let request = form::fit_http3(request)?;
    attempt.step(|| format!("sending {} {} by HTTP/3", request.method(), request.uri().path()));
    let method = request.method().clone();
    let Connection { link, quic } = connection;
    // Boxed: QUIC's parts are large, and each of them is moved around.
    let beginning = Box::pin(Flight::begin(link, quic, request));
    let mut flight = attempt.phase(Phase::Send, beginning).await?;
    attempt.phase(Phase::Send, poll_fn(|cx| flight.until(cx, |own| own.is_sent))).await?;
    attempt.step(|| "request sent".into());
    attempt.phase(Phase::Wait, poll_fn(|cx| flight.until(cx, |_| false))).await?;
    let (answer, mut body) = attempt.phase(Phase::Receive, async { flight.land() }).await?;
    let (head, ()) = answer.into_parts();
    if let Some(coding) = http::unknown_coding(&head.headers) {
        return Err(coding);
    }
    if head.headers.len() > FIELD_LIMIT {
        let detail = format!("the answer has more than {FIELD_LIMIT} header fields");
        return Err(Failure::new(Reason::HttpProtocol, detail));
    }
    if method != Method::HEAD && head.status != StatusCode::NOT_MODIFIED {
        body.expect(&head.headers);
    }
    attempt.step(|| format!("{:?} {}", head.version, head.status));
    Ok(Exchange { head, body: Source::Quic(Box::new(body)) })
}

type Answered = (Receiving, Result<Response<()>, StreamError>);

/// A request on its way.
struct Flight {
    link: Link,
    sender: Sender,
    sending: Sending,
    is_sent: bool,
    answering: Pin<Box<dyn Future<Output = Answered> + Send>>,
    answered: Option<Answered>,
}

impl Flight {
    /// Opens the streams and sends the head.
    async fn begin(
        mut link: Link,
        quic: quinn::Connection,
        request: Request<Bytes>,
    ) -> Result<Self, Failure> {
        let mut builder = h3::client::builder();
        builder.max_field_section_size(HEAD_LIMIT.into()).send_grease(false);
        let opening = builder.build(h3_quinn::Connection::new(quic));
        let (http, mut sender): (_, Sender) =
            link.during(opening).await?.map_err(|error| failure::of_connection(&error))?;
        link.speak(http);
        link.progressed();
        let (head, body) = request.into_parts();
        let opening = sender.send_request(Request::from_parts(head, ()));
        let stream = link.during(opening).await?.map_err(|error| failure::of(&error))?;
        let (mut send, receive) = stream.split();
        let sending = Box::pin(async move {
            // A server may stop us and answer none the less; if it does not, the answer tells why.
            if !body.is_empty() && send.send_data(body).await.is_err() {
                return;
            }
            let _ = send.finish().await;
        });
        let answering = Box::pin(answer(receive));
        Ok(Self { link, sender, sending, is_sent: false, answering, answered: None })
    }

    /// Goes on until the head is there or that much progress is made.
    fn until(
        &mut self,
        cx: &mut Context<'_>,
        reached: fn(&Self) -> bool,
    ) -> Poll<Result<(), Failure>> {
        if self.answered.is_some() {
            return Poll::Ready(Ok(()));
        }
        let Self { link, sending, is_sent, answering, answered, .. } = self;
        let polled = link.poll_with(cx, |cx| {
            if !*is_sent {
                *is_sent = sending.as_mut().poll(cx).is_ready();
            }
            answering.as_mut().poll(cx)
        });
        match polled {
            Poll::Ready(Ok(arrived)) => *answered = Some(arrived),
            Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
            Poll::Pending => {}
        }
        if self.answered.is_some() || reached(self) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// The head, and where the body comes from.
    fn land(self) -> Result<(Response<()>, Body), Failure> {
        let Some((receive, answer)) = self.answered else {
            return Err(http::closed());
        };
        let answer = answer.map_err(|error| failure::of(&error))?;
        let sending = (!self.is_sent).then_some(self.sending);
        Ok((answer, Body::new(self.link, self.sender, receive, sending)))
    }
}

/// The most interim answers (RFC 9110 section 15.2) before the final one.
const INTERIM_LIMIT: usize = 16;

async fn answer(mut receive: Receiving) -> Answered {
    let mut answer = receive.recv_response().await;
    for _ in 0..INTERIM_LIMIT {
        match &answer {
            Ok(interim) if interim.status().is_informational() => {
                answer = receive.recv_response().await;
            }
            _ => break,
        }
    }
    (receive, answer)
}
