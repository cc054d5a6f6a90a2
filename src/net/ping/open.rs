//! Opening a socket, and the words for why it did not open or send.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use nix::sys::socket::{setsockopt, sockopt::Ipv4RecvTtl};
use rustix::net::sockopt::{
    self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Key, SocketKind, filter, wire::Wire};
use crate::{
    model::{Failure, Reason},
    net::dial,
};

/// Room for some thousands of small answers that come before anybody listens.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Opens a socket with an identifier that is not `taken`.
pub(super) fn socket(key: Key, taken: &[u16]) -> Result<(Wire, SocketKind), Failure> {
    let (socket, kind) = permitted(key)?;
    if let Some(source) = key.source.filter(|source| source.is_ipv6() != key.ipv6) {
        let detail = format!("cannot ping from {source}: it is of another family than the target");
        return Err(Failure::new(Reason::LocalAddress, detail));
    }
    if let Some(source) = key.source {
        let address = SocketAddr::new(source, 0).into();
        socket.bind(&address).map_err(|error| {
            Failure::new(Reason::LocalAddress, format!("cannot bind to {source}: {error}"))
        })?;
    }
    let identifier = unused(taken)?;
    prepare(&socket, key, kind, identifier).map_err(|error| dial::local(&error))?;
    let wire = Wire::new(socket, kind, identifier).map_err(|error| dial::local(&error))?;
    Ok((wire, kind))
}

/// Sets everything a key and a kind ask for.
fn prepare(socket: &Socket, key: Key, kind: SocketKind, identifier: u16) -> io::Result<()> {
    if kind == SocketKind::Raw {
        socket.attach_filter(&filter::program(key.ipv6, identifier))?;
    }
    // With CAP_NET_ADMIN beyond net.core.rmem_max, else up to it; less room is still a working socket.
    let _ = sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(socket, RECEIVE_BUFFER));
    if key.ipv6 {
        socket.set_recv_hoplimit_v6(true)?;
    } else {
        setsockopt(socket, Ipv4RecvTtl, &true)?;
    }
    match (key.ttl, key.ipv6) {
        (0, _) => {}
        (limit, true) => socket.set_unicast_hops_v6(limit.into())?,
        (ttl, false) => socket.set_ttl_v4(ttl.into())?,
    }
    match (key.dont_fragment, key.ipv6) {
        (false, _) => {}
        (true, true) => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DO)?,
        (true, false) => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DO)?,
    }
    Ok(())
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

/// A socket of the kind the kernel lets us open.
fn permitted(key: Key) -> Result<(Socket, SocketKind), Failure> {
    let (domain, protocol) =
        if key.ipv6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    let open = |kind: Type| Socket::new(domain, kind.cloexec().nonblocking(), Some(protocol));
    let datagram = match open(Type::DGRAM) {
        Ok(socket) => return Ok((socket, SocketKind::Datagram)),
        Err(error) => error,
    };
    let raw = match open(Type::RAW) {
        Ok(socket) => return Ok((socket, SocketKind::Raw)),
        Err(error) => error,
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
