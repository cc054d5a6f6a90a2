//! Opens TCP connections and those to Unix sockets, and puts the kernel's errors into words.

use std::{
    ffi::OsString,
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    time::Duration,
};

#[cfg(feature = "http3")]
use tokio::net::UdpSocket;
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::Attempt;
use crate::{
    clock::{self, Instant},
    model::{Failure, Phase, Reason},
};

/// Connects, from `source` if one is given. The phase `connect`.
///
/// # Errors
/// `local_address` where `source` is not ours or of another family than the target, as in blackbox_exporter; `connect_*`.
pub async fn tcp(
    attempt: &mut Attempt,
    to: SocketAddr,
    source: Option<IpAddr>,
) -> Result<TcpStream, Failure> {
    first_by(attempt, &[to], |to| connect(to, source)).await
}

/// Connects to the first of these that takes it: a host that is met on the way has no address that was asked for, as the
/// target's own is. Each but the last has 300 ms to answer.
///
/// # Errors
/// Those of [`tcp`], of the last one.
pub async fn first(
    attempt: &mut Attempt,
    all: &[SocketAddr],
    source: Option<IpAddr>,
) -> Result<TcpStream, Failure> {
    first_by(attempt, all, |to| connect(to, source)).await
}

/// The same by whatever `connect` does.
///
/// # Errors
/// Those of `connect`, of the last one.
pub(super) async fn first_by<T, F: Future<Output = Result<T, Failure>>>(
    attempt: &mut Attempt,
    all: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> Result<T, Failure> {
    let Some((last, others)) = all.split_last() else {
        return Err(Failure::new(Reason::DnsNoAddress, "there is no address to connect to"));
    };
    for to in others {
        attempt.step(|| format!("connecting to {to}"));
        let connected = clock::timeout_at(Instant::now() + NEXT, connect(*to));
        let connected = async { Ok(connected.await) };
        match attempt.phase(Phase::Connect, connected).await? {
            Ok(Ok(stream)) => {
                attempt.step(|| "connected".into());
                return Ok(stream);
            }
            Ok(Err(failure)) => attempt.step(|| failure.detail.clone()),
            Err(_) => attempt.step(|| format!("{to} does not answer")),
        }
    }
    attempt.step(|| format!("connecting to {last}"));
    let connected = attempt.phase(Phase::Connect, connect(*last)).await?;
    attempt.step(|| "connected".into());
    Ok(connected)
}

/// When the next address is tried: Go's own patience with the first family.
const NEXT: Duration = Duration::from_millis(300);

async fn connect(to: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, Failure> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
        .map_err(|error| local(&error))?;
    if let Some(source) = source.map(|source| fitting(source, to)).transpose()? {
        socket.bind(SocketAddr::new(source, 0)).map_err(|error| {
            Failure::new(Reason::LocalAddress, format!("cannot bind to {source}: {error}"))
        })?;
    }
    let stream = socket.connect(to).await.map_err(|error| {
        let failure = broken(&error);
        Failure::new(failure.reason, format!("{to}: {}", failure.detail))
    })?;
    // A probe is one small exchange: waiting to fill a segment would only be measured as latency.
    stream.set_nodelay(true).map_err(|error| broken(&error))?;
    Ok(stream)
}

/// A UDP socket that speaks with `to` alone, so that the kernel tells when nobody listens there. Sends nothing yet.
///
/// # Errors
/// `local_address` as for [`tcp`], `local_resources`, and `connect_unreachable` where no route leads there.
#[cfg(feature = "http3")]
pub(super) async fn udp(to: SocketAddr, source: Option<IpAddr>) -> Result<UdpSocket, Failure> {
    let from = fitting(source.unwrap_or(Ipv6Addr::UNSPECIFIED.into()), to)?;
    let socket = UdpSocket::bind(SocketAddr::new(from, 0)).await.map_err(|error| match source {
        Some(source) => {
            Failure::new(Reason::LocalAddress, format!("cannot bind to {source}: {error}"))
        }
        None => local(&error),
    })?;
    socket.connect(to).await.map_err(|error| {
        let failure = broken(&error);
        Failure::new(failure.reason, format!("{to}: {}", failure.detail))
    })?;
    Ok(socket)
}

/// The address to bind to; the unspecified one has no family of its own.
fn fitting(source: IpAddr, to: SocketAddr) -> Result<IpAddr, Failure> {
    match (source.is_ipv4() == to.is_ipv4(), source.is_unspecified()) {
        (true, _) => Ok(source),
        (false, true) if to.is_ipv4() => Ok(Ipv4Addr::UNSPECIFIED.into()),
        (false, true) => Ok(Ipv6Addr::UNSPECIFIED.into()),
        (false, false) => {
            let detail = format!("the source address {source} is of another family than {to}");
            Err(Failure::new(Reason::LocalAddress, detail))
        }
    }
}

/// Connects to a Unix socket in the file system; `@name` is one in Linux' abstract namespace. The phase `connect`.
///
/// # Errors
/// `connect_refused` where nothing listens, `local_file` where this process may not go there, `connect_timeout` while the
/// socket's queue stays full.
pub async fn unix(attempt: &mut Attempt, path: &Path) -> Result<UnixStream, Failure> {
    attempt.step(|| format!("connecting to {}", path.display()));
    let stream = attempt.phase(Phase::Connect, connect_unix(path)).await?;
    attempt.step(|| "connected".into());
    Ok(stream)
}

/// From one try to the next while a socket's queue is full. The kernel does not say when there is room again.
const QUEUE_RECHECK: Duration = Duration::from_millis(5);

async fn connect_unix(path: &Path) -> Result<UnixStream, Failure> {
    let address = address_of(path);
    loop {
        match UnixStream::connect(&address).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                clock::sleep(QUEUE_RECHECK).await;
            }
            Err(error) => return Err(refused(path, &error)),
        }
    }
}

/// The abstract namespace as people write it and as the kernel has it.
fn address_of(path: &Path) -> PathBuf {
    match path.as_os_str().as_bytes() {
        [b'@', name @ ..] if cfg!(target_os = "linux") => {
            OsString::from_vec([b"\0", name].concat()).into()
        }
        _ => path.to_owned(),
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    const WRONG_TYPE: i32 = 91; // EPROTOTYPE: a socket for datagrams
    let reason = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Reason::ConnectRefused,
        ErrorKind::PermissionDenied | ErrorKind::InvalidInput => Reason::LocalFile,
        _ if error.raw_os_error() == Some(WRONG_TYPE) => Reason::ConnectRefused,
        _ => broken(error).reason,
    };
    Failure::new(reason, format!("{}: {error}", path.display()))
}

/// The failure an I/O error on an open or opening connection means.
pub fn broken(error: &io::Error) -> Failure {
    let reason = match error.kind() {
        ErrorKind::ConnectionRefused => Reason::ConnectRefused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Reason::ConnectReset
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Reason::ConnectUnreachable
        }
        ErrorKind::TimedOut => Reason::ConnectTimeout,
        ErrorKind::UnexpectedEof => Reason::ConnectionClosed,
        ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => Reason::LocalResources,
        _ if is_exhaustion(error) => Reason::LocalResources,
        // EACCES and EPERM on connect: a local firewall or policy forbids it.
        _ => Reason::ConnectUnreachable,
    };
    Failure::new(reason, error.to_string())
}

/// The failure of a socket call that has not met the target yet.
pub fn local(error: &io::Error) -> Failure {
    Failure::new(Reason::LocalResources, error.to_string())
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM: ours, not the target's.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{clock::Instant, model::Trace};

    fn attempt() -> Attempt {
        Attempt::new(Instant::now() + Duration::from_secs(5), Trace::on())
    }

    #[tokio::test]
    async fn refused_names_the_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut attempt = attempt();
        let failure = tcp(&mut attempt, free, None).await.unwrap_err();
        assert_eq!(failure.reason, Reason::ConnectRefused);
        assert!(failure.detail.contains(&free.to_string()), "{}", failure.detail);
        assert!(attempt.phases.of(Phase::Connect).is_some());
    }

    #[cfg(feature = "http3")]
    #[tokio::test]
    async fn a_socket_of_quic_has_its_source() {
        let to: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let source = "127.0.0.2".parse().unwrap();
        let socket = udp(to, Some(source)).await.unwrap();
        assert_eq!((socket.local_addr().unwrap().ip(), socket.peer_addr().unwrap()), (source, to));
        for source in ["192.0.2.1", "::1"] {
            let failure = udp(to, Some(source.parse().unwrap())).await.unwrap_err();
            assert_eq!(failure.reason, Reason::LocalAddress, "{}", failure.detail);
        }
    }

    #[tokio::test]
    async fn a_source_of_another_family_is_refused_unless_it_is_no_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        assert!(tcp(&mut attempt(), to, Some(Ipv6Addr::UNSPECIFIED.into())).await.is_ok());
        let failure = tcp(&mut attempt(), to, Some(Ipv6Addr::LOCALHOST.into())).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalAddress);
        assert!(failure.detail.contains("another family"), "{}", failure.detail);
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_path_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        drop(std::os::unix::net::UnixListener::bind(at("stale")).unwrap());
        let _datagrams = std::os::unix::net::UnixDatagram::bind(at("datagrams")).unwrap();
        for (path, reason) in [
            (at("none"), Reason::ConnectRefused),
            (at("file/below"), Reason::ConnectRefused),
            (at("file"), Reason::ConnectRefused),
            (at("stale"), Reason::ConnectRefused),
            (at("datagrams"), Reason::ConnectRefused),
            (at(&"x".repeat(120)), Reason::LocalFile),
        ] {
            let failure = unix(&mut attempt(), &path).await.unwrap_err();
            assert_eq!(failure.reason, reason, "{}", failure.detail);
            assert!(failure.detail.contains(&path.display().to_string()), "{}", failure.detail);
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_waited_for_until_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        let listener =
            socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let mut held = Vec::new();
        let mut attempt = Attempt::new(Instant::now() + Duration::from_millis(100), Trace::on());
        let failure = loop {
            match unix(&mut attempt, &path).await {
                Ok(stream) => held.push(stream),
                Err(failure) => break failure,
            }
        };
        assert_eq!(failure.reason, Reason::ConnectTimeout, "{}", failure.detail);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_abstract_name_begins_with_an_at_sign() {
        use std::os::{linux::net::SocketAddrExt, unix::net};
        let name = format!("noroshi-test-{}", std::process::id());
        let address = net::SocketAddr::from_abstract_name(&name).unwrap();
        let _listener = net::UnixListener::bind_addr(&address).unwrap();
        unix(&mut attempt(), Path::new(&format!("@{name}"))).await.unwrap();
    }

    #[tokio::test]
    async fn a_source_we_do_not_have_is_our_fault() {
        let source = Some("192.0.2.77".parse().unwrap());
        let to = "127.0.0.1:9".parse().unwrap();
        let failure = tcp(&mut attempt(), to, source).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalAddress);
    }
}
