//! Peers that say and hear lines, or any bytes, in an order that a script gives.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{
    peer::{Peer, Seen},
    tls,
};

/// One turn of a conversation.
#[derive(Clone)]
pub enum Turn {
    /// The peer says these bytes.
    Say(Vec<u8>),
    /// The peer hears a line, and keeps it as `line`.
    HearLine,
    /// The peer hears so many bytes, and keeps them as `bytes`.
    Hear(usize),
    /// The peer takes its part in a handshake. Once in a conversation.
    Tls(TlsAcceptor),
    /// The peer resets the connection. Not within TLS.
    Reset,
}

/// `say("+OK\r\n")`
pub fn say(words: impl AsRef<[u8]>) -> Turn {
    Turn::Say(words.as_ref().to_vec())
}

/// What remains unsaid at the end of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer closes its side.
    Close,
    /// The peer waits until the client has had enough.
    Wait,
}

/// A server that goes through the turns with every client. What comes after them is kept as `rest`.
pub async fn serve(turns: &[Turn], end: End) -> Peer {
    serve_at((Ipv4Addr::LOCALHOST, 0).into(), turns, end).await
}

/// The same on an address of one's own choice.
pub async fn serve_at(address: SocketAddr, turns: &[Turn], end: End) -> Peer {
    let turns: Arc<[Turn]> = turns.into();
    Peer::stream_at(address, move |stream, _, seen| {
        let turns = Arc::clone(&turns);
        async move { converse(stream, &turns, end, &seen).await }
    })
    .await
}

/// The same on a socket in the file system.
pub async fn serve_unix(path: &Path, turns: &[Turn], end: End) -> Peer {
    let turns: Arc<[Turn]> = turns.into();
    Peer::unix(path, move |stream, _, seen| {
        let turns = Arc::clone(&turns);
        async move { converse(stream, &turns, end, &seen).await }
    })
    .await
}

/// A stream that may be able to reset itself.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the close a reset.
    fn reset(&self) -> io::Result<()> {
        panic!("only TCP has resets")
    }
}

impl Connection for TcpStream {
    fn reset(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}
impl Connection for tokio::net::UnixStream {}
impl<S: Connection> Connection for tokio_rustls::server::TlsStream<S> {}

async fn converse<S: Connection>(
    stream: S,
    turns: &[Turn],
    end: End,
    seen: &Seen,
) -> io::Result<()> {
    let tls = turns.iter().position(|turn| matches!(turn, Turn::Tls(_)));
    let mut stream = BufReader::new(stream);
    let Some(tls) = tls else {
        go_through(&mut stream, turns, seen).await?;
        return finish(&mut stream, end, seen).await;
    };
    go_through(&mut stream, &turns[..tls], seen).await?;
    let Turn::Tls(acceptor) = &turns[tls] else { return Ok(()) };
    assert!(stream.buffer().is_empty(), "the client began the handshake before its turn");
    let stream = tls::accept(stream.into_inner(), acceptor, seen).await?;
    let mut stream = BufReader::new(stream);
    go_through(&mut stream, &turns[tls + 1..], seen).await?;
    finish(&mut stream, end, seen).await
}

async fn go_through<S: Connection>(
    stream: &mut BufReader<S>,
    turns: &[Turn],
    seen: &Seen,
) -> io::Result<()> {
    for turn in turns {
        match turn {
            Turn::Say(words) => {
                stream.write_all(words).await?;
                stream.flush().await?;
            }
            Turn::HearLine => {
                let mut line = Vec::new();
                stream.read_until(b'\n', &mut line).await?;
                seen.heard("line", line.escape_ascii().to_string());
            }
            Turn::Hear(length) => {
                let mut bytes = vec![0; *length];
                stream.read_exact(&mut bytes).await?;
                seen.heard("bytes", bytes.escape_ascii().to_string());
            }
            Turn::Reset => stream.get_ref().reset()?,
            Turn::Tls(_) => panic!("one handshake is enough"),
        }
    }
    Ok(())
}

async fn finish<S: Connection>(stream: &mut BufReader<S>, end: End, seen: &Seen) -> io::Result<()> {
    if end == End::Close {
        stream.shutdown().await?;
    }
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).await;
    if !rest.is_empty() {
        seen.heard("rest", rest.escape_ascii().to_string());
    }
    ended.map(drop)
}
