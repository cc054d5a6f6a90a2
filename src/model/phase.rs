use std::time::Duration;

use super::Reason;

/// A part of a probe's time. One vocabulary for every kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Resolving the name of the target.
    Dns,
    /// Opening the connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Writing the request.
    Send,
    /// From the request's last byte to the answer's first.
    Wait,
    /// Reading the rest of the answer.
    Receive,
}

impl Phase {
    /// Every phase, in the order in which a probe passes them.
    pub const ALL: [Self; 6] =
        [Self::Dns, Self::Connect, Self::Tls, Self::Send, Self::Wait, Self::Receive];

    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Receive => "receive",
        }
    }

    /// What a probe failed of whose deadline passed in this phase.
    pub const fn timeout(self) -> Reason {
        match self {
            Self::Dns => Reason::DnsTimeout,
            Self::Connect => Reason::ConnectTimeout,
            Self::Tls => Reason::TlsTimeout,
            Self::Send => Reason::SendTimeout,
            Self::Wait => Reason::WaitTimeout,
            Self::Receive => Reason::ReceiveTimeout,
        }
    }
}

/// Time spent per phase; a phase that was passed twice (a redirect, a second address) holds the sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases([Option<Duration>; 6]);

impl Phases {
    /// Adds to a phase.
    pub fn add(&mut self, phase: Phase, took: Duration) {
        let slot = &mut self.0[phase as usize];
        *slot = Some(slot.unwrap_or_default() + took);
    }

    /// The time of one phase; `None` where the probe never came to it.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        self.0[phase as usize]
    }

    /// The phases that were entered, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        Phase::ALL.into_iter().filter_map(|phase| Some((phase, self.of(phase)?)))
    }
}
