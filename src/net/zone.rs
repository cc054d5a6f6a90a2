//! IPv6 addresses with a zone (RFC 4007): `fe80::1%eth0` is that address behind that interface.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The longest name of an interface that Linux permits, in bytes.
const LONGEST: usize = 15;

/// The address of a literal, without its zone.
pub fn literal(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| split(text).map(|(address, _)| address.into()))
}

/// A host as the others of the network know it: a zone means something on this machine alone.
pub fn bare(host: &str) -> &str {
    split(host).map_or(host, |_| host.split('%').next().unwrap_or(host))
}

/// An address of a host, in the host's own zone. As in Go, one that this machine does not have is none.
pub fn socket(host: &str, address: IpAddr, port: u16) -> SocketAddr {
    let mut socket = SocketAddr::new(address, port);
    if let (SocketAddr::V6(socket), Some((_, zone))) = (&mut socket, split(host)) {
        let named = nix::net::if_::if_nametoindex(zone).ok();
        socket.set_scope_id(named.or_else(|| zone.parse().ok()).unwrap_or_default());
    }
    socket
}

fn split(text: &str) -> Option<(Ipv6Addr, &str)> {
    let (address, zone) = text.split_once('%')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_zone = !zone.is_empty() && zone.len() <= LONGEST && zone.bytes().all(fits);
    address.parse().ok().filter(|_| is_zone).map(|address| (address, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_of_an_address_of_ipv6() {
        for (host, without) in [
            ("fe80::1%eth0", "fe80::1"),
            ("fe80::1%2", "fe80::1"),
            ("fe80::1", "fe80::1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(bare(host), without);
            assert_eq!(literal(host), without.parse().ok(), "{host}");
        }
        for host in ["fe80::1%", "192.0.2.1%eth0", "a.example%eth0", "fe80::1%a]b", "::%e e", "x"] {
            assert_eq!((bare(host), literal(host)), (host, None));
        }
    }

    #[test]
    fn a_zone_is_a_number_in_the_end() {
        let address: IpAddr = "fe80::1".parse().unwrap();
        for (host, scope) in [("fe80::1%7", 7), ("fe80::1%lo", 1), ("fe80::1%nowhere", 0)] {
            let SocketAddr::V6(socket) = socket(host, address, 80) else { panic!("{host}") };
            assert_eq!((socket.scope_id(), socket.port()), (scope, 80), "{host}");
        }
        assert_eq!(socket("fe80::1", address, 80), SocketAddr::new(address, 80));
    }
}
