use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::clock::{self, Instant};

/// How long a client may take to send a request. hyper counts the idle time of a kept connection too, so it is longer
/// than the usual minute between two scrapes.
const REQUEST: Duration = Duration::from_secs(75);

/// How long a client may leave our bytes unread before the kernel gives the connection up.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(30);

/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 1024;

/// How long requests in flight may go on after the shutdown began.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait before accepting again when the process is out of file descriptors.
const BREATH: Duration = Duration::from_millis(200);

/// Answers on the listener until `shutdown`, then lets the requests in flight end. HTTP/1.1: HTTP/2 comes with TLS.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(REQUEST);
    let server = Arc::new(server);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // Never closed, so a place always comes.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP connection ended early");
            }
        });
    }
    drop(listener);
    if clock::timeout_at(Instant::now() + DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "HTTP requests were cut off, they had not ended within {} s",
            DRAIN.as_secs()
        );
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // The defaults also work, only less well against clients that vanish.
                let _ = prepare(&stream);
                return stream;
            }
            // The client gave up between its SYN and now.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept an HTTP connection");
                clock::sleep(BREATH).await;
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(REQUEST))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNREAD))?;
    Ok(())
}
