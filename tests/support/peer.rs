//! A server on loopback that runs a script for every connection, and keeps what it was told.

#![allow(clippy::unused_async, reason = "a test awaits whatever opens a peer")]

use std::{
    any::Any,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use parking_lot::Mutex;
use socket2::{Domain, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream},
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
};

use super::patience::eventually;

/// A fake server. It ends when dropped; a script that panicked makes the drop panic with the same words.
pub struct Peer {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: Option<AbortHandle>,
    caught_up: Option<mpsc::Sender<oneshot::Sender<()>>>,
    /// A port that must stay taken although nobody listens.
    _reserved: Option<Socket>,
}

/// What a peer has seen so far.
#[derive(Default)]
pub struct Seen {
    connections: AtomicUsize,
    /// Connections whose script has not ended.
    open: AtomicUsize,
    sent: AtomicU64,
    heard: Mutex<Vec<(String, String)>>,
    panic: Mutex<Option<String>>,
}

impl Seen {
    /// Notes bytes a script has written.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Keeps something the client said: which part of it, such as `body`, and the words.
    pub fn heard(&self, part: impl Into<String>, words: impl Into<String>) {
        self.heard.lock().push((part.into(), words.into()));
    }
}

impl Peer {
    /// Runs `script` for each connection, counted from 0. An I/O error in a script is the client's going away.
    pub async fn stream<S, F>(script: S) -> Self
    where
        S: Fn(TcpStream, usize, Arc<Seen>) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::stream_at((Ipv4Addr::LOCALHOST, 0).into(), script).await
    }

    /// Accepts, and says nothing.
    pub async fn holding() -> Self {
        Self::stream(|stream, _, _| async move {
            let _held = stream;
            std::future::pending().await
        })
        .await
    }

    /// The same on an address of one's own choice.
    pub async fn stream_at<S, F>(address: SocketAddr, script: S) -> Self
    where
        S: Fn(TcpStream, usize, Arc<Seen>) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let queue = listener.try_clone().unwrap();
        Self::listen(address, (TcpListener::from_std(listener).unwrap(), queue), script)
    }

    /// The same on a socket in the file system.
    pub async fn unix<S, F>(path: &Path, script: S) -> Self
    where
        S: Fn(UnixStream, usize, Arc<Seen>) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let queue = listener.try_clone().unwrap();
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self::listen(nowhere, (UnixListener::from_std(listener).unwrap(), queue), script)
    }

    fn listen<L, S, F>(address: SocketAddr, listener: L, script: S) -> Self
    where
        L: Listen,
        S: Fn(L::Stream, usize, Arc<Seen>) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::spawn(address, move |seen, mut questions| async move {
            let mut open = JoinSet::new();
            loop {
                tokio::select! {
                    stream = listener.accepted() => begin(&mut open, &seen, &script, stream),
                    Some(caught_up) = questions.recv() => {
                        while let Some(stream) = listener.queued() {
                            begin(&mut open, &seen, &script, stream);
                        }
                        let _: Result<(), ()> = caught_up.send(());
                    }
                }
            }
        })
    }

    /// Calls `script` for each datagram, counted from 0, and sends what it returns to whoever asked.
    pub async fn datagram<S>(script: S) -> Self
    where
        S: Fn(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static,
    {
        Self::datagram_at((Ipv4Addr::LOCALHOST, 0).into(), move |datagram, nth, _| {
            script(datagram, nth)
        })
        .await
    }

    /// The same on an address of one's own choice, with a place to keep what was heard.
    pub async fn datagram_at<S>(address: SocketAddr, script: S) -> Self
    where
        S: Fn(&[u8], usize, &Seen) -> Vec<Vec<u8>> + Send + 'static,
    {
        let socket = std::net::UdpSocket::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let queue = socket.try_clone().unwrap();
        let socket = UdpSocket::from_std(socket).unwrap();
        Self::spawn(address, move |seen, mut questions| async move {
            let mut buffer = vec![0; 65536];
            loop {
                let (length, from) = tokio::select! {
                    Ok(received) = socket.recv_from(&mut buffer) => received,
                    Some(caught_up) = questions.recv() => {
                        while let Ok((length, from)) = queue.recv_from(&mut buffer) {
                            answer(&queue, &seen, from, |seen, nth| script(&buffer[..length], nth, seen));
                        }
                        let _: Result<(), ()> = caught_up.send(());
                        continue;
                    }
                };
                answer(&queue, &seen, from, |seen, nth| script(&buffer[..length], nth, seen));
            }
        })
    }

    /// An address that refuses: the port is taken, so that nobody else gets it, but nobody listens.
    pub fn refusing() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let (seen, task, caught_up) = (Arc::default(), None, None);
        Self { address, seen, task, caught_up, _reserved: Some(socket) }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        address: SocketAddr,
        serve: impl FnOnce(Arc<Seen>, mpsc::Receiver<oneshot::Sender<()>>) -> F,
    ) -> Self {
        let seen = Arc::<Seen>::default();
        let (caught_up, questions) = mpsc::channel(1);
        let work = contained(Arc::clone(&seen), serve(Arc::clone(&seen), questions));
        let task = Some(tokio::spawn(work).abort_handle());
        Self { address, seen, task, caught_up: Some(caught_up), _reserved: None }
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

    /// What its scripts have [`heard`](Seen::heard) since the last call, from clients that have gone by now.
    ///
    /// Whoever connected or sent before this call is waited for: a client may be done with a peer that has not even
    /// noticed it.
    pub async fn heard(&self) -> Vec<(String, String)> {
        if let Some(caught_up) = &self.caught_up {
            let (answer, answered) = oneshot::channel();
            caught_up.send(answer).await.unwrap();
            answered.await.unwrap();
            eventually!(self.seen.open.load(Ordering::SeqCst) == 0, "{}", self.address);
        }
        std::mem::take(&mut self.seen.heard.lock())
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

/// A listener, and the kernel's own word on who waits in its queue: a runtime may hear of them later.
trait Listen: Send + 'static {
    type Stream: Send + 'static;

    fn accepted(&self) -> impl Future<Output = Self::Stream> + Send;

    fn queued(&self) -> Option<Self::Stream>;
}

impl Listen for (TcpListener, std::net::TcpListener) {
    type Stream = TcpStream;

    async fn accepted(&self) -> TcpStream {
        self.0.accept().await.unwrap().0
    }

    fn queued(&self) -> Option<TcpStream> {
        let (stream, _) = self.1.accept().ok()?;
        stream.set_nonblocking(true).unwrap();
        Some(TcpStream::from_std(stream).unwrap())
    }
}

impl Listen for (UnixListener, std::os::unix::net::UnixListener) {
    type Stream = UnixStream;

    async fn accepted(&self) -> UnixStream {
        self.0.accept().await.unwrap().0
    }

    fn queued(&self) -> Option<UnixStream> {
        let (stream, _) = self.1.accept().ok()?;
        stream.set_nonblocking(true).unwrap();
        Some(UnixStream::from_std(stream).unwrap())
    }
}

/// Runs the script for one connection.
fn begin<C, F: Future<Output = io::Result<()>> + Send + 'static>(
    open: &mut JoinSet<()>,
    seen: &Arc<Seen>,
    script: &impl Fn(C, usize, Arc<Seen>) -> F,
    stream: C,
) {
    let nth = seen.connections.fetch_add(1, Ordering::SeqCst);
    seen.open.fetch_add(1, Ordering::SeqCst);
    let work = script(stream, nth, Arc::clone(seen));
    let seen = Arc::clone(seen);
    open.spawn(async move {
        contained(Arc::clone(&seen), async { drop(work.await) }).await;
        seen.open.fetch_sub(1, Ordering::SeqCst);
    });
    while open.try_join_next().is_some() {}
}

/// Sends what the script has for a datagram. Nothing fills the buffers of loopback faster than they are read.
fn answer(
    socket: &std::net::UdpSocket,
    seen: &Seen,
    from: SocketAddr,
    script: impl FnOnce(&Seen, usize) -> Vec<Vec<u8>>,
) {
    let nth = seen.connections.fetch_add(1, Ordering::SeqCst);
    for answer in script(seen, nth) {
        seen.sent(socket.send_to(&answer, from).unwrap_or_default());
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
