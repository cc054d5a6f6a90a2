//! What a raw socket is to hear.

use socket2::SockFilter;

/// Loads the byte at a fixed place.
const LOAD_BYTE: u16 = 0x30;
/// Loads the two bytes at a fixed place.
const LOAD_HALF: u16 = 0x28;
/// Loads the byte at a place behind X.
const LOAD_BYTE_X: u16 = 0x50;
/// Loads the two bytes at a place behind X.
const LOAD_HALF_X: u16 = 0x48;
/// X becomes four times the low half of the byte at a place: the length of an IPv4 header.
const LOAD_X_HEADER: u16 = 0xb1;
/// Compares and jumps.
const IF_EQUAL: u16 = 0x15;
/// Ends; the number is how much of the packet is kept.
const RETURN: u16 = 0x06;

const ALL: u32 = u32::MAX;
const NOTHING: u32 = 0;

/// The filter, as a classic BPF program: echo replies with our identifier, and errors about ICMP
/// packets. Without it every ping socket of the machine would wake for every packet of every other, and on loopback
/// for our own requests.
pub(super) fn program(ipv6: bool, identifier: u16) -> Vec<SockFilter> {
    let run = SockFilter::new;
    if ipv6 {
        // The kernel hands over ICMPv6 from its first byte. Behind 8 bytes of an error stands the IPv6 header of what
        // caused it.
        return vec![
            run(LOAD_BYTE, 0, 0, 0),
            run(IF_EQUAL, 5, 0, 129),
            run(IF_EQUAL, 6, 0, 1),
            run(IF_EQUAL, 5, 0, 2),
            run(IF_EQUAL, 4, 0, 3),
            run(IF_EQUAL, 3, 0, 4),
            run(RETURN, 0, 0, NOTHING),
            run(LOAD_HALF, 0, 0, 4),
            run(IF_EQUAL, 0, 1, identifier.into()),
            run(RETURN, 0, 0, ALL),
            run(RETURN, 0, 0, NOTHING),
        ];
    }
    vec![
        run(LOAD_X_HEADER, 0, 0, 0),
        run(LOAD_BYTE_X, 0, 0, 0),
        run(IF_EQUAL, 4, 0, 0),
        run(IF_EQUAL, 5, 0, 3),
        run(IF_EQUAL, 4, 0, 11),
        run(IF_EQUAL, 3, 0, 12),
        run(RETURN, 0, 0, NOTHING),
        run(LOAD_HALF_X, 0, 0, 4),
        run(IF_EQUAL, 2, 3, identifier.into()),
        // The protocol of the packet an error is about.
        run(LOAD_BYTE_X, 0, 0, 17),
        run(IF_EQUAL, 0, 1, 1),
        run(RETURN, 0, 0, ALL),
        run(RETURN, 0, 0, NOTHING),
    ]
}

#[cfg(test)]
pub(super) fn drop_all() -> SockFilter {
    SockFilter::new(RETURN, 0, 0, NOTHING)
}

/// Lets no echo pass, neither request nor reply.
#[cfg(test)]
pub(super) fn errors_only() -> Vec<SockFilter> {
    let run = SockFilter::new;
    vec![
        run(LOAD_X_HEADER, 0, 0, 0),
        run(LOAD_BYTE_X, 0, 0, 0),
        run(IF_EQUAL, 2, 0, 0),
        run(IF_EQUAL, 1, 0, 8),
        run(RETURN, 0, 0, ALL),
        run(RETURN, 0, 0, NOTHING),
    ]
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read},
        net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    };

    use socket2::{Domain, Protocol, Socket, Type};

    use super::*;

    const OURS: u16 = 0x1234;

    /// Sends each packet through a raw socket to itself and tells which of them passed the filter; `None` where raw
    /// sockets are not permitted.
    fn passed(ipv6: bool, packets: &[Vec<u8>]) -> Option<Vec<bool>> {
        let (domain, protocol, home) = if ipv6 {
            (Domain::IPV6, Protocol::ICMPV6, IpAddr::V6(Ipv6Addr::LOCALHOST))
        } else {
            (Domain::IPV4, Protocol::ICMPV4, IpAddr::V4(Ipv4Addr::LOCALHOST))
        };
        let mut socket = match Socket::new(domain, Type::RAW.nonblocking(), Some(protocol)) {
            Ok(socket) => socket,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                return None;
            }
        };
        socket.attach_filter(&program(ipv6, OURS)).unwrap();
        let mut bytes = [0; 2048];
        let mut passes = |packet: &Vec<u8>| {
            socket.send_to(packet, &SocketAddr::new(home, 0).into()).unwrap();
            let mut heard = false;
            while let Ok(size) = socket.read(&mut bytes) {
                // The kernel fills in the checksum of ICMPv6.
                let same = bytes[0] == packet[0] && bytes[4..size] == packet[4..];
                heard |= bytes[..size].ends_with(packet) || ipv6 && same;
            }
            heard
        };
        Some(packets.iter().map(&mut passes).collect())
    }

    fn echo(kind: u8, identifier: u16, number: u16) -> Vec<u8> {
        let [identifier, number] = [identifier, number].map(u16::to_be_bytes);
        [&[kind, 0, 0, 0], &identifier[..], &number].concat()
    }

    /// An error about a packet with this protocol.
    fn error(kind: u8, header: &[u8]) -> Vec<u8> {
        [&[kind, 0, 0, 0, 0, 0, 0, 0], header, &echo(8, OURS, 1)].concat()
    }

    #[test]
    fn only_what_may_be_ours_passes() {
        let about = |protocol: u8| {
            let mut header = [0; 20];
            (header[0], header[9]) = (0x45, protocol);
            header
        };
        let packets = [
            (echo(0, OURS, 7), true),
            (echo(0, OURS + 1, 7), false),
            (echo(8, OURS, 7), false),
            (error(3, &about(1)), true),
            (error(11, &about(1)), true),
            (error(12, &about(1)), true),
            (error(3, &about(17)), false),
            (error(5, &about(1)), false),
            (vec![0, 0, 0, 0], false),
            (vec![0x2a; 64], false),
        ];
        let (sent, wanted): (Vec<_>, Vec<_>) = packets.into_iter().unzip();
        if let Some(passed) = passed(false, &sent) {
            assert_eq!(passed, wanted);
        }
    }

    #[test]
    fn only_what_may_be_ours_passes_in_ipv6() {
        let header = [0x60; 40];
        let packets = [
            (echo(129, OURS, 7), true),
            (echo(129, OURS + 1, 7), false),
            (echo(128, OURS, 7), false),
            (error(1, &header), true),
            (error(2, &header), true),
            (error(3, &header), true),
            (error(4, &header), true),
            (error(136, &header), false),
        ];
        let (sent, wanted): (Vec<_>, Vec<_>) = packets.into_iter().unzip();
        if let Some(passed) = passed(true, &sent) {
            assert_eq!(passed, wanted);
        }
    }
}
