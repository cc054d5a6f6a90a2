//! Echo requests: whether the host answers, how fast, how steadily, and how many requests get lost.
//!
//! Contract: all checks with the same options share one socket (`net::ping`); the phase `connect` is the opening of it,
//! near nothing for all but the first, and `wait` is from the first packet to the last reply. A packet without a reply is a lost one,
//! whatever became of it; only where no reply at all came is the first thing that went wrong the reason.

mod expect;
mod tally;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use self::{
    expect::Expect,
    tally::{Packet, Tally},
};
use super::{Aim, Described, Endpoint, Probe, Problem, Run};
use crate::{
    clock,
    model::{Desc, Fact, Failure, Phase, PromDuration, Reason},
    net::{
        ping::{Key, Socket},
        zone,
    },
};

/// Echo requests to a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The host: a name or an address.
    #[serde(deserialize_with = "host")]
    pub host: String,
    /// How many packets a run sends, 1 to 1000. One, the default, makes the run as long as the round trip; loss and
    /// jitter need more.
    #[serde(default = "one", deserialize_with = "count")]
    #[schemars(range(min = 1, max = 1000))]
    pub count: u16,
    /// The time between two packets; replies are not waited for in between. At least 10ms.
    #[serde(default = "default_gap")]
    pub gap: PromDuration,
    /// Bytes of payload, 0 to 65507. A reply has to bring the payload back as it was sent.
    #[serde(default = "default_size", deserialize_with = "size")]
    #[schemars(range(min = 0, max = 65507))]
    pub size: u16,
    /// What the payload begins with, cut off at `size` or filled up with zeros. Without it the bytes count up from 0, as
    /// with ping(8). blackbox_exporter sends `Prometheus Blackbox Exporter`, by default its 28 bytes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The TTL, in IPv6 the hop limit, of the packets: 1 to 255, or 0 for the system's own default.
    #[serde(default = "default_ttl", deserialize_with = "ttl")]
    #[schemars(range(min = 0, max = 255))]
    pub ttl: u8,
    /// Whether a packet larger than the path permits is a failure instead of being cut in fragments: IPv4's
    /// don't-fragment bit, and the same for IPv6. Works on both kinds of sockets.
    #[serde(default)]
    pub dont_fragment: bool,
    /// After this time a packet counts as lost, even if its reply still comes; without it only the check's timeout ends
    /// the wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_timeout: Option<PromDuration>,
    /// What is expected beyond a single reply.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
}

/// The most packets of one run.
const MAX_COUNT: u16 = 1000;
/// What fits an IPv4 packet behind its headers.
const MAX_SIZE: u16 = 65_507;
/// Faster than this a check would be a flood.
const MIN_GAP: Duration = Duration::from_millis(10);

fn one() -> u16 {
    1
}

fn default_gap() -> PromDuration {
    PromDuration(Duration::from_millis(200))
}

/// As ping(8) has it.
fn default_size() -> u16 {
    56
}

fn default_ttl() -> u8 {
    64
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    host_of(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn host_of(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if zone::bare(bare) != bare {
        return Ok(bare.to_owned());
    }
    let literal = bare.parse::<IpAddr>();
    let name = !text.is_empty() && !text.contains(['/', ':', '@', '[', ']', ' ']);
    match (literal, name) {
        (Ok(address), _) => Ok(address.to_string()),
        (Err(_), true) => Ok(text.to_owned()),
        (Err(_), false) => Err(format!(
            "`{text}` is neither a host name nor an address; a ping has no scheme and no port"
        )),
    }
}

fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    bounds: std::ops::RangeInclusive<u16>,
) -> Result<u16, D::Error> {
    let number = i64::deserialize(deserializer)?;
    u16::try_from(number).ok().filter(|number| bounds.contains(number)).ok_or_else(|| {
        let (min, max) = bounds.into_inner();
        de::Error::custom(format!("{number} is out of bounds: it is {min} to {max}"))
    })
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    within(deserializer, 1..=MAX_COUNT)
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    within(deserializer, 0..=MAX_SIZE)
}

fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let ttl = within(deserializer, 0..=u8::MAX.into())?;
    u8::try_from(ttl).map_err(de::Error::custom)
}

static SOCKET: Desc =
    Desc::gauge("noroshi_icmp_socket_info", "The kind of socket the packets went through.")
        .labels(&["socket"])
        .internal();

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.host.clone()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint { host: self.host.clone(), port: 0 })
    }

    fn least_duration(&self) -> Duration {
        self.gap.0.saturating_mul(u32::from(self.count.saturating_sub(1)))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.expect.problems(self.count);
        if self.gap.0 < MIN_GAP && self.count > 1 {
            problems.push(Problem {
                path: "gap".into(),
                message: format!("{} between two packets is too short", self.gap),
                hint: Some("it is at least 10ms".into()),
            });
        }
        problems
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        Ok(super::Spec::Icmp(Self { host: host_of(aim.target)?, ..self.clone() }))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "icmp";
    const SUMMARY: &'static str = "ICMP echo (ping): reachability, round trip, jitter, loss";
    const TARGET_KEY: &'static str = "host";
    const EXAMPLE: &'static str = r#"icmp.host = "192.0.2.1"
icmp.count = 5
icmp.expect = { loss = 0.2, rtt = "100ms" }"#;
    const REASONS: &'static [Reason] = &[
        Reason::IcmpNoReply,
        Reason::IcmpLoss,
        Reason::IcmpJitter,
        Reason::LatencyExceeded,
        Reason::IcmpTimeExceeded,
        Reason::IcmpTooBig,
        Reason::IcmpPermission,
    ];
    const FAMILIES: &'static [&'static Desc] = &[
        &tally::RTT_MIN,
        &tally::RTT_AVG,
        &tally::RTT_MAX,
        &tally::RTT_STDDEV,
        &tally::JITTER,
        &tally::LOSS,
        &tally::SENT,
        &tally::RECEIVED,
        &tally::HOP_LIMIT,
        &SOCKET,
    ];

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let key = Key {
            ipv6: to.is_ipv6(),
            source: run.settings.source_address,
            ttl: self.ttl,
            dont_fragment: self.dont_fragment,
        };
        let sockets = run.net.ping();
        let socket = run.attempt.phase(Phase::Connect, async { sockets.get(key) }).await?;
        let kind = socket.kind().word();
        run.facts.push(Fact::labelled(&SOCKET, [kind], 1.0));
        run.attempt.step(|| format!("sending {} packets through a {kind} socket", self.count));

        let mut packets = vec![Packet::default(); usize::from(self.count)];
        let deadline = run.attempt.deadline().saturating_duration_since(clock::Instant::now());
        let patience = self.packet_timeout.map_or(deadline, |own| own.0.min(deadline));
        let work = self.exchange(&socket, to, patience, &mut packets);
        // The deadline ends the wait, not the run: what has no reply by then is lost.
        let _ = run.attempt.phase(Phase::Wait, work).await;

        for (at, packet) in packets.iter().enumerate() {
            run.attempt.step(|| format!("packet {}: {packet}", at + 1));
        }
        let tally = Tally::of(&packets);
        tally.facts(&mut run.facts);
        tally.reached()?;
        self.expect.judge(&tally, &mut run.attempt.trace)
    }
}

impl Spec {
    fn payload(&self) -> Arc<[u8]> {
        let size = usize::from(self.size);
        match &self.payload {
            None => (0..=u8::MAX).cycle().take(size).collect(),
            Some(text) => text.bytes().chain(std::iter::repeat(0)).take(size).collect(),
        }
    }

    /// Sends each packet in its turn and notes what came of it, so that nothing known is lost when this is dropped.
    async fn exchange(
        &self,
        socket: &Socket,
        to: SocketAddr,
        patience: Duration,
        packets: &mut [Packet],
    ) -> Result<(), Failure> {
        let payload = &self.payload();
        let each = (0_u32..).zip(packets).map(|(at, packet)| async move {
            if at > 0 {
                clock::sleep(self.gap.0 * at).await;
            }
            *packet = Packet::Waiting;
            *packet = match socket.ping(to, payload, patience).await {
                Ok(Some(reply)) => reply.into(),
                Ok(None) => Packet::Lost,
                Err(failure) => Packet::Failed(failure),
            };
        });
        join_all(each).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
