//! The server's side of a handshake, which keeps what the client wanted of it.

use std::{io, sync::Arc};

use rustls::{
    ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    server::Acceptor,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, server::TlsStream};

use super::{authority::Chain, peer::Seen};

/// A server that speaks these versions and suites only, and chooses among these protocols of the application.
pub fn pinned(
    (chain, key): Chain,
    versions: &[&'static SupportedProtocolVersion],
    suites: &[SupportedCipherSuite],
    protocols: &[&[u8]],
) -> TlsAcceptor {
    let provider =
        CryptoProvider { cipher_suites: suites.to_vec(), ..aws_lc_rs::default_provider() };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Keeps the name and the protocols a client asks for, and whether it shows certificates.
///
/// Where a handshake fails is not kept: one client stops in the middle of it, another after it.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    acceptor: &TlsAcceptor,
    seen: &Seen,
) -> io::Result<TlsStream<S>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello = start.client_hello();
    seen.heard("server name", hello.server_name().unwrap_or("none"));
    let protocols = hello.alpn().into_iter().flatten();
    let protocols: Vec<_> = protocols.map(|name| name.escape_ascii().to_string()).collect();
    seen.heard("alpn", protocols.join(" "));
    let stream = start.into_stream(Arc::clone(acceptor.config())).await?;
    if let Some(certificates) = stream.get_ref().1.peer_certificates() {
        seen.heard("client certificates", certificates.len().to_string());
    }
    Ok(stream)
}
