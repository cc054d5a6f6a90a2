//! HTTP peers that answer by script: any status, headers and body; redirects; bodies without measure.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use async_compression::tokio::write::GzipEncoder;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::{
    peer::{Peer, Seen},
    tls,
};

/// What a request said, and which one it was.
pub struct Request {
    /// The request line and the headers, as they came.
    pub head: String,
    /// Without its chunks' frames.
    pub body: Vec<u8>,
    /// The connection it came on, from 0.
    pub nth: usize,
}

impl Request {
    /// The path, query included.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Keeps all of it in `seen`: parts are `request`, each header's name in lower case, and `body`.
    pub fn keep(&self, seen: &Seen) {
        let mut lines = self.head.lines();
        seen.heard("request", lines.next().unwrap_or_default());
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            seen.heard(format!("header {}", name.to_ascii_lowercase()), value.trim());
        }
        if !self.body.is_empty() {
            seen.heard("body", self.body.escape_ascii().to_string());
        }
    }
}

/// An answer: what comes first, and what then comes as often as said.
pub struct Reply {
    /// Status line, headers, and the beginning of the body.
    pub opening: Vec<u8>,
    /// The rest: these bytes ...
    pub again: Vec<u8>,
    /// ... so many times.
    pub times: usize,
}

/// A whole answer.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let length = body.len().to_string();
    let mut opening = head(status, headers, &[("Content-Length", &length)]);
    opening.extend_from_slice(body);
    Reply { opening, again: Vec::new(), times: 0 }
}

/// `GET /n` leads to `/n-1`, and `/0` is the end of it.
pub fn redirect(request: &Request) -> Reply {
    match request.path().trim_start_matches('/').parse::<u32>() {
        Ok(0) | Err(_) => reply(200, &[], b"arrived"),
        Ok(left) => reply(302, &[("Location", &format!("/{}", left - 1))], b""),
    }
}

/// A body of 1 GB, announced as such.
pub fn gigabyte() -> Reply {
    let length = (1_u64 << 30).to_string();
    let opening = head(200, &[("Content-Type", "text/plain")], &[("Content-Length", &length)]);
    Reply { opening, again: vec![b'x'; 1 << 20], times: 1 << 10 }
}

/// A body of 1 GB without an announcement.
pub fn chunked_gigabyte() -> Reply {
    let opening = head(200, &[], &[("Transfer-Encoding", "chunked")]);
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    Reply { opening, again: chunk, times: 1 << 10 }
}

/// About 1 MB of gzip that become 1 GB of zeros.
pub async fn bomb() -> Reply {
    let zeros = vec![0; 1 << 20];
    let mut gzip = GzipEncoder::new(Vec::new());
    let mut ends = Vec::new();
    for _ in 0..3 {
        gzip.write_all(&zeros).await.unwrap();
        gzip.flush().await.unwrap();
        ends.push(gzip.get_ref().len());
    }
    // Every flush ends on a byte, and what lies 32 KiB back is always zeros: from the second on all parts are the same.
    let bytes = gzip.into_inner();
    let again = bytes[ends[1]..ends[2]].to_vec();
    assert_eq!(again, bytes[ends[0]..ends[1]], "the part that can be repeated");
    let mut opening = head(200, &[("Content-Encoding", "gzip")], &[("Connection", "close")]);
    opening.extend_from_slice(&bytes[..ends[0]]);
    Reply { opening, again, times: 1 << 10 }
}

/// A server whose answers are what `script` makes of the request.
pub async fn serve(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Peer {
    serve_at((Ipv4Addr::LOCALHOST, 0).into(), script).await
}

/// The same on an address of one's own choice.
pub async fn serve_at(
    address: SocketAddr,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Peer {
    let script = Arc::new(script);
    Peer::stream_at(address, move |stream, nth, seen| {
        let script = Arc::clone(&script);
        async move { converse(stream, nth, &seen, &*script).await }
    })
    .await
}

/// The same behind TLS. Where the handshake agrees on `h2`, it is HTTP/2 that is spoken.
pub async fn serve_tls(
    acceptor: TlsAcceptor,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Peer {
    let script = Arc::new(script);
    Peer::stream(move |stream, nth, seen| {
        let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
        async move {
            let stream = tls::accept(stream, &acceptor, &seen).await?;
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                converse_h2(stream, nth, &seen, &script).await
            } else {
                converse(stream, nth, &seen, &*script).await
            }
        }
    })
    .await
}

/// A server that hears a request, says these bytes, and closes its side.
pub async fn saying(words: &[u8]) -> Peer {
    let words: Arc<[u8]> = words.into();
    Peer::stream(move |mut stream, nth, seen| {
        let words = Arc::clone(&words);
        async move {
            hear(&mut stream, nth).await?.keep(&seen);
            stream.write_all(&words).await?;
            stream.shutdown().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
        }
    })
    .await
}

/// Answers every request on a connection.
pub async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    nth: usize,
    seen: &Seen,
    script: &impl Fn(&Request) -> Reply,
) -> io::Result<()> {
    loop {
        let request = hear(&mut stream, nth).await?;
        request.keep(seen);
        let reply = script(&request);
        stream.write_all(&reply.opening).await?;
        for _ in 0..reply.times {
            stream.write_all(&reply.again).await?;
            seen.sent(reply.again.len());
        }
        stream.flush().await?;
        let lasts =
            reply.opening.windows(8).any(|window| window.eq_ignore_ascii_case(b"\nContent"));
        if !lasts {
            return stream.shutdown().await;
        }
    }
}

/// Reads one request.
pub async fn hear<S: AsyncRead + Unpin>(stream: &mut S, nth: usize) -> io::Result<Request> {
    let head = String::from_utf8(until(stream, b"\r\n\r\n").await?).expect("a head in UTF-8");
    let mut request = Request { head, body: Vec::new(), nth };
    if request.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = String::from_utf8(until(stream, b"\r\n").await?).expect("a size");
            let size = usize::from_str_radix(size.trim(), 16).expect("a size");
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).await?;
            request.body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                return Ok(request);
            }
        }
    }
    let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(request)
}

/// Everything up to and including `end`.
async fn until<S: AsyncRead + Unpin>(stream: &mut S, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        bytes.push(stream.read_u8().await?);
    }
    Ok(bytes)
}

/// The same script over HTTP/2: its reply's opening is taken apart again.
async fn converse_h2<S, F>(
    stream: S,
    nth: usize,
    seen: &Arc<Seen>,
    script: &Arc<F>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(&Request) -> Reply + Send + Sync + 'static,
{
    let (seen, script) = (Arc::clone(seen), Arc::clone(script));
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
        async move {
            let (parts, body) = request.into_parts();
            let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let mut head = format!("{} {path} HTTP/2\r\nHost: {authority}\r\n", parts.method);
            for (name, value) in &parts.headers {
                head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
            }
            let body = body.collect().await?.to_bytes().to_vec();
            let request = Request { head, body, nth };
            request.keep(&seen);
            let mut response = response(&script(&request));
            if parts.method == hyper::Method::HEAD {
                *response.body_mut() = Full::default();
            }
            Ok::<_, hyper::Error>(response)
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    connection.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

fn response(reply: &Reply) -> hyper::Response<Full<Bytes>> {
    assert_eq!(reply.times, 0, "an endless answer is spoken in HTTP/1.1");
    let end = reply.opening.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&reply.opening[..end]).unwrap();
    let mut response = hyper::Response::builder().status(head.split(' ').nth(1).unwrap());
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(Bytes::copy_from_slice(&reply.opening[end + 4..]).into()).unwrap()
}

fn head(status: u16, headers: &[(&str, &str)], more: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers.iter().chain(more) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}
