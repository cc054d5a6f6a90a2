//! What came for an echo request.

use std::{net::IpAddr, time::Duration};

use surge_ping::IcmpPacket;

use crate::model::{Failure, Reason};

/// What came for an echo request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The echo.
    Echo {
        /// From sending to hearing it.
        round_trip: Duration,
        /// The TTL it arrived with; only an IPv4 raw socket shows it.
        hop_limit: Option<u8>,
    },
    /// A router, or the host itself, says that the request did not arrive. Only a raw socket hears it.
    Undelivered(Failure),
}

impl Reply {
    pub(super) fn of(packet: &IcmpPacket, round_trip: Duration) -> Self {
        let (kind, code, from, hop_limit) = match packet {
            IcmpPacket::V4(packet) => (
                Message::of_v4(packet.get_icmp_type().0),
                packet.get_icmp_code().0,
                IpAddr::V4(packet.get_source()),
                packet.get_ttl(),
            ),
            IcmpPacket::V6(packet) => (
                Message::of_v6(packet.get_icmpv6_type().0),
                packet.get_icmpv6_code().0,
                IpAddr::V6(packet.get_source()),
                None,
            ),
        };
        let (reason, what) = match kind {
            Message::Echo => return Self::Echo { round_trip, hop_limit },
            // Fragmentation needed (RFC 1191) is a code of unreachable in IPv4.
            Message::Unreachable if code == 4 && from.is_ipv4() => {
                (Reason::IcmpTooBig, "fragmentation needed")
            }
            Message::TooBig => (Reason::IcmpTooBig, "packet too big"),
            Message::TimeExceeded => (Reason::IcmpTimeExceeded, "time exceeded"),
            Message::Unreachable => (Reason::ConnectUnreachable, unreachable(from, code)),
            Message::Other => (Reason::ConnectUnreachable, "parameter problem"),
        };
        Self::Undelivered(Failure::new(reason, format!("{from} answered: {what}")))
    }
}

enum Message {
    Echo,
    Unreachable,
    TooBig,
    TimeExceeded,
    Other,
}

impl Message {
    fn of_v4(kind: u8) -> Self {
        match kind {
            0 => Self::Echo,
            3 => Self::Unreachable,
            11 => Self::TimeExceeded,
            _ => Self::Other,
        }
    }

    fn of_v6(kind: u8) -> Self {
        match kind {
            129 => Self::Echo,
            1 => Self::Unreachable,
            2 => Self::TooBig,
            3 => Self::TimeExceeded,
            _ => Self::Other,
        }
    }
}

/// The codes people meet (RFC 792, RFC 1812, RFC 4443).
fn unreachable(from: IpAddr, code: u8) -> &'static str {
    match (from.is_ipv4(), code) {
        (_, 0) => "network unreachable",
        (true, 1) | (false, 3) => "host unreachable",
        (true, 2) => "protocol unreachable",
        (true, 3) | (false, 4) => "port unreachable",
        (true, 9 | 10 | 13) | (false, 1) => "administratively prohibited",
        (false, 5) => "source address failed policy",
        (false, 6) => "reject route",
        _ => "destination unreachable",
    }
}
