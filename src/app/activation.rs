//! Sockets that systemd, or another parent by its protocol, opened for us (sd_listen_fds(3)).

use std::{env, io, os::fd::OwnedFd};

use listenfd::ListenFd;
use rustix::net::{AddressFamily, SocketType, sockopt};
use socket2::Socket;

/// The families a server can be reached by.
const FAMILIES: [AddressFamily; 3] =
    [AddressFamily::INET, AddressFamily::UNIX, AddressFamily::VSOCK];

/// Every socket that was passed, once. To be called before anything reads the environment on another thread: the
/// variables are taken away, so that no child takes our sockets for its own.
///
/// # Errors
/// None was passed to this process, or one that is passed does not listen for streams.
pub(super) fn sockets() -> io::Result<Vec<Socket>> {
    // A variable without it, which the crate would accept, may be meant for our parent.
    let ours = env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
    let mut passed = if ours { ListenFd::from_env() } else { ListenFd::empty() };
    let count = passed.len();
    if count == 0 {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no socket was passed to this process (LISTEN_PID, LISTEN_FDS)",
        ));
    }
    (0..count).map(|at| take(&mut passed, at)).collect()
}

fn take(passed: &mut ListenFd, at: usize) -> io::Result<Socket> {
    let stream = i32::try_from(SocketType::STREAM.as_raw()).unwrap_or_default();
    let mut refused = io::Error::from(io::ErrorKind::InvalidInput);
    for family in FAMILIES {
        match passed.take_custom::<OwnedFd>(at, family.as_raw().into(), stream, "stream socket") {
            Ok(Some(socket)) => return listening(socket.into()),
            Ok(None) => {}
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn listening(socket: Socket) -> io::Result<Socket> {
    if sockopt::socket_acceptconn(&socket)? {
        return Ok(socket);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "a socket that was passed does not listen"))
}
