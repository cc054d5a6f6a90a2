use std::{future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{
    Response, Uri,
    body::Incoming,
    header::{HOST, HeaderMap, HeaderValue},
    http::{
        Request,
        uri::{self, Authority},
    },
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{failure, http1_builder};
use crate::{
    model::{Failure, Phase, Reason},
    net::Attempt,
};

/// Asks a proxy for a tunnel to `to` (`host:port`) by CONNECT (RFC 9110 section 9.3.6). Part of the phase `connect`.
///
/// # Errors
/// `proxy_failed` with the proxy's status when it refuses.
pub async fn tunnel(
    attempt: &mut Attempt,
    proxy: TcpStream,
    to: &str,
    headers: &HeaderMap,
) -> Result<TcpStream, Failure> {
    attempt.step(|| format!("asking the proxy for a tunnel to {to}"));
    let request = request(to, headers)?;
    attempt.phase(Phase::Connect, open(proxy, request)).await
}

fn request(to: &str, headers: &HeaderMap) -> Result<Request<Empty<Bytes>>, Failure> {
    let unusable = |_| Failure::new(Reason::ProxyFailed, format!("no tunnel leads to `{to}`"));
    let authority: Authority = to.parse().map_err(unusable)?;
    let mut uri = uri::Parts::default();
    uri.authority = Some(authority);
    let mut request = Request::new(Empty::new());
    *request.method_mut() = hyper::Method::CONNECT;
    *request.uri_mut() = Uri::from_parts(uri)
        .map_err(|error| Failure::new(Reason::ProxyFailed, error.to_string()))?;
    if let Ok(host) = HeaderValue::from_str(to) {
        request.headers_mut().insert(HOST, host);
    }
    request.headers_mut().extend(headers.clone());
    Ok(request)
}

async fn open(proxy: TcpStream, request: Request<Empty<Bytes>>) -> Result<TcpStream, Failure> {
    let broken = |error: hyper::Error| {
        let Failure { reason, detail } = failure::of(&error);
        Failure::new(reason, format!("proxy: {detail}"))
    };
    let handshake = http1_builder().handshake(TokioIo::new(proxy));
    let (mut sender, connection) = handshake.await.map_err(broken)?;
    let mut answer = pin!(sender.send_request(request));
    let mut connection = pin!(connection.without_shutdown());
    let mut given_back = None;
    let answer = poll_fn(|cx| {
        if given_back.is_none()
            && let Poll::Ready(back) = connection.as_mut().poll(cx)
        {
            given_back = Some(back);
        }
        answer.as_mut().poll(cx)
    })
    .await;
    accepted(&answer.map_err(broken)?)?;
    let back = match given_back {
        Some(back) => back,
        None => connection.await,
    }
    .map_err(broken)?;
    if !back.read_buf.is_empty() {
        // In a tunnel we speak first: these bytes belong to nobody.
        let detail = "the proxy sent data into the tunnel before we spoke";
        return Err(Failure::new(Reason::ProxyFailed, detail));
    }
    Ok(back.io.into_inner())
}

fn accepted(answer: &Response<Incoming>) -> Result<(), Failure> {
    if answer.status().is_success() {
        return Ok(());
    }
    let detail = format!("the proxy answered CONNECT with {}", answer.status());
    Err(Failure::new(Reason::ProxyFailed, detail))
}
