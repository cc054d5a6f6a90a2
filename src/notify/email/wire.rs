use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection, secured or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The most that a server says in one conversation, in bytes: lettre reads lines, and a line may be endless.
const HEARD_LIMIT: usize = 256 * 1024;

/// A connection as lettre takes it, which wants to be greeted. After STARTTLS no server greets again, so we do.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    peer: SocketAddr,
    greeting: &'static [u8],
    heard: usize,
}

impl Wire {
    /// A connection whose server is about to greet.
    pub(super) fn fresh(stream: Box<dyn Stream>, peer: SocketAddr) -> Self {
        Self { stream, peer, greeting: b"", heard: 0 }
    }

    /// One whose server has greeted before.
    pub(super) fn greeted(stream: Box<dyn Stream>, peer: SocketAddr) -> Self {
        Self { greeting: b"220 again\r\n", ..Self::fresh(stream, peer) }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let (now, later) = self.greeting.split_at(self.greeting.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        if self.heard > HEARD_LIMIT {
            let why = format!("the server said more than {HEARD_LIMIT} bytes");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.heard += buffer.filled().len() - before;
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
