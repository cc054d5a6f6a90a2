//! The accept loop all servers share: bounded in connections and in the time of each.

use std::{future::Future, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::clock::{self, Instant};

/// Connections served at once by each server; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 64;

/// The longest a connection lives.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait when the system has no descriptor left for a connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Accepts for ever. Dropping the future ends the open connections too.
pub(super) async fn serve<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        while open.len() >= CONNECTIONS {
            open.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = serve(stream);
                    open.spawn(clock::timeout_at(Instant::now() + PATIENCE, connection));
                }
                Err(_) => clock::sleep(EXHAUSTED).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}

/// The same behind TLS. A client that does not like the certificate goes away; that is the point of it.
pub(super) async fn serve_tls<F>(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handle: impl Fn(TlsStream<TcpStream>) -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    serve(listener, |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                handle(stream).await;
            }
        }
    })
    .await;
}
