use std::{io, time::Duration};

use socket2::{SockRef, Socket, TcpKeepalive};
use tokio::{io::Interest, net::TcpStream};

use crate::clock;

/// How long a connection may be idle before the kernel asks whether its client still lives.
const IDLE: Duration = Duration::from_secs(75);

/// How long to wait before accepting again when the process is out of file descriptors.
const BREATH: Duration = Duration::from_millis(200);

/// A socket that listens, of any family: systemd passes Unix and VSOCK sockets too.
///
/// tokio has a type per family, none for VSOCK, and waits for any other descriptor by an unsafe constructor alone. Its
/// TCP stream is a descriptor it waits for and asks nothing more of, so that one carries them all: what listens, and what
/// was accepted.
pub struct Listener(TcpStream);

impl Listener {
    /// Takes a bound socket into the runtime this is called in.
    ///
    /// # Errors
    /// The system's.
    pub fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(TcpStream::from_std(socket.into())?))
    }

    /// The next connection. Bytes that its client leaves `unread` for so long end it, where that is said.
    pub(super) async fn accept(&self, unread: Option<Duration>) -> TcpStream {
        loop {
            let accept = || SockRef::from(&self.0).accept();
            let accepted = self.0.async_io(Interest::READABLE, accept).await;
            let stream = accepted.and_then(|(socket, _)| {
                socket.set_nonblocking(true)?;
                // The defaults also work, only less well against clients that vanish.
                let _ = prepare(&socket, unread);
                TcpStream::from_std(socket.into())
            });
            match stream {
                Ok(stream) => return stream,
                // The client gave up between its SYN and now.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an HTTP connection");
                    clock::sleep(BREATH).await;
                }
            }
        }
    }
}

/// What only TCP understands.
fn prepare(socket: &Socket, unread: Option<Duration>) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(IDLE))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(unread)?;
    Ok(())
}
