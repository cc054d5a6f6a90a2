//! What became of the packets, and what that measures.

use std::{fmt, time::Duration};

use crate::{
    model::{Desc, Fact, Failure, Reason},
    net::ping::Reply,
};

pub(super) static RTT_MIN: Desc =
    Desc::gauge("noroshi_icmp_rtt_min_seconds", "Shortest round trip of the last run, in seconds.");
pub(super) static RTT_AVG: Desc =
    Desc::gauge("noroshi_icmp_rtt_avg_seconds", "Mean round trip of the last run, in seconds.");
pub(super) static RTT_MAX: Desc =
    Desc::gauge("noroshi_icmp_rtt_max_seconds", "Longest round trip of the last run, in seconds.");
pub(super) static RTT_STDDEV: Desc = Desc::gauge(
    "noroshi_icmp_rtt_stddev_seconds",
    "Standard deviation of the round trips of the last run, in seconds; needs two replies.",
);
pub(super) static JITTER: Desc = Desc::gauge(
    "noroshi_icmp_jitter_seconds",
    "Mean difference between the round trips of consecutive replies, in seconds; needs two replies.",
);
pub(super) static LOSS: Desc = Desc::gauge(
    "noroshi_icmp_loss_ratio",
    "Share of the packets of the last run without a reply, 0 to 1.",
);
pub(super) static SENT: Desc =
    Desc::gauge("noroshi_icmp_packets_sent", "Echo requests of the last run.");
pub(super) static RECEIVED: Desc =
    Desc::gauge("noroshi_icmp_packets_received", "Echo requests of the last run with a reply.");
pub(super) static HOP_LIMIT: Desc = Desc::gauge(
    "noroshi_icmp_reply_hop_limit",
    "TTL or hop limit the last reply arrived with, where the system tells it.",
);

/// What became of one packet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Packet {
    /// The run ended before its turn.
    #[default]
    Unsent,
    /// On its way; when the run is over, lost.
    Waiting,
    /// No reply in its time.
    Lost,
    /// Could not be sent, or a router said that it did not arrive.
    Failed(Failure),
    /// A reply.
    Answered { round_trip: Duration, hop_limit: Option<u8> },
}

impl From<Reply> for Packet {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Echo { round_trip, hop_limit } => Self::Answered { round_trip, hop_limit },
            Reply::Undelivered(failure) => Self::Failed(failure),
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent => f.write_str("not sent any more"),
            Self::Waiting | Self::Lost => f.write_str("no reply"),
            Self::Failed(failure) => f.write_str(&failure.detail),
            Self::Answered { round_trip, hop_limit } => {
                write!(f, "reply after {:.3} ms", round_trip.as_secs_f64() * 1e3)?;
                hop_limit.map_or(Ok(()), |limit| write!(f, ", TTL {limit}"))
            }
        }
    }
}

/// The packets of a run, summed up.
#[derive(Debug, PartialEq)]
pub(super) struct Tally {
    /// How many were to be sent.
    planned: u32,
    /// How many were.
    pub(super) sent: u32,
    /// How many were answered.
    pub(super) received: u32,
    /// Present with the first reply.
    pub(super) rtt: Option<Rtt>,
    hop_limit: Option<u8>,
    /// The first thing that went wrong with a packet, other than silence.
    pub(super) first_failure: Option<Failure>,
}

/// Round trips, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rtt {
    min: f64,
    pub(super) avg: f64,
    max: f64,
    /// Standard deviation and jitter, with the second reply.
    pub(super) spread: Option<(f64, f64)>,
}

impl Tally {
    pub(super) fn of(packets: &[Packet]) -> Self {
        let count = |counted: fn(&Packet) -> bool| {
            u32::try_from(packets.iter().filter(|packet| counted(packet)).count())
                .unwrap_or(u32::MAX)
        };
        let round_trips: Vec<f64> = packets
            .iter()
            .filter_map(|packet| match packet {
                Packet::Answered { round_trip, .. } => Some(round_trip.as_secs_f64()),
                _ => None,
            })
            .collect();
        Self {
            planned: count(|_| true),
            sent: count(|packet| *packet != Packet::Unsent),
            received: count(|packet| matches!(packet, Packet::Answered { .. })),
            rtt: Rtt::of(&round_trips),
            hop_limit: packets.iter().rev().find_map(|packet| match packet {
                Packet::Answered { hop_limit, .. } => *hop_limit,
                _ => None,
            }),
            first_failure: packets.iter().find_map(|packet| match packet {
                Packet::Failed(failure) => Some(failure.clone()),
                _ => None,
            }),
        }
    }

    /// Share of the sent packets without a reply; 1 where none was sent.
    pub(super) fn loss(&self) -> f64 {
        match self.sent {
            0 => 1.0,
            sent => f64::from(sent - self.received) / f64::from(sent),
        }
    }

    pub(super) fn facts(&self, facts: &mut Vec<Fact>) {
        facts.extend([
            Fact::new(&SENT, self.sent.into()),
            Fact::new(&RECEIVED, self.received.into()),
            Fact::new(&LOSS, self.loss()),
        ]);
        facts.extend(self.hop_limit.map(|limit| Fact::new(&HOP_LIMIT, limit.into())));
        let Some(rtt) = self.rtt else { return };
        facts.extend([
            Fact::new(&RTT_MIN, rtt.min),
            Fact::new(&RTT_AVG, rtt.avg),
            Fact::new(&RTT_MAX, rtt.max),
        ]);
        if let Some((deviation, jitter)) = rtt.spread {
            facts.extend([Fact::new(&RTT_STDDEV, deviation), Fact::new(&JITTER, jitter)]);
        }
    }

    /// Whether the host was reached at all, and the run got to its end.
    pub(super) fn reached(&self) -> Result<(), Failure> {
        if self.received == 0 {
            return Err(self.first_failure.clone().unwrap_or_else(|| {
                Failure::new(Reason::IcmpNoReply, format!("no reply to {} packets", self.sent))
            }));
        }
        if self.sent < self.planned {
            let detail = format!(
                "only {} of {} packets were sent: count times gap is longer than the timeout",
                self.sent, self.planned
            );
            return Err(Failure::new(Reason::DeadlineExceeded, detail));
        }
        Ok(())
    }
}

impl Rtt {
    fn of(round_trips: &[f64]) -> Option<Self> {
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) =
                values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
            sum / f64::from(count)
        };
        let min = round_trips.iter().copied().min_by(f64::total_cmp)?;
        let max = round_trips.iter().copied().max_by(f64::total_cmp)?;
        let avg = mean(&mut round_trips.iter().copied());
        let spread = (round_trips.len() > 1).then(|| {
            let variance = mean(&mut round_trips.iter().map(|value| (value - avg).powi(2)));
            let jitter = mean(&mut round_trips.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
            (variance.sqrt(), jitter)
        });
        Some(Self { min, avg, max, spread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> Packet {
        let round_trip = Duration::from_millis(millis);
        Packet::Answered { round_trip, hop_limit: Some(60) }
    }

    #[test]
    fn sums_up_what_came() {
        let packets = [after(10), Packet::Lost, after(30), Packet::Waiting, after(20)];
        let tally = Tally::of(&packets);
        assert_eq!((tally.sent, tally.received), (5, 3));
        assert!((tally.loss() - 0.4).abs() < 1e-9);
        let rtt = tally.rtt.unwrap();
        let (deviation, jitter) = rtt.spread.unwrap();
        for (got, wanted) in [
            (rtt.min, 0.010),
            (rtt.avg, 0.020),
            (rtt.max, 0.030),
            (deviation, 0.008_164_966),
            (jitter, 0.015),
        ] {
            assert!((got - wanted).abs() < 1e-9, "{got} {wanted}");
        }
        let mut facts = Vec::new();
        tally.facts(&mut facts);
        assert_eq!(facts.len(), 9);
        assert!(tally.reached().is_ok());
    }

    #[test]
    fn one_reply_has_no_spread_and_none_has_no_rtt() {
        assert_eq!(Tally::of(&[after(5)]).rtt.unwrap().spread, None);
        let nothing = Tally::of(&[Packet::Waiting, Packet::Unsent]);
        assert_eq!((nothing.sent, nothing.rtt), (1, None));
        let failure = nothing.reached().unwrap_err();
        assert_eq!(failure.reason, Reason::IcmpNoReply);
    }

    #[test]
    fn without_any_reply_the_first_failure_speaks() {
        let failed = |reason| Packet::Failed(Failure::new(reason, "why"));
        let both = [Packet::Lost, failed(Reason::IcmpTooBig), failed(Reason::IcmpPermission)];
        assert_eq!(Tally::of(&both).reached().unwrap_err().reason, Reason::IcmpTooBig);
        let one_reply = [failed(Reason::IcmpPermission), after(1)];
        assert!(Tally::of(&one_reply).reached().is_ok());
        assert!((Tally::of(&one_reply).loss() - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_run_cut_short_is_told() {
        let failure = Tally::of(&[after(1), Packet::Unsent]).reached().unwrap_err();
        assert_eq!(failure.reason, Reason::DeadlineExceeded);
        assert!(failure.detail.starts_with("only 1 of 2"), "{}", failure.detail);
    }
}
