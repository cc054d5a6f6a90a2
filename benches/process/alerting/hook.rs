//! A receiver that notes when it was told.

use std::{net::SocketAddr, time::Instant};

use anyhow::Context;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::mpsc};

/// Notices that may wait to be looked at: those of a thousand groups, ten times over.
const WAITING: usize = 10_000;

/// How long a notice may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// It lives as long as the bench's runtime.
pub(super) struct Hook {
    pub(super) address: SocketAddr,
    arrivals: mpsc::Receiver<Instant>,
}

impl Hook {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (arrived, arrivals) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let arrived = arrived.clone();
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let at = Instant::now();
                    let arrived = arrived.clone();
                    async move {
                        request.into_body().collect().await?;
                        // Nobody looks at those beyond the channel's room.
                        let _ = arrived.try_send(at);
                        Ok::<_, hyper::Error>(Response::new(Empty::<Bytes>::new()))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, arrivals })
    }

    /// When the next notice came.
    pub(super) async fn next(&mut self) -> anyhow::Result<Instant> {
        let next = tokio::time::timeout(PATIENCE, self.arrivals.recv()).await;
        next.context("no notice came")?.context("the hook ended")
    }
}
