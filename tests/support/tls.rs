//! The server's side of a handshake, which keeps what the client wanted of it.

use std::{io, sync::Arc};

use rustls::{
    CipherSuite, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
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

/// Keeps the name and the protocols a client asks for, the versions it speaks, and whether it shows a certificate.
///
/// A handshake that fails is kept as such, without its alert: which one it is differs among clients.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    acceptor: &TlsAcceptor,
    seen: &Seen,
) -> io::Result<TlsStream<S>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.inspect_err(|_| {
        seen.heard("handshake", "none");
    })?;
    let hello = start.client_hello();
    seen.heard("server name", hello.server_name().unwrap_or("none"));
    let protocols = hello.alpn().into_iter().flatten();
    let protocols: Vec<_> = protocols.map(|name| name.escape_ascii().to_string()).collect();
    seen.heard("alpn", protocols.join(" "));
    let of_13 = |suite: &CipherSuite| u16::from(*suite) >> 8 == 0x13;
    // What follows is only said: renegotiation is off (RFC 5746), or this is a fallback (RFC 7507).
    let signal = |suite: &CipherSuite| [0x00ff, 0x5600].contains(&u16::from(*suite));
    let suites = hello.cipher_suites();
    let older = suites.iter().any(|suite| !of_13(suite) && !signal(suite));
    let versions = [(older, "1.2"), (suites.iter().any(of_13), "1.3")];
    let versions: Vec<_> = versions.iter().filter(|(spoken, _)| *spoken).map(|it| it.1).collect();
    seen.heard("tls versions", versions.join(" "));
    let stream = start.into_stream(Arc::clone(acceptor.config())).await.inspect_err(|_| {
        seen.heard("handshake", "failed");
    })?;
    let certificates = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
    seen.heard("handshake", format!("done, {certificates} certificates shown"));
    Ok(stream)
}
