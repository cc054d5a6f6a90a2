//! Opens TCP connections and puts the kernel's errors into words.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use tokio::net::{TcpSocket, TcpStream};

use super::Attempt;
use crate::model::{Failure, Phase, Reason};

/// Connects, from `source` if one is given. The phase `connect`.
pub async fn tcp(
    attempt: &mut Attempt,
    to: SocketAddr,
    source: Option<IpAddr>,
) -> Result<TcpStream, Failure> {
    attempt.step(|| format!("connecting to {to}"));
    let stream = attempt.phase(Phase::Connect, connect(to, source)).await?;
    attempt.step(|| "connected".into());
    Ok(stream)
}

async fn connect(to: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, Failure> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
        .map_err(|error| local(&error))?;
    if let Some(source) = source {
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

    #[tokio::test]
    async fn a_source_we_do_not_have_is_our_fault() {
        let source = Some("192.0.2.77".parse().unwrap());
        let to = "127.0.0.1:9".parse().unwrap();
        let failure = tcp(&mut attempt(), to, source).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalAddress);
    }
}
