//! What came for an echo request, in words.

use std::{net::IpAddr, time::Duration};

use super::packet::Says;
use crate::model::{Failure, Reason};

/// What came for an echo request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The echo.
    Echo {
        /// From sending to hearing it.
        round_trip: Duration,
        /// The TTL or hop limit it arrived with, where the kernel told it.
        hop_limit: Option<u8>,
    },
    /// A router, or the host itself, says that the request did not arrive; only a raw socket hears it. Or the host sent
    /// something else back than it was sent.
    Undelivered(Failure),
}

/// The failure an error message means; `None` for an echo.
pub(super) fn undelivered(says: Says<'_>, from: IpAddr) -> Option<Failure> {
    let (reason, what) = match says {
        Says::Echo(_) => return None,
        Says::TooBig if from.is_ipv4() => (Reason::IcmpTooBig, "fragmentation needed"),
        Says::TooBig => (Reason::IcmpTooBig, "packet too big"),
        Says::TimeExceeded => (Reason::IcmpTimeExceeded, "time exceeded"),
        Says::Unreachable(code) => (Reason::ConnectUnreachable, unreachable(from, code)),
        Says::ParameterProblem => (Reason::ConnectUnreachable, "parameter problem"),
    };
    Some(Failure::new(reason, format!("{from} answered: {what}")))
}

/// The failure of an echo that is none: the payload is to come back as it was sent (RFC 792).
pub(super) fn altered(from: IpAddr, sent: usize, got: usize) -> Failure {
    let what = if got == sent {
        format!("{got} other bytes than were sent")
    } else {
        format!("{got} of the {sent} bytes that were sent")
    };
    Failure::new(Reason::IcmpNoReply, format!("{from} sent back {what}"))
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
