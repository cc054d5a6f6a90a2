//! An HTTP proxy: it makes tunnels, asks for others, and keeps what it was asked.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{
    peer::{Peer, Seen},
    tls, web,
};

/// What a proxy does with its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A tunnel for `CONNECT`; every other request is answered with `by the proxy`.
    Serve,
    /// Every request has this status.
    Refuse(u16),
    /// The answer to `CONNECT` is no HTTP.
    Garbage,
}

/// A proxy over plain connections.
pub async fn serve(manner: Manner) -> Peer {
    Peer::stream(move |stream, _, seen| async move { converse(stream, manner, &seen).await }).await
}

/// A proxy that is itself spoken to over TLS.
pub async fn serve_tls(acceptor: TlsAcceptor) -> Peer {
    Peer::stream(move |stream, _, seen| {
        let acceptor = acceptor.clone();
        async move {
            let stream = tls::accept(stream, &acceptor, &seen).await?;
            converse(stream, Manner::Serve, &seen).await
        }
    })
    .await
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    manner: Manner,
    seen: &Seen,
) -> io::Result<()> {
    let request = web::hear(&mut stream, 0).await?;
    request.keep(seen);
    let tunnel = request.head.starts_with("CONNECT ");
    match manner {
        Manner::Serve if tunnel => {
            let mut target = TcpStream::connect(request.path()).await?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            return copy_bidirectional(&mut stream, &mut target).await.map(drop);
        }
        Manner::Serve => stream.write_all(&web::reply(200, &[], b"by the proxy").opening).await?,
        Manner::Refuse(status) => {
            let refusal =
                web::reply(status, &[("Proxy-Authenticate", "Basic realm=\"proxy\"")], b"no");
            stream.write_all(&refusal.opening).await?;
        }
        Manner::Garbage => stream.write_all(b"noise\r\n\r\n").await?,
    }
    stream.shutdown().await
}
