//! One unary call over a connection of its own: HTTP/2 as gRPC's `PROTOCOL-HTTP2.md` wants it, judged as grpc-go does.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use bytes::Bytes;
use h2::{RecvStream, client};
use hyper::{
    Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{code::Code, message};
use crate::{
    model::{Failure, Phase, Reason},
    net::{Attempt, http},
    probe::stream::escaped,
};

/// Why a call did not bring a message with status OK.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Code,
    pub(super) failure: Failure,
}

impl Ended {
    fn broken(code: Code, detail: impl Into<String>) -> Self {
        Self { code, failure: Failure::new(Reason::GrpcProtocol, detail) }
    }

    /// By the name and the words of a server's status.
    fn status(code: Code, words: &str) -> Self {
        let words =
            if words.is_empty() { "without a word".to_owned() } else { escaped(words.as_bytes()) };
        let detail = format!("the call ended with {code}: {words}");
        Self { code, failure: Failure::new(Reason::GrpcStatus, detail) }
    }
}

/// What broke before or beneath the call.
impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        let late = Phase::ALL.iter().any(|phase| phase.timeout() == failure.reason);
        Self { code: if late { Code::DEADLINE_EXCEEDED } else { Code::UNAVAILABLE }, failure }
    }
}

/// The largest message, in bytes; a health service's has two. grpc-go takes 4 MiB.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// The largest head and the largest trailers, in bytes.
const FIELDS_LIMIT: u32 = 16 * 1024;

/// What the server may send before it is read, in bytes.
const WINDOW: u32 = 128 * 1024;

/// The phases `send`, `wait` and `receive`. The one message of the answer, if its status is OK.
///
/// # Errors
/// The code is the one grpc-go would return.
pub(super) async fn call<S: AsyncRead + AsyncWrite + Unpin>(
    attempt: &mut Attempt,
    stream: S,
    request: Request<()>,
    message: Bytes,
) -> Result<Vec<u8>, Ended> {
    attempt.step(|| format!("calling {} at {:?}", request.uri().path(), request.uri().authority()));
    let opening = async {
        let (mut sender, connection) = client::Builder::new()
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(FIELDS_LIMIT)
            .enable_push(false)
            .handshake(stream)
            .await?;
        let (response, mut body) = sender.send_request(request, false)?;
        body.send_data(message, true)?;
        // `sender` stays until the end: without one, h2 says goodbye before the answer is there.
        Ok((sender, response, Driven { connection: Some(connection), broke: None }))
    };
    let opened = attempt.phase(Phase::Send, async { Ok::<_, Failure>(opening.await) }).await?;
    let (_sender, response, mut driven) = opened.map_err(|error| of_h2(&error))?;
    let head = driven.phase(attempt, Phase::Wait, response).await?;
    attempt.step(|| format!("HTTP/2 {}", head.status()));
    receive(attempt, &mut driven, head).await
}

/// A connection that moves while something else is waited for; it dies with the run.
struct Driven<S: AsyncRead + AsyncWrite + Unpin> {
    connection: Option<client::Connection<S, Bytes>>,
    broke: Option<h2::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driven<S> {
    async fn phase<T>(
        &mut self,
        attempt: &mut Attempt,
        phase: Phase,
        work: impl Future<Output = Result<T, h2::Error>>,
    ) -> Result<T, Ended> {
        let done = attempt.phase(phase, async { Ok(self.with(work).await) }).await?;
        done.map_err(|error| match self.broke.take() {
            // The connection's own error is nearer to the cause: a stream only hears that it is over.
            Some(broke) if !(error.is_reset() && error.is_remote()) => of_h2(&broke),
            _ => of_h2(&error),
        })
    }

    async fn with<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Some(connection) = &mut self.connection
                && let Poll::Ready(ended) = Pin::new(connection).poll(cx)
            {
                // Streams hear of an error while something is written only when the connection is dropped.
                self.connection = None;
                self.broke = ended.err();
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

fn of_h2(error: &h2::Error) -> Ended {
    let failure = http::broken(error);
    let code = match error.reason() {
        Some(reason) if error.is_reset() && error.is_remote() => Code::of_reset(reason),
        // A stream that we find broken ourselves.
        Some(_) if error.is_reset() => Code::INTERNAL,
        _ => Code::UNAVAILABLE,
    };
    Ended { code, failure }
}

async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    attempt: &mut Attempt,
    driven: &mut Driven<S>,
    head: Response<RecvStream>,
) -> Result<Vec<u8>, Ended> {
    let (head, mut body) = head.into_parts();
    is_grpc(head.status, &head.headers)?;
    if body.is_end_stream() {
        let code = status(&head.headers)?;
        let words = words(&head.headers);
        return Err(match code {
            Code::OK => Ended::broken(Code::INTERNAL, "status OK, but no message"),
            code => Ended::status(code, &words),
        });
    }
    let message = read(attempt, driven, &mut body).await?;
    let trailers = driven.phase(attempt, Phase::Receive, body.trailers()).await?;
    let Some(trailers) = trailers else {
        let detail = "the server closed the stream without sending trailers";
        return Err(Ended::broken(Code::INTERNAL, detail));
    };
    match status(&trailers)? {
        Code::OK => {
            let missing = || Ended::broken(Code::INTERNAL, "status OK, but no message");
            message.ok_or_else(missing)
        }
        code => Err(Ended::status(code, &words(&trailers))),
    }
}

/// Whether it is gRPC that answers: what says so is the type of the content, not the status.
fn is_grpc(status: StatusCode, fields: &HeaderMap) -> Result<(), Ended> {
    let kind = fields.get(CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()));
    let rest = kind.as_deref().and_then(|kind| kind.strip_prefix("application/grpc"));
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';'])) {
        return Ok(());
    }
    let kind = kind.map_or("no content type".into(), |kind| escaped(kind.as_bytes()));
    let detail = format!("the answer is not gRPC: HTTP status {status}, {kind}");
    let reason = if status == StatusCode::OK { Reason::GrpcProtocol } else { Reason::HttpStatus };
    Err(Ended { code: Code::of_http(status), failure: Failure::new(reason, detail) })
}

/// The first message; `None` where the stream ends without one.
async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    attempt: &mut Attempt,
    driven: &mut Driven<S>,
    body: &mut RecvStream,
) -> Result<Option<Vec<u8>>, Ended> {
    let mut received = Vec::new();
    loop {
        let whole = whole(&received)?;
        let data = poll_fn(|cx| body.poll_data(cx).map(Option::transpose));
        let Some(data) = driven.phase(attempt, Phase::Receive, data).await? else {
            return match (whole, received.is_empty()) {
                (true, _) => Ok(Some(received.split_off(message::HEAD))),
                (false, true) => Ok(None),
                (false, false) => {
                    let detail = "the stream ended in the middle of a message";
                    Err(Ended::broken(Code::INTERNAL, detail))
                }
            };
        };
        // Given back at once: what may be kept is bounded here.
        let _ = body.flow_control().release_capacity(data.len());
        if whole && !data.is_empty() {
            let detail = "a second message, where one was asked for";
            return Err(Ended::broken(Code::INTERNAL, detail));
        }
        received.extend_from_slice(&data);
    }
}

/// Whether a message is there to its last byte.
fn whole(received: &[u8]) -> Result<bool, Ended> {
    let Some((flag, length)) = message::head(received) else {
        return Ok(false);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MESSAGE_LIMIT {
        let detail = format!("a message of {length} bytes, where {MESSAGE_LIMIT} are permitted");
        return Err(Ended::broken(Code::RESOURCE_EXHAUSTED, detail));
    }
    match received.len() - message::HEAD {
        so_far if so_far < length => Ok(false),
        so_far if so_far > length => {
            let detail = "a second message, where one was asked for";
            Err(Ended::broken(Code::INTERNAL, detail))
        }
        _ => match flag {
            0 => Ok(true),
            1 => Err(Ended::broken(Code::INTERNAL, "a compressed message, which was not offered")),
            flag => Err(Ended::broken(Code::INTERNAL, format!("a message with the flag {flag}"))),
        },
    }
}

/// What `grpc-status` says; where it is missing, that is not known.
fn status(fields: &HeaderMap) -> Result<Code, Ended> {
    let Some(value) = fields.get("grpc-status") else {
        return Ok(Code::UNKNOWN);
    };
    Code::read(value.as_bytes()).ok_or_else(|| {
        let detail = format!("grpc-status is {}", escaped(value.as_bytes()));
        Ended::broken(Code::INTERNAL, detail)
    })
}

/// `grpc-message`, percent-encoded UTF-8.
fn words(fields: &HeaderMap) -> String {
    let value = fields.get("grpc-message").map(HeaderValue::as_bytes).unwrap_or_default();
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, after @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        let pair = after.get(..2).and_then(|pair| Some(hex(&pair[0])? * 16 + hex(&pair[1])?));
        let escaped = pair.filter(|_| *first == b'%').and_then(|byte| u8::try_from(byte).ok());
        decoded.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
