//! The HTTP server on a runtime of its own, so that probe load cannot starve a scrape.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use axum::Router;
use prometheus_client::registry::Registry;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{StartError, activation};
use crate::{
    api::{self, Patience, WebConfig},
    clock::Instant,
    config::{ListenAddress, WebOptions},
};

/// Threads of the server's runtime. Encoding and compressing a large scrape take their own, blocking ones.
const THREADS: usize = 1;

/// How many connections the kernel keeps for us until we accept them.
const BACKLOG: i32 = 1024;

/// Any address of this virtual machine.
const VSOCK_ANY: u32 = u32::MAX;

/// Where to listen and what stands before the routes: what the flags of exporter-toolkit say, in every personality.
#[derive(Debug, Clone)]
pub struct Front {
    /// `--web.listen-address`
    pub listen_address: Vec<ListenAddress>,
    /// `--web.systemd-socket`: then `listen_address` is not looked at.
    pub systemd_socket: bool,
    /// `--web.config.file`
    pub config_file: Option<PathBuf>,
}

/// What is bound and read, and not served yet.
pub(super) struct Opened {
    sockets: Vec<Socket>,
    web: Option<Arc<WebConfig>>,
}

/// A server that runs until its stop token is cancelled.
pub(super) struct Server {
    thread: JoinHandle<()>,
}

impl From<&WebOptions> for Front {
    fn from(web: &WebOptions) -> Self {
        Self {
            listen_address: web.listen_address.clone(),
            systemd_socket: web.systemd_socket,
            config_file: web.config_file().map(Path::to_owned),
        }
    }
}

/// Reads the web configuration and binds every address, before anything is started: port 0 becomes a real one, and a
/// taken port is told at once. Blocks.
pub(super) fn open(front: &Front) -> Result<Opened, StartError> {
    let web = front.config_file.as_deref().map(WebConfig::open).transpose()?;
    let sockets = if front.systemd_socket {
        let address = "the sockets of systemd".to_owned();
        let sockets =
            activation::sockets().map_err(|error| StartError::Listen { address, error })?;
        info!(count = sockets.len(), "serving on the sockets systemd passed");
        sockets
    } else {
        let bound = front.listen_address.iter().map(|address| {
            bind(*address)
                .map_err(|error| StartError::Listen { address: address.to_string(), error })
        });
        bound.collect::<Result<_, _>>()?
    };
    Ok(Opened { sockets, web })
}

fn bind(address: ListenAddress) -> io::Result<Socket> {
    let ListenAddress::Vsock { port } = address else {
        // The first candidate that can be bound: `:PORT` tries both families at once first.
        return Ok(TcpListener::bind(address.candidates().as_slice())?.into());
    };
    let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
    socket.bind(&SockAddr::vsock(VSOCK_ANY, port))?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

impl Opened {
    /// Where it really listens, as far as these are internet addresses.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        let local = self.sockets.iter().filter_map(|socket| socket.local_addr().ok());
        local.filter_map(|address| address.as_socket()).collect()
    }

    /// Puts what the server counts of its web configuration into noroshi's registry.
    pub(super) fn register(&self, registry: &mut Registry) {
        api::web_config::register(self.web.as_deref(), registry);
    }

    /// Whether TLS is spoken.
    pub(super) fn has_tls(&self) -> bool {
        self.web.as_ref().is_some_and(|web| web.has_tls())
    }

    /// Whether a web configuration stands before the routes.
    pub(super) fn is_protected(&self) -> bool {
        self.web.is_some()
    }
}

/// Serves on all sockets; ends after `stop`, when the requests in flight are answered. Whoever holds the receiver
/// learns of any end.
pub(super) fn start(
    opened: Opened,
    router: &Router,
    stop: &CancellationToken,
) -> Result<(Server, oneshot::Receiver<()>), StartError> {
    let system = |what| move |error| StartError::System { what, error };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("noroshi-api")
        .enable_all()
        .build()
        .map_err(system("starting the server's runtime"))?;
    let served = {
        let _inside = runtime.enter();
        here(opened, router, stop, Patience::default())?
    };
    let (ending, ended) = oneshot::channel();
    let serve = move || {
        // Dropped at the end, by a panic too.
        let _ending: oneshot::Sender<()> = ending;
        runtime.block_on(served);
        // A password of a high cost may still be compared; nobody waits for the answer.
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("noroshi-api-main".into()).spawn(serve);
    Ok((Server { thread: thread.map_err(system("starting the server's thread"))? }, ended))
}

/// The same on the runtime of the caller, as a task that ends after `stop`.
pub(super) fn here(
    opened: Opened,
    router: &Router,
    stop: &CancellationToken,
    patience: Patience,
) -> Result<impl Future<Output = ()> + Send + use<>, StartError> {
    let Opened { sockets, web } = opened;
    let system = |error| StartError::System { what: "registering a listener", error };
    let listeners = sockets.into_iter().map(api::Listener::new);
    let listeners = listeners.collect::<Result<Vec<_>, _>>().map_err(system)?;
    let all: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            api::serve(
                listener,
                router.clone(),
                web.clone(),
                patience,
                stop.clone().cancelled_owned(),
            )
        })
        .collect();
    Ok(async move {
        futures_util::future::join_all(all).await;
    })
}

impl Server {
    /// Waits for its end; false when it did not come by the deadline.
    pub(super) async fn join(self, deadline: Instant) -> bool {
        let joined = tokio::task::spawn_blocking(move || self.thread.join().is_ok());
        matches!(crate::clock::timeout_at(deadline, joined).await, Ok(Ok(true)))
    }
}
