//! gRPC servers that answer `grpc.health.v1.Health/Check` by script. The messages are written by hand: there are two.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    HeaderMap, Request, Response,
    body::{Frame, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{
    peer::{Peer, Seen},
    tls,
};

/// What a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A status of the protocol: 0 UNKNOWN, 1 SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN, or one it has not.
    Health(u8),
    /// An empty message, which means UNKNOWN.
    Empty,
    /// A code of gRPC, such as 5 for NOT_FOUND, and no message.
    Code(u8),
    /// A code in the head, without any body (`Trailers-Only`).
    CodeAlone(u8),
    /// HTTP's own refusal: no gRPC is spoken here.
    Http(u16),
    /// The message, and no trailers.
    Cut,
    /// Nothing, for as long as the client likes.
    Silent,
}

/// A server with an answer for each service; one it does not know is `Code(5)`.
pub async fn serve(services: &[(&str, Answer)]) -> Peer {
    serve_at((Ipv4Addr::LOCALHOST, 0).into(), services).await
}

/// The same on an address of one's own choice.
pub async fn serve_at(address: SocketAddr, services: &[(&str, Answer)]) -> Peer {
    let services = owned(services);
    Peer::stream_at(address, move |stream, _, seen| converse(stream, Arc::clone(&services), seen))
        .await
}

/// The same behind TLS.
pub async fn serve_tls(acceptor: TlsAcceptor, services: &[(&str, Answer)]) -> Peer {
    let services = owned(services);
    Peer::stream(move |stream, _, seen| {
        let (acceptor, services) = (acceptor.clone(), Arc::clone(&services));
        async move {
            let stream = tls::accept(stream, &acceptor, &seen).await?;
            converse(stream, services, seen).await
        }
    })
    .await
}

type Services = Arc<BTreeMap<String, Answer>>;

fn owned(services: &[(&str, Answer)]) -> Services {
    Arc::new(services.iter().map(|(name, answer)| ((*name).to_owned(), *answer)).collect())
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    services: Services,
    seen: Arc<Seen>,
) -> io::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let (services, seen) = (Arc::clone(&services), Arc::clone(&seen));
        async move { answer(request, &services, &seen).await }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    connection.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

type Frames =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, io::Error>>>>;

async fn answer(
    request: Request<Incoming>,
    services: &Services,
    seen: &Seen,
) -> Result<Response<Frames>, hyper::Error> {
    let (parts, body) = request.into_parts();
    seen.heard("request", format!("{} {}", parts.method, parts.uri.path()));
    seen.heard("authority", parts.uri.authority().map_or("", |it| it.as_str()));
    for (name, value) in &parts.headers {
        let value = value.as_bytes().escape_ascii().to_string();
        seen.heard(format!("header {name}"), value);
    }
    let message = body.collect().await?.to_bytes();
    seen.heard("message", message.escape_ascii().to_string());
    // The frame's five bytes, then field 1 with its length; an empty name is not sent.
    let service = message.get(7..).unwrap_or_default();
    let service = std::str::from_utf8(service).expect("the name of a service");
    let answer = services.get(service).copied().unwrap_or(Answer::Code(5));
    let trailers = |code: u8| {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", u16::from(code).into());
        trailers.insert("grpc-message", "as scripted".parse().unwrap());
        Frame::trailers(trailers)
    };
    let data = |message: &[u8]| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        Frame::data(Bytes::from([&[0], length.as_slice(), message].concat()))
    };
    let mut response = Response::builder().header("content-type", "application/grpc");
    let frames = match answer {
        Answer::Health(status) => vec![data(&[8, status]), trailers(0)],
        Answer::Empty => vec![data(&[]), trailers(0)],
        Answer::Code(code) => vec![trailers(code)],
        Answer::CodeAlone(code) => {
            response = response.header("grpc-status", u16::from(code));
            Vec::new()
        }
        Answer::Http(status) => {
            response = Response::builder().status(status).header("content-type", "text/plain");
            vec![Frame::data(Bytes::from_static(b"no gRPC here"))]
        }
        Answer::Cut => vec![data(&[8, 1])],
        Answer::Silent => std::future::pending().await,
    };
    let frames: Vec<_> = frames.into_iter().map(Ok).collect();
    Ok(response.body(StreamBody::new(futures_util::stream::iter(frames))).unwrap())
}
