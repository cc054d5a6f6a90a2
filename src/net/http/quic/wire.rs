use std::{
    fmt,
    future::Future,
    io::{self, ErrorKind, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use parking_lot::Mutex;
use quinn::{
    AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use tokio::{io::ReadBuf, net::UdpSocket};

use crate::{
    model::{Failure, Reason},
    net::{dial, http::driver::Inbox},
};

/// A UDP socket that speaks with one server alone. It counts what comes, and keeps what goes wrong for the probe to tell:
/// quinn would only log it, and try on.
pub(super) struct Wire {
    socket: UdpSocket,
    server: SocketAddr,
    received: AtomicU64,
    fault: Mutex<Option<Failure>>,
    /// Who reads. A socket wakes only who asked last, and that may be [`Self::poll_answered`].
    reader: Mutex<Option<Waker>>,
}

impl Wire {
    /// The socket is connected to the server.
    pub(super) fn new(socket: UdpSocket, server: SocketAddr) -> Self {
        let (received, fault, reader) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { socket, server, received, fault, reader }
    }

    /// Bytes that came so far, headers of IP and UDP apart.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Waits until a datagram is there to be read.
    pub(super) fn poll_answered(&self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.socket.poll_peek(cx, &mut ReadBuf::new(&mut [0]))) {
            Ok(()) => {
                self.reader.lock().take().into_iter().for_each(Waker::wake);
                Poll::Ready(())
            }
            Err(error) => {
                self.keep(&error);
                Poll::Pending
            }
        }
    }

    /// What the kernel said of the socket, first.
    pub(super) fn fault(&self) -> Option<Failure> {
        self.fault.lock().clone()
    }

    /// Of a server that has answered, a port without a listener is what a reset is of a TCP connection.
    fn keep(&self, error: &io::Error) {
        let Failure { reason, detail } = dial::broken(error);
        let is_gone = reason == Reason::ConnectRefused && self.received() > 0;
        let reason = if is_gone { Reason::ConnectReset } else { reason };
        let failure = Failure::new(reason, format!("{}: {detail}", self.server));
        self.fault.lock().get_or_insert(failure);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("server", &self.server).finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Wire {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable(self))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        match self.socket.try_send(transmit.contents) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
            Err(error) => {
                self.keep(&error);
                Ok(())
            }
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        *self.reader.lock() = Some(cx.waker().clone());
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), metas.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        let mut buffer = ReadBuf::new(buffer);
        if let Err(error) = ready!(self.socket.poll_recv(cx, &mut buffer)) {
            self.keep(&error);
            // Whoever polls this looks at the fault next.
            return Poll::Pending;
        }
        let length = buffer.filled().len();
        self.received.fetch_add(length as u64, Relaxed);
        *meta = RecvMeta::default();
        (meta.addr, meta.len, meta.stride) = (self.server, length, length);
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// Waits until there is room for a datagram. One connection, so one of it.
#[derive(Debug)]
struct Writable(Arc<Wire>);

impl UdpPoller for Writable {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.socket.poll_send_ready(cx)
    }
}

/// tokio, but that nothing is spawned: quinn's work is done where the probe polls it.
pub(super) struct Own(pub(super) Inbox);

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl Runtime for Own {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.keep(work);
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}
