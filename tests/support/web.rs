//! HTTP peers that answer by script: any status, headers and body; redirects; bodies without measure.

use std::{io, sync::Arc};

use async_compression::tokio::write::GzipEncoder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::peer::{Peer, Seen};

/// What a request said, and which one it was.
pub struct Request {
    /// The request line and the headers, as they came.
    pub head: String,
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
    let script = Arc::new(script);
    Peer::stream(move |stream, nth, seen| converse(stream, nth, seen, Arc::clone(&script))).await
}

/// The same behind TLS.
pub async fn serve_tls(
    acceptor: TlsAcceptor,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Peer {
    let script = Arc::new(script);
    Peer::stream(move |stream, nth, seen| {
        let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
        async move { converse(acceptor.accept(stream).await?, nth, seen, script).await }
    })
    .await
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    nth: usize,
    seen: Arc<Seen>,
    script: Arc<impl Fn(&Request) -> Reply>,
) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let request = Request { head: String::from_utf8(head).expect("a head in UTF-8"), nth };
        let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
        tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
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

fn head(status: u16, headers: &[(&str, &str)], more: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers.iter().chain(more) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}
