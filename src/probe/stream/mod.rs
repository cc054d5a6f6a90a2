//! Connections of the kinds that speak over one: plain, TLS at once, or TLS after STARTTLS, and the steps of a dialogue.
//!
//! Contract: [`secure`] turns a connection into a TLS stream and leaves the certificate facts on the run whatever comes
//! of it; [`finish`] ends one politely; [`Wire`] reads and writes within the deadline and times its phases;
//! [`Conversation`] does all of it for the kinds whose target speaks in lines and bytes.

mod conversation;
mod listen;
mod starttls;
mod step;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

pub(super) use conversation::{Conversation, Expect, Families};
pub(super) use starttls::Starttls;
pub(super) use step::Step;
pub(super) use wire::{Wire, escaped, said};

use super::{Run, certificate};
use crate::{
    clock::{self, Instant},
    model::{Failure, Reason},
    net::tls::{self, Report, TlsOptions},
};

/// How a connection becomes a TLS connection.
pub(super) struct Security<'a> {
    /// Verified and asked for, unless the options name another.
    pub(super) host: &'a str,
    /// What to say before TLS, if anything.
    pub(super) starttls: Option<Starttls>,
    pub(super) options: &'a TlsOptions,
    pub(super) alpn: &'a [&'a str],
}

/// STARTTLS if asked for, then the handshake. The facts come even of a handshake that fails.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin + Send + Local>(
    run: &mut Run<'_>,
    stream: S,
    how: Security<'_>,
) -> Result<(Report, TlsStream<S>), Failure> {
    let client = run.net.tls().client_by(run.attempt.deadline(), how.options, how.alpn).await?;
    let stream = match how.starttls {
        Some(protocol) => starttls::ask(protocol, &mut run.attempt, stream).await?,
        None => stream,
    };
    let (report, result) = tls::handshake(&mut run.attempt, &client, how.host, stream).await;
    certificate::facts(&report, &mut run.facts);
    result.map(|stream| (report, stream))
}

/// Our own end of a connection.
pub(super) trait Local {
    /// Its address, which SMTP wants to be told; `None` where it has none.
    fn address(&self) -> Option<IpAddr>;
}

impl Local for TcpStream {
    fn address(&self) -> Option<IpAddr> {
        self.local_addr().ok().map(|address| address.ip())
    }
}

impl Local for UnixStream {
    fn address(&self) -> Option<IpAddr> {
        None
    }
}

/// How long a server that asked for our certificate may take to say what it thinks of it.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Ends a TLS connection with close_notify, so that no server's log complains of us.
///
/// # Errors
/// `tls_client_certificate`: in TLS 1.3 a server refuses only after our side of the handshake is done.
pub(super) async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    run: &mut Run<'_>,
    report: &Report,
    stream: &mut TlsStream<S>,
) -> Result<(), Failure> {
    let deadline = run.attempt.deadline().min(Instant::now() + LAST_WORD);
    let last_word = clock::timeout_at(deadline, async {
        // That it cannot be written is no failure: all that was wanted is done.
        let _ = stream.shutdown().await;
        if !report.client_certificate_asked {
            return Ok(());
        }
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    })
    .await;
    let refusal = match last_word {
        Ok(Err(error)) => Some(tls::broken(&error)),
        Ok(Ok(())) | Err(_) => None,
    };
    match refusal.filter(|failure| failure.reason == Reason::TlsClientCertificate) {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// A connection, plain or not.
pub(super) enum Stream<S = TcpStream> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
