//! Targets to try noroshi on, without a network: one small server per kind of check, on loopback alone.
//!
//! Contract: [`start`] binds everything or nothing; whoever holds the [`Demo`] keeps the servers alive. Nothing here
//! knows of checks, and nothing else depends on it. Two of the targets are broken on purpose: a certificate that nobody
//! trusts, and one that has expired.

mod accept;
mod certificate;
mod echo;
mod greeter;
mod health;
mod names;
mod pages;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

use tokio::task::JoinSet;

/// Where each server listens on 127.0.0.1. A port of 0 takes a free one; [`Demo::ports`] tells which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Pages over HTTP: `/health`, `/slow`, `/error`, `/redirect`.
    pub http: u16,
    /// The same pages over HTTPS, with a certificate nobody trusts.
    pub https: u16,
    /// The same pages over HTTPS, with a certificate that has expired.
    pub expired: u16,
    /// A greeting and `QUIT`, as a mail server has them.
    pub tcp: u16,
    /// A DNS server for [`ZONE`], over UDP and TCP.
    pub dns: u16,
    /// A WebSocket that returns what it is sent; subprotocol `echo`.
    pub websocket: u16,
    /// A gRPC server with a health service.
    pub grpc: u16,
}

/// The name the DNS server knows.
pub const ZONE: &str = "demo.noroshi.test.";

impl From<u16> for Ports {
    /// Seven ports in a row.
    fn from(first: u16) -> Self {
        let at = |offset| first.saturating_add(offset);
        Self {
            http: first,
            https: at(1),
            expired: at(2),
            tcp: at(3),
            dns: at(4),
            websocket: at(5),
            grpc: at(6),
        }
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::from(10071)
    }
}

/// The running servers. They end when this is dropped.
#[derive(Debug)]
pub struct Demo {
    ports: Ports,
    tasks: JoinSet<()>,
}

impl Demo {
    /// Where they really listen.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Ends all of them, open connections included, and waits until they are gone.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Binds all servers, then starts them. Needs a running tokio runtime.
///
/// # Errors
/// A port that cannot be bound, named together with its server; a certificate that cannot be made.
pub fn start(ports: &Ports) -> io::Result<Demo> {
    let Ports { http, https, expired, tcp, dns, websocket, grpc } = *ports;
    let http = stream("http", http)?;
    let https = stream("https", https)?;
    let expired = stream("expired", expired)?;
    let tcp = stream("tcp", tcp)?;
    let (udp_names, tcp_names) = datagrams_and_streams("dns", dns)?;
    let websocket = stream("websocket", websocket)?;
    let grpc = stream("grpc", grpc)?;
    let ports = Ports {
        http: http.local_addr()?.port(),
        https: https.local_addr()?.port(),
        expired: expired.local_addr()?.port(),
        tcp: tcp.local_addr()?.port(),
        dns: tcp_names.local_addr()?.port(),
        websocket: websocket.local_addr()?.port(),
        grpc: grpc.local_addr()?.port(),
    };
    let untrusted_tls = certificate::acceptor(certificate::Validity::Good)?;
    let expired_tls = certificate::acceptor(certificate::Validity::Expired)?;
    let names = names::Zone::new()?;

    let mut tasks = JoinSet::new();
    tasks.spawn(accept::serve(http, pages::serve));
    tasks.spawn(accept::serve_tls(https, untrusted_tls, pages::serve));
    tasks.spawn(accept::serve_tls(expired, expired_tls, pages::serve));
    tasks.spawn(accept::serve(tcp, greeter::serve));
    tasks.spawn(names::serve_datagrams(udp_names, names.clone()));
    tasks.spawn(accept::serve(tcp_names, move |stream| names::serve(stream, names.clone())));
    tasks.spawn(accept::serve(websocket, echo::serve));
    tasks.spawn(accept::serve(grpc, health::serve));
    Ok(Demo { ports, tasks })
}

fn stream(server: &str, port: u16) -> io::Result<tokio::net::TcpListener> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = bound.map_err(|error| named(server, port, &error))?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// How often a free port is tried that turns out to be free for one protocol only.
const PAIR_ATTEMPTS: usize = 16;

/// The same port over UDP and TCP.
fn datagrams_and_streams(
    server: &str,
    port: u16,
) -> io::Result<(tokio::net::UdpSocket, tokio::net::TcpListener)> {
    let attempts = if port == 0 { PAIR_ATTEMPTS } else { 1 };
    let mut last = io::Error::other("not tried");
    for _ in 0..attempts {
        let listener = stream(server, port)?;
        match UdpSocket::bind(SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            listener.local_addr()?.port(),
        ))) {
            Ok(socket) => {
                socket.set_nonblocking(true)?;
                return Ok((tokio::net::UdpSocket::from_std(socket)?, listener));
            }
            Err(error) => last = named(server, port, &error),
        }
    }
    Err(last)
}

fn named(server: &str, port: u16, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("demo server {server} on 127.0.0.1:{port}: {error}"))
}

#[cfg(test)]
impl Ports {
    /// A free port for each.
    const FREE: Self =
        Self { http: 0, https: 0, expired: 0, tcp: 0, dns: 0, websocket: 0, grpc: 0 };
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncReadExt, net::TcpStream};

    #[tokio::test]
    async fn a_taken_port_is_named_and_nothing_is_left_behind() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = start(&Ports { websocket: port, ..Ports::FREE }).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&format!("websocket on 127.0.0.1:{port}")), "{error}");
    }

    #[tokio::test]
    async fn stopping_ends_listeners_and_open_connections() {
        let demo = start(&Ports::FREE).unwrap();
        let address = (Ipv4Addr::LOCALHOST, demo.ports().tcp);
        let mut open = TcpStream::connect(address).await.unwrap();
        let mut greeting = [0; 3];
        open.read_exact(&mut greeting).await.unwrap();
        demo.stop().await;
        let mut rest = Vec::new();
        // Closed or reset: what matters is that it ends.
        let _ = open.read_to_end(&mut rest).await;
        assert!(TcpStream::connect(address).await.is_err());
    }
}
