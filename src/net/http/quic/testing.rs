//! HTTP/3 servers on loopback.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use hyper::Request;
use quinn::{Endpoint, ServerConfig, crypto::rustls::QuicServerConfig};

use crate::net::tls::testing::{Identity, Server};

/// A request's stream, as the server has it.
pub(crate) type Stream = h3::server::RequestStream<h3_quinn::BidiStream<Bytes>, Bytes>;

/// One request at a server.
pub(crate) struct Asked {
    pub(crate) request: Request<()>,
    pub(crate) stream: Stream,
    /// To misbehave with.
    pub(crate) quic: quinn::Connection,
}

/// Speaks QUIC as this identity and hands each request over, until the test ends.
pub(crate) fn serve<F: Future<Output = ()> + Send>(
    identity: &Identity,
    how: Server,
    answer: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
) -> SocketAddr {
    let endpoint = listen(identity, how);
    let address = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let Ok(quic) = incoming.await else { return };
                let connection = h3_quinn::Connection::new(quic.clone());
                let Ok(mut http) = h3::server::Connection::new(connection).await else { return };
                while let Ok(Some(resolver)) = http.accept().await {
                    let Ok((request, stream)) = resolver.resolve_request().await else { return };
                    answer(Asked { request, stream, quic: quic.clone() }).await;
                }
            });
        }
    });
    address
}

/// A QUIC endpoint that offers `h3` unless told otherwise.
pub(crate) fn listen(identity: &Identity, mut how: Server) -> Endpoint {
    if how.alpn.is_empty() {
        how.alpn = vec![b"h3".to_vec()];
    }
    let tls = Arc::clone(identity.acceptor(how).config());
    let crypto = QuicServerConfig::try_from(tls).unwrap();
    let config = ServerConfig::with_crypto(Arc::new(crypto));
    Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap()
}
