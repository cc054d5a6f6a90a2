use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    listener::Listener,
    stream,
    web_config::{WebConfig, protected},
};
use crate::clock::{self, Instant};

/// How long a client may take to send a request. hyper counts the idle time of a kept connection too, so it is longer
/// than the usual minute between two scrapes.
const REQUEST: Duration = Duration::from_secs(75);

/// How long a client may leave our bytes unread before the kernel gives the connection up.
const UNREAD: Duration = Duration::from_secs(30);

/// How long a client may take for its side of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections at the same time; more wait in the kernel's queue. A Prometheus keeps up to a thousand of them idle for
/// each job that probes through us.
const CONNECTIONS: usize = 8192;

/// Requests at the same time on one connection of HTTP/2.
const STREAMS: u32 = 64;

/// How old a connection of HTTP/2 may grow before its client is asked to open another: nothing else bounds one that
/// answers pings and reads nothing.
const AGE: Duration = Duration::from_mins(10);

/// How long requests in flight may go on after that, beyond what a body may take.
const FAREWELL: Duration = Duration::from_mins(1);

/// The largest head of a request in HTTP/2, in bytes.
const HEAD: u32 = 64 << 10;

/// How long requests in flight may go on after the shutdown began.
const DRAIN: Duration = Duration::from_secs(5);

/// The first byte of every TLS connection: a record of the handshake.
const TLS_HANDSHAKE: u8 = 22;

/// What a browser shows that asks for `http://` where TLS is spoken; Go's words.
const NOT_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// How long a server waits for its clients; `None` is for ever.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, the first of a connection or the next.
    pub request: Option<Duration>,
    /// Until an answer is read.
    pub answer: Option<Duration>,
    /// While bytes of ours lie unread.
    pub unread: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: Some(REQUEST), answer: stream::DEADLINE, unread: Some(UNREAD) }
    }
}

/// Answers on the listener until `shutdown`, then lets the requests in flight end; behind the web configuration, if there
/// is one. HTTP/2 is spoken under TLS alone.
pub async fn serve(
    listener: Listener,
    router: Router,
    web: Option<Arc<WebConfig>>,
    patience: Patience,
    shutdown: impl Future<Output = ()>,
) {
    let router = match &web {
        Some(web) => protected(router, Arc::clone(web)),
        None => router,
    };
    let server =
        Arc::new(Server { http1: http1(patience.request), http2: http2(), router, patience });
    let tls = web.filter(|web| web.has_tls());
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // Never closed, so a place always comes.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept(patience.unread).await)
        };
        let (place, stream) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let (server, tls, stop) = (Arc::clone(&server), tls.clone(), stop.clone());
        connections.spawn(async move {
            let _place = place;
            if let Err(error) = server.attend(stream, tls, stop).await {
                tracing::debug!(error = &*error, "an HTTP connection ended early");
            }
        });
    }
    drop(listener);
    stop.cancel();
    connections.close();
    if clock::timeout_at(Instant::now() + DRAIN, connections.wait()).await.is_err() {
        tracing::warn!(
            "HTTP requests were cut off, they had not ended within {} s",
            DRAIN.as_secs()
        );
    }
}

type Builder = auto::Builder<TokioExecutor>;
type Error = Box<dyn std::error::Error + Send + Sync>;

/// What connections share.
struct Server {
    http1: Builder,
    http2: Builder,
    router: Router,
    patience: Patience,
}

impl Server {
    /// One connection, from its first byte to its last.
    async fn attend(
        &self,
        stream: TcpStream,
        tls: Option<Arc<WebConfig>>,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let Some(web) = tls else { return self.converse(&self.http1, stream, &stop).await };
        let shaken = clock::timeout_at(Instant::now() + HANDSHAKE, secured(stream, &web));
        let Some(shaken) = stop.run_until_cancelled(shaken).await else { return Ok(()) };
        let Some(stream) = shaken?? else { return Ok(()) };
        let builder = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => &self.http2,
            _ => &self.http1,
        };
        self.converse(builder, stream, &stop).await
    }

    async fn converse(
        &self,
        builder: &Builder,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let service = TowerToHyperService::new(self.router.clone());
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let old = async {
            if builder.is_http2_available() {
                clock::sleep(AGE).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = stop.cancelled() => {}
            () = old => {}
        }
        connection.as_mut().graceful_shutdown();
        match self.patience.answer {
            Some(answer) => {
                clock::timeout_at(Instant::now() + answer + FAREWELL, connection).await?
            }
            None => connection.await,
        }
    }
}

/// The server's side of TLS, by the certificate of this moment; `None` for a client that does not speak it.
async fn secured(
    mut stream: TcpStream,
    web: &Arc<WebConfig>,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first[0] != TLS_HANDSHAKE {
        // What is left unread would turn our answer into a reset.
        let _ = stream.try_read(&mut [0; 4096]);
        stream.write_all(NOT_TLS).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    let Some(config) = web.tls().await else { return Ok(None) };
    TlsAcceptor::from(config).accept(stream).await.map(Some)
}

fn http1(request: Option<Duration>) -> Builder {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(request)
        // A stranger's unfinished head is held before any password is asked for.
        .max_buf_size(HEAD as usize);
    builder
}

fn http2() -> Builder {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(REQUEST)
        .keep_alive_timeout(HANDSHAKE);
    builder
}
