//! Opening a socket, and the words for why it did not open or send.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicU16, AtomicU32},
};

use parking_lot::Mutex;
use socket2::{Domain, Protocol, Type};
use surge_ping::{Client, Config, ICMP, PingIdentifier};

use super::{Key, Socket, SocketKind, native};
use crate::{
    clock::Instant,
    model::{Failure, Reason},
    net::dial,
};

/// Opens a socket with an identifier that is not `taken`.
pub(super) fn socket(key: Key, taken: &[u16]) -> Result<Socket, Failure> {
    let kind = permitted(key)?;
    if let Some(source) = key.source.filter(|source| source.is_ipv6() != key.ipv6) {
        let detail = format!("cannot ping from {source}: it is of another family than the target");
        return Err(Failure::new(Reason::LocalAddress, detail));
    }
    let client = Client::new(&config(key, kind)).map_err(|error| unopened(key, &error))?;
    let identifier = PingIdentifier(unused(taken)?);
    native::prepare(&client, key, kind, identifier).map_err(|error| dial::local(&error))?;
    Ok(Socket {
        client,
        kind,
        identifier,
        next: AtomicU16::new(0),
        used: Mutex::new(Instant::now()),
        heard: Mutex::new(Instant::now()),
        silent: AtomicU32::new(0),
    })
}

fn config(key: Key, kind: SocketKind) -> Config {
    let mut config = Config::builder()
        .kind(if key.ipv6 { ICMP::V6 } else { ICMP::V4 })
        .sock_type_hint(match kind {
            SocketKind::Datagram => Type::DGRAM,
            SocketKind::Raw => Type::RAW,
        })
        .ttl(key.ttl.into());
    if let Some(source) = key.source {
        config = config.bind(SocketAddr::new(source, 0));
    }
    config.build()
}

/// Random, so that a process started anew does not take its predecessor's late answers for its own.
fn unused(taken: &[u16]) -> Result<u16, Failure> {
    loop {
        let mut bytes = [0; 2];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| Failure::new(Reason::LocalResources, "no random numbers"))?;
        let identifier = u16::from_be_bytes(bytes);
        if !taken.contains(&identifier) {
            return Ok(identifier);
        }
    }
}

/// Which kind the kernel lets us open. surge-ping tries both too, but keeps only one of its two answers.
fn permitted(key: Key) -> Result<SocketKind, Failure> {
    let (domain, protocol) =
        if key.ipv6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    let open = |kind: Type| socket2::Socket::new(domain, kind.cloexec(), Some(protocol)).map(drop);
    let Err(datagram) = open(Type::DGRAM) else {
        return Ok(SocketKind::Datagram);
    };
    let Err(raw) = open(Type::RAW) else {
        return Ok(SocketKind::Raw);
    };
    match raw.kind() {
        ErrorKind::PermissionDenied => Err(forbidden(&datagram, &raw)),
        // EAFNOSUPPORT: IPv6 is switched off.
        _ if raw.raw_os_error() == Some(97) => {
            let detail = format!("no ICMP{} here: {raw}", if key.ipv6 { "v6" } else { "" });
            Err(Failure::new(Reason::ConnectUnreachable, detail))
        }
        _ => Err(dial::local(&raw)),
    }
}

/// Says what the kernel said of both kinds, and the exact ways out.
fn forbidden(datagram: &io::Error, raw: &io::Error) -> Failure {
    let group = rustix::process::getegid().as_raw();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap_or_default();
    let range = range.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::new(
        Reason::IcmpPermission,
        format!(
            "datagram socket: {datagram}, net.ipv4.ping_group_range is \"{range}\" and our group {group}; \
             raw socket: {raw}. \
             Host: sysctl -w net.ipv4.ping_group_range=\"{group} {group}\" or setcap cap_net_raw+ep on the binary. \
             Container: docker run --sysctl net.ipv4.ping_group_range=\"{group} {group}\" or --cap-add NET_RAW. \
             Kubernetes: the pod's securityContext.sysctls, or capabilities.add [NET_RAW]"
        ),
    )
}

/// The failure of a socket that was permitted but could not be set up.
fn unopened(key: Key, error: &io::Error) -> Failure {
    match (key.source, error.kind()) {
        (Some(source), ErrorKind::AddrNotAvailable | ErrorKind::InvalidInput) => {
            let detail = format!("cannot bind to {source}: {error}");
            Failure::new(Reason::LocalAddress, detail)
        }
        _ => dial::local(error),
    }
}

/// The failure of a request that did not leave.
pub(super) fn unsent(to: IpAddr, kind: SocketKind, error: &io::Error) -> Failure {
    let detail = format!("{to}: {error}");
    match error.raw_os_error() {
        // EMSGSIZE
        Some(90) => Failure::new(Reason::IcmpTooBig, detail),
        // EPERM, EACCES
        Some(1 | 13) => Failure::new(
            Reason::IcmpPermission,
            format!(
                "{detail}: a local firewall drops outgoing echo requests, or a policy forbids the {} socket to send",
                kind.word()
            ),
        ),
        // ENOBUFS, EAGAIN: the queue of the network interface is full.
        Some(105 | 11) => Failure::new(Reason::LocalResources, detail),
        _ => {
            let failure = dial::broken(error);
            Failure::new(failure.reason, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_names_our_group_and_both_answers() {
        let denied = || io::Error::from(ErrorKind::PermissionDenied);
        let failure = forbidden(&denied(), &io::Error::from_raw_os_error(1));
        assert_eq!(failure.reason, Reason::IcmpPermission);
        let group = rustix::process::getegid().as_raw();
        for part in [
            &format!("sysctl -w net.ipv4.ping_group_range=\"{group} {group}\""),
            "datagram socket: permission denied",
            "raw socket: Operation not permitted",
            "setcap cap_net_raw+ep",
            "docker run --sysctl",
            "securityContext.sysctls",
        ] {
            assert!(failure.detail.contains(part), "{part}: {}", failure.detail);
        }
        // The outcome cuts details: the way out must not be what is cut off.
        assert!(failure.detail.len() < 512, "{}", failure.detail.len());
    }

    #[test]
    fn what_does_not_leave_has_its_reason() {
        let to: IpAddr = "192.0.2.1".parse().unwrap();
        for (errno, reason) in [
            (90, Reason::IcmpTooBig),
            (1, Reason::IcmpPermission),
            (13, Reason::IcmpPermission),
            (101, Reason::ConnectUnreachable),
            (113, Reason::ConnectUnreachable),
            (105, Reason::LocalResources),
            (24, Reason::LocalResources),
        ] {
            let failure = unsent(to, SocketKind::Raw, &io::Error::from_raw_os_error(errno));
            assert_eq!(failure.reason, reason, "{errno}");
            assert!(failure.detail.starts_with("192.0.2.1: "), "{}", failure.detail);
        }
    }
}
