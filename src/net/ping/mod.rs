//! ICMP echo over shared sockets: one per family, source, TTL and don't-fragment bit, whatever the number of hosts.
//!
//! Contract: [`Sockets::get`] opens a socket at its first use, a datagram one where the kernel permits it and a raw one
//! else, and says exactly what is missing where it permits neither. [`Socket::ping`] sends one echo request and gives
//! back what came for it, and nothing that came for anybody else. Sockets that nobody uses are closed, and one that
//! has gone deaf is replaced.
//!
//! surge-ping carries the packets. What it leaves open is closed here: it numbers nothing, so [`Socket`] hands out the
//! sequence numbers; its receive loop may die or spin on a broken socket without telling anybody, so a socket without
//! an answer for long is opened anew (dropping the old client ends its loop); and a raw socket hears all ICMP of the
//! machine, so a filter in the kernel lets only what may be ours through.

mod native;
mod open;
mod reply;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use surge_ping::{Client, PingIdentifier, PingSequence, SurgeError};

pub use reply::Reply;

use crate::{
    clock::Instant,
    model::{Failure, Reason},
};

/// What distinguishes one socket from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whether it speaks ICMPv6.
    pub ipv6: bool,
    /// The address it is bound to.
    pub source: Option<IpAddr>,
    /// The TTL or hop limit of what it sends.
    pub ttl: u8,
    /// Whether packets larger than the path permits are refused instead of cut.
    pub dont_fragment: bool,
}

/// Which of the two kinds of sockets the kernel permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketKind {
    /// Unprivileged; the kernel owns the identifier. Errors from routers are not heard.
    Datagram,
    /// Needs CAP_NET_RAW.
    Raw,
}

impl SocketKind {
    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Datagram => "datagram",
            Self::Raw => "raw",
        }
    }
}

/// The ping sockets of a process.
#[derive(Default)]
pub struct Sockets {
    open: Mutex<HashMap<Key, Arc<Socket>>>,
}

/// So long may a socket be unused before the opening of another closes it.
const IDLE: Duration = Duration::from_mins(10);

impl Sockets {
    /// The socket for a key, opened if need be. Must be called within a runtime that lives as long as the socket.
    ///
    /// # Errors
    /// `icmp_permission`, `local_address`, `local_resources`, `connect_unreachable`.
    pub fn get(&self, key: Key) -> Result<Arc<Socket>, Failure> {
        let mut open = self.open.lock();
        if let Some(socket) = open.get(&key).filter(|socket| !socket.seems_deaf()) {
            *socket.used.lock() = Instant::now();
            return Ok(Arc::clone(socket));
        }
        open.retain(|_, socket| socket.used.lock().elapsed() < IDLE);
        let taken: Vec<u16> = open.values().map(|socket| socket.identifier.0).collect();
        let socket = Arc::new(open::socket(key, &taken)?);
        open.insert(key, Arc::clone(&socket));
        Ok(socket)
    }

    /// The kinds of the sockets that are open, for a self-metric.
    pub fn kinds(&self) -> Vec<(Key, SocketKind)> {
        self.open.lock().iter().map(|(key, socket)| (*key, socket.kind)).collect()
    }
}

/// An open socket, shared by all who ping with the same options.
pub struct Socket {
    client: Client,
    kind: SocketKind,
    /// Ours alone on a raw socket; the kernel's on a datagram socket, where this one is not sent.
    identifier: PingIdentifier,
    next: AtomicU16,
    used: Mutex<Instant>,
    /// When the last answer came; at first, when it was opened.
    heard: Mutex<Instant>,
    /// Requests without an answer since the last answer.
    silent: AtomicU32,
}

/// So many requests in a row without any answer, over so long a time, and a socket is suspect.
const SUSPECT_AFTER: (u32, Duration) = (32, Duration::from_secs(30));

/// How many numbers in flight to the same address are skipped before we give up; never met below 65,536 in flight.
const NUMBERS_TRIED: usize = 64;

impl Socket {
    /// The kind the kernel permitted.
    pub fn kind(&self) -> SocketKind {
        self.kind
    }

    /// Sends one echo request and waits for what comes for it, up to `patience`; `None` when nothing came. Safe to
    /// drop at any time.
    ///
    /// # Errors
    /// Where it could not be sent: `icmp_too_big`, `icmp_permission`, `connect_unreachable`, `local_resources`.
    pub async fn ping(
        &self,
        to: IpAddr,
        payload: &[u8],
        patience: Duration,
    ) -> Result<Option<Reply>, Failure> {
        // Counted before the answer, so that a request whose caller loses patience is counted too.
        self.silent.fetch_add(1, Ordering::Relaxed);
        let mut pinger = self.client.pinger(to, self.identifier).await;
        pinger.timeout(patience);
        for _ in 0..NUMBERS_TRIED {
            let number = PingSequence(self.next.fetch_add(1, Ordering::Relaxed));
            let begun = Instant::now();
            return match pinger.ping(number, payload).await {
                Ok((packet, took)) => {
                    self.silent.store(0, Ordering::Relaxed);
                    *self.heard.lock() = Instant::now();
                    // surge-ping's clock starts after the packet has left; on loopback the answer can be there before.
                    let took = if took.is_zero() { begun.elapsed() } else { took };
                    Ok(Some(Reply::of(&packet, took)))
                }
                Err(SurgeError::IdenticalRequests { .. }) => continue,
                Err(SurgeError::Timeout { .. }) => Ok(None),
                Err(SurgeError::IOError(error)) => Err(open::unsent(to, self.kind, &error)),
                Err(other) => Err(Failure::new(Reason::LocalResources, other.to_string())),
            };
        }
        Err(Failure::new(Reason::LocalResources, format!("too many requests to {to} in flight")))
    }

    /// Makes the kernel drop all that comes, so that no request is answered.
    #[cfg(test)]
    pub(crate) fn deafen(&self) {
        native::hear(&self.client, &[native::drop_all()]);
    }

    fn seems_deaf(&self) -> bool {
        self.silent.load(Ordering::Relaxed) >= SUSPECT_AFTER.0
            && self.heard.lock().elapsed() >= SUSPECT_AFTER.1
    }
}
