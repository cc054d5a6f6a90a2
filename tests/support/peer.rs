//! A server on loopback that runs a script for every connection.

use std::{
    any::Any,
    future::Future,
    io,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use parking_lot::Mutex;
use socket2::{Domain, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    task::{AbortHandle, JoinSet},
};

/// A fake server. It ends when dropped; a script that panicked makes the drop panic with the same words.
pub struct Peer {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: Option<AbortHandle>,
    /// A port that must stay taken although nobody listens.
    _reserved: Option<Socket>,
}

/// What a peer has seen so far.
#[derive(Default)]
pub struct Seen {
    connections: AtomicUsize,
    sent: AtomicU64,
    panic: Mutex<Option<String>>,
}

impl Seen {
    /// Notes bytes a script has written.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Peer {
    /// Runs `script` for each connection, counted from 0. An I/O error in a script is the client's going away.
    pub async fn stream<S, F>(script: S) -> Self
    where
        S: Fn(TcpStream, usize, Arc<Seen>) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::spawn(address, move |seen| async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let nth = seen.connections.fetch_add(1, Ordering::SeqCst);
                let work = script(stream, nth, Arc::clone(&seen));
                open.spawn(contained(Arc::clone(&seen), async { drop(work.await) }));
                while open.try_join_next().is_some() {}
            }
        })
    }

    /// Calls `script` for each datagram, counted from 0, and sends what it returns to whoever asked.
    pub async fn datagram<S>(script: S) -> Self
    where
        S: Fn(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static,
    {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        Self::spawn(address, move |seen| async move {
            let mut buffer = vec![0; 65536];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
                let nth = seen.connections.fetch_add(1, Ordering::SeqCst);
                for answer in script(&buffer[..length], nth) {
                    let sent = socket.send_to(&answer, from).await;
                    seen.sent(sent.unwrap_or_default());
                }
            }
        })
    }

    /// An address that refuses: the port is taken, so that nobody else gets it, but nobody listens.
    pub fn refusing() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        Self { address, seen: Arc::default(), task: None, _reserved: Some(socket) }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        address: SocketAddr,
        serve: impl FnOnce(Arc<Seen>) -> F,
    ) -> Self {
        let seen = Arc::<Seen>::default();
        let task = tokio::spawn(contained(Arc::clone(&seen), serve(Arc::clone(&seen))));
        Self { address, seen, task: Some(task.abort_handle()), _reserved: None }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far, or datagrams received.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Whether a script has panicked, so that dropping the peer will.
    pub fn has_panicked(&self) -> bool {
        self.seen.panic.lock().is_some()
    }

    /// Bytes that scripts say they have written so far.
    pub fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let panicked = self.seen.panic.lock().take();
        if let Some(words) = panicked.filter(|_| !std::thread::panicking()) {
            panic!("the peer on {} panicked: {words}", self.address);
        }
    }
}

/// Keeps the words of a panic for the test that started the peer.
async fn contained(seen: Arc<Seen>, work: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
        seen.panic.lock().get_or_insert(words(&*panic));
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
