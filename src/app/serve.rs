//! The HTTP server on a runtime of its own, so that probe load cannot starve a scrape.

use std::{io, net::SocketAddr, thread::JoinHandle};

use axum::Router;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::{api, clock::Instant, config::ListenAddress};

/// Threads of the server's runtime. Encoding and compressing a large scrape take their own, blocking ones.
const THREADS: usize = 1;

/// A server that runs until its stop token is cancelled.
pub(super) struct Server {
    thread: JoinHandle<()>,
}

/// Binds every address, before anything is started: port 0 becomes a real one, and a taken port is told at once.
pub(super) fn bind(addresses: &[ListenAddress]) -> Result<Vec<std::net::TcpListener>, StartError> {
    addresses
        .iter()
        .map(|address| {
            let open = || {
                // The first candidate that can be bound: `:PORT` tries both families at once first.
                let listener = std::net::TcpListener::bind(address.candidates().as_slice())?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            };
            open().map_err(|error: io::Error| StartError::Listen {
                address: address.to_string(),
                error,
            })
        })
        .collect()
}

/// Where they really listen.
pub(super) fn addresses(listeners: &[std::net::TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// Serves on all listeners; ends after `stop`, when the requests in flight are answered. Whoever holds the receiver
/// learns of any end.
pub(super) fn start(
    listeners: Vec<std::net::TcpListener>,
    router: Router,
    stop: CancellationToken,
) -> Result<(Server, oneshot::Receiver<()>), StartError> {
    let system = |what| move |error| StartError::System { what, error };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("noroshi-api")
        .enable_all()
        .build()
        .map_err(system("starting the server's runtime"))?;
    let listeners: Vec<tokio::net::TcpListener> = {
        let _inside = runtime.enter();
        let all = listeners.into_iter().map(tokio::net::TcpListener::from_std);
        all.collect::<Result<_, _>>().map_err(system("registering a listener"))?
    };
    let (ending, ended) = oneshot::channel();
    let serve = move || {
        // Dropped at the end, by a panic too.
        let _ending: oneshot::Sender<()> = ending;
        runtime.block_on(async {
            let all = listeners.into_iter().map(|listener| {
                api::serve(listener, router.clone(), stop.clone().cancelled_owned())
            });
            futures_util::future::join_all(all).await;
        });
    };
    let thread = std::thread::Builder::new().name("noroshi-api-main".into()).spawn(serve);
    Ok((Server { thread: thread.map_err(system("starting the server's thread"))? }, ended))
}

impl Server {
    /// Waits for its end; false when it did not come by the deadline.
    pub(super) async fn join(self, deadline: Instant) -> bool {
        let joined = tokio::task::spawn_blocking(move || self.thread.join().is_ok());
        matches!(crate::clock::timeout_at(deadline, joined).await, Ok(Ok(true)))
    }
}
