//! Sockets: connections that are served over HTTP/1.1 or HTTP/2, with TLS or without, and that can be cut.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use parking_lot::Mutex;
use serde_json::Value;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    answer::answer,
    fault::{Behaviour, Cut, Failure, Order},
    resource::Resource,
    rights::Rights,
    seen::Seen,
    status::Status,
    store::Store,
};

/// Orders that a watch may not have heard yet; a test gives few.
const ORDERS: usize = 64;

/// What connections and the test share.
pub struct Shared {
    pub store: Mutex<Store>,
    /// The store's version.
    pub changed: watch::Sender<u64>,
    pub resources: Mutex<Vec<Arc<Resource>>>,
    pub rights: Mutex<Rights>,
    pub token: Mutex<Option<String>>,
    /// What `/version` says.
    pub about: Mutex<Value>,
    pub failures: Mutex<Vec<Failure>>,
    pub behaviour: watch::Sender<Behaviour>,
    pub orders: broadcast::Sender<Order>,
    pub cuts: broadcast::Sender<Cut>,
    pub seen: Arc<Seen>,
}

impl Shared {
    pub fn new(resources: Vec<Resource>, about: Value) -> Self {
        Self {
            store: Mutex::default(),
            changed: watch::Sender::new(0),
            resources: Mutex::new(resources.into_iter().map(Arc::new).collect()),
            rights: Mutex::default(),
            token: Mutex::default(),
            about: Mutex::new(about),
            failures: Mutex::default(),
            behaviour: watch::Sender::default(),
            orders: broadcast::Sender::new(ORDERS),
            cuts: broadcast::Sender::new(ORDERS),
            seen: Arc::default(),
        }
    }

    pub fn behaviour(&self) -> Behaviour {
        self.behaviour.borrow().clone()
    }

    /// By its path.
    pub fn resource(&self, path: &str) -> Option<Arc<Resource>> {
        self.resources.lock().iter().find(|resource| resource.path() == path).cloned()
    }

    /// Who somebody is, by the header.
    pub fn user(&self, authorization: Option<&str>) -> Result<&'static str, Status> {
        let token = self.token.lock();
        let Some(token) = token.as_deref() else { return Ok("admin") };
        let given = authorization.and_then(|header| header.strip_prefix("Bearer "));
        if given == Some(token) { Ok("viewer") } else { Err(Status::unauthorized()) }
    }

    pub async fn until_answering(&self) {
        let delay = self.behaviour().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let mut behaviour = self.behaviour.subscribe();
        let _ = behaviour.wait_for(|behaviour| !behaviour.mute).await;
    }

    pub async fn until_flowing(&self) {
        if self.behaviour.borrow().stalled {
            let mut behaviour = self.behaviour.subscribe();
            let _ = behaviour.wait_for(|behaviour| !behaviour.stalled).await;
        }
    }
}

/// A connection, and how many watches it carries.
#[derive(Default)]
pub struct Wire(AtomicUsize);

impl Wire {
    pub fn watch(self: &Arc<Self>) -> OnWire {
        self.0.fetch_add(1, Ordering::SeqCst);
        OnWire(Arc::clone(self))
    }
}

/// A watch on a connection.
pub struct OnWire(Arc<Wire>);

impl Drop for OnWire {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A port of its own on loopback, which stays taken while nobody listens on it.
pub fn reserve() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

pub fn listen(address: SocketAddr) -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(1024).unwrap();
    TcpListener::from_std(socket.into()).unwrap()
}

/// Serves until it is dropped.
pub async fn serve(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut open = JoinSet::new();
    loop {
        // Out of file descriptors, or a client that has gone again: neither is the test's fault.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        open.spawn(connection(shared, stream, tls));
        while open.try_join_next().is_some() {}
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let Ok(own) = SockRef::from(&stream).try_clone() else { return };
    let (wire, mut cuts) = (Arc::<Wire>::default(), shared.cuts.subscribe());
    let served = async {
        match tls {
            None => http(shared, Arc::clone(&wire), stream).await,
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    http(shared, Arc::clone(&wire), stream).await;
                }
            }
        }
    };
    let cut = async {
        loop {
            match cuts.recv().await {
                Ok(Cut::Watches) if wire.0.load(Ordering::SeqCst) == 0 => {}
                Ok(_) => return,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = served => {}
        // What is closed with no time to linger is reset.
        () = cut => drop(own.set_linger(Some(Duration::ZERO))),
    }
}

async fn http<S>(shared: Arc<Shared>, wire: Arc<Wire>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service =
        service_fn(move |request| answer(Arc::clone(&shared), Arc::clone(&wire), request));
    let builder = auto::Builder::new(TokioExecutor::new());
    // How a connection ends is the client's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
