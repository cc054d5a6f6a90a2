//! Echo requests as bytes, and what came as their answer (RFC 792, RFC 4443).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The length of the header of every ICMP message.
const HEADER: usize = 8;
const IPV6_HEADER: usize = 40;
/// IPv6's fragment header as the next one, and its length (RFC 8200, section 4.5).
const FRAGMENT: (u8, usize) = (44, 8);

/// An echo request. The kernel fills in the checksum of ICMPv6, and both checksum and identifier on a datagram socket.
pub(super) fn request(ipv6: bool, identifier: u16, number: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(HEADER + payload.len());
    packet.extend([if ipv6 { 128 } else { 8 }, 0, 0, 0]);
    packet.extend(identifier.to_be_bytes());
    packet.extend(number.to_be_bytes());
    packet.extend_from_slice(payload);
    if !ipv6 {
        let sum = checksum(&packet).to_be_bytes();
        packet[2..4].copy_from_slice(&sum);
    }
    packet
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| {
        u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]))
    });
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    // The fold leaves 16 bits.
    !u16::try_from(sum).unwrap_or_default()
}

/// A packet that may be an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard<'a> {
    /// Where the request it belongs to went.
    pub(super) target: IpAddr,
    pub(super) identifier: u16,
    pub(super) number: u16,
    pub(super) says: Says<'a>,
}

/// What a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says<'a> {
    /// The reply, with the payload it brings back.
    Echo(&'a [u8]),
    Unreachable(u8),
    TooBig,
    TimeExceeded,
    ParameterProblem,
}

/// Reads what an IPv4 socket heard; a raw one hears the IP header too.
pub(super) fn of_v4(bytes: &[u8], from: Ipv4Addr, with_header: bool) -> Option<Heard<'_>> {
    let message = if with_header { behind_v4_header(bytes)? } else { bytes };
    let (&header, rest) = message.split_first_chunk::<HEADER>()?;
    let says = match (header[0], header[1]) {
        (0, _) => return Some(echo(header, rest, from.into())),
        // Fragmentation needed (RFC 1191).
        (3, 4) => Says::TooBig,
        (3, code) => Says::Unreachable(code),
        (11, _) => Says::TimeExceeded,
        (12, _) => Says::ParameterProblem,
        _ => return None,
    };
    let target: [u8; 4] = rest.get(16..20)?.try_into().ok()?;
    let (&request, _) = behind_v4_header(rest)?.split_first_chunk::<HEADER>()?;
    (request[0] == 8).then(|| about(request, IpAddr::from(target), says))
}

/// Reads what an IPv6 socket heard; it never sees the IP header.
pub(super) fn of_v6(bytes: &[u8], from: Ipv6Addr) -> Option<Heard<'_>> {
    let (&header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let says = match (header[0], header[1]) {
        (129, _) => return Some(echo(header, rest, from.into())),
        (1, code) => Says::Unreachable(code),
        (2, _) => Says::TooBig,
        (3, _) => Says::TimeExceeded,
        (4, _) => Says::ParameterProblem,
        _ => return None,
    };
    let (cause, rest) = rest.split_first_chunk::<IPV6_HEADER>()?;
    let target: [u8; 16] = cause[24..].try_into().ok()?;
    // A large request of ours was cut; its first part holds the ICMP header.
    let skipped = if cause[6] == FRAGMENT.0 { FRAGMENT.1 } else { 0 };
    let (&request, _) = rest.get(skipped..)?.split_first_chunk::<HEADER>()?;
    (request[0] == 128).then(|| about(request, IpAddr::from(target), says))
}

fn behind_v4_header(bytes: &[u8]) -> Option<&[u8]> {
    let words = usize::from(bytes.first()? & 0x0f);
    bytes.get(words * 4..).filter(|_| words >= 5)
}

fn echo(header: [u8; HEADER], payload: &[u8], from: IpAddr) -> Heard<'_> {
    about(header, from, Says::Echo(payload))
}

fn about(header: [u8; HEADER], target: IpAddr, says: Says<'_>) -> Heard<'_> {
    let [.., a, b, c, d] = header;
    Heard {
        target,
        identifier: u16::from_be_bytes([a, b]),
        number: u16::from_be_bytes([c, d]),
        says,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FROM: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    #[test]
    fn a_request_is_what_its_echo_brings_back() {
        let mut packet = request(false, 0x1234, 7, b"odd");
        assert_eq!(packet[..2], [8, 0]);
        assert_eq!(checksum(&packet), 0, "a sound packet sums up to nothing");
        packet[0] = 0;
        let wanted =
            Heard { target: FROM.into(), identifier: 0x1234, number: 7, says: Says::Echo(b"odd") };
        assert_eq!(of_v4(&packet, FROM, false), Some(wanted));
        assert_eq!(request(true, 1, 2, &[]), [128, 0, 0, 0, 0, 1, 0, 2]);
    }

    #[test]
    fn errors_are_about_the_request_they_quote() {
        let quoted = request(false, 5, 9, b"");
        for (kind, code, says) in [
            (3, 1, Says::Unreachable(1)),
            (3, 4, Says::TooBig),
            (11, 0, Says::TimeExceeded),
            (12, 0, Says::ParameterProblem),
        ] {
            // An outer header of 20 bytes, an inner one of 24 with an option.
            let mut inner = [0; 24];
            inner[0] = 0x46;
            inner[16..20].copy_from_slice(&[198, 51, 100, 1]);
            let mut outer = [0; 20];
            outer[0] = 0x45;
            let packet = [&outer[..], &[kind, code, 0, 0, 0, 0, 0, 0], &inner, &quoted].concat();
            let heard = of_v4(&packet, FROM, true).unwrap();
            assert_eq!(heard.target, IpAddr::from([198, 51, 100, 1]));
            assert_eq!((heard.identifier, heard.number, heard.says), (5, 9, says));
        }
    }

    #[test]
    fn errors_of_icmpv6_may_quote_a_fragment() {
        let target: Ipv6Addr = "2001:db8::9".parse().unwrap();
        let quoted = request(true, 5, 9, b"");
        for (next, between) in [(58, &[][..]), (44, &[58, 0, 0, 1, 0, 0, 0, 1][..])] {
            let mut cause = [0; IPV6_HEADER];
            (cause[0], cause[6]) = (0x60, next);
            cause[24..].copy_from_slice(&target.octets());
            let packet = [&[2, 0, 0, 0, 0, 0, 5, 0], &cause[..], between, &quoted].concat();
            let heard = of_v6(&packet, "fe80::1".parse().unwrap()).unwrap();
            let wanted = (IpAddr::from(target), 5, 9, Says::TooBig);
            assert_eq!((heard.target, heard.identifier, heard.number, heard.says), wanted);
        }
    }

    #[test]
    fn what_is_no_answer_is_not_heard() {
        for bytes in [&[][..], &[0, 0, 0], &[8, 0, 0, 0, 0, 1, 0, 1], &[3, 1, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(of_v4(bytes, FROM, false), None, "{bytes:?}");
        }
        assert_eq!(of_v4(&[0x41; 60], FROM, true), None, "a header of four bytes");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, raw: bool) {
            let _ = of_v4(&bytes, FROM, raw);
            let _ = of_v6(&bytes, Ipv6Addr::LOCALHOST);
        }

        #[test]
        fn every_request_sums_up(identifier: u16, number: u16, payload: Vec<u8>) {
            prop_assert_eq!(checksum(&request(false, identifier, number, &payload)), 0);
        }
    }
}
