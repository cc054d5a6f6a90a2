//! ICMP echo over shared sockets: one per family, source, TTL and don't-fragment bit, whatever the number of hosts.
//!
//! Contract: [`Sockets::get`] opens a socket at its first use, a datagram one where the kernel permits it and a raw one
//! else, and says exactly what is missing where it permits neither. [`Socket::ping`] sends one echo request and gives
//! back what came for it, and nothing that came for anybody else. Sockets that nobody uses are closed, and one that
//! has gone deaf is replaced.
//!
//! Answers are told apart by the address they come from, the socket's identifier, their number and their payload. The
//! identifier is the kernel's on a datagram socket; on a raw one, which hears all ICMP of the machine, it is random and
//! a filter in the kernel lets only what may be ours through.

mod filter;
mod open;
mod packet;
mod reply;
#[cfg(test)]
mod tests;
mod waiting;
mod wire;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::task::JoinHandle;

pub use reply::Reply;

use crate::{
    clock::{self, Instant},
    model::{Failure, Reason},
};
use waiting::{Arrival, Place};
use wire::Wire;

/// What distinguishes one socket from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whether it speaks ICMPv6.
    pub ipv6: bool,
    /// The address it is bound to.
    pub source: Option<IpAddr>,
    /// The TTL or hop limit of what it sends; 0 leaves the system's.
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
        let taken: Vec<u16> = open.values().map(|socket| socket.wire.identifier).collect();
        let (wire, kind) = open::socket(key, &taken)?;
        let socket = Arc::new(Socket::new(wire, kind));
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
    wire: Arc<Wire>,
    listener: JoinHandle<()>,
    kind: SocketKind,
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

/// With more than this in flight, who sends takes answers too.
const CROWD: usize = 64;

impl Socket {
    fn new(wire: Wire, kind: SocketKind) -> Self {
        let wire = Arc::new(wire);
        let own = Arc::clone(&wire);
        Self {
            wire,
            listener: tokio::spawn(async move { own.listen().await }),
            kind,
            next: AtomicU16::new(0),
            used: Mutex::new(Instant::now()),
            heard: Mutex::new(Instant::now()),
            silent: AtomicU32::new(0),
        }
    }

    /// The kind the kernel permitted.
    pub fn kind(&self) -> SocketKind {
        self.kind
    }

    /// Sends one echo request, whose port is nothing, and waits for what comes for it, up to `patience`; `None` when nothing came. Safe to
    /// drop at any time.
    ///
    /// # Errors
    /// Where it could not be sent: `icmp_too_big`, `icmp_permission`, `connect_unreachable`, `local_resources`.
    pub async fn ping(
        &self,
        to: SocketAddr,
        payload: &Arc<[u8]>,
        patience: Duration,
    ) -> Result<Option<Reply>, Failure> {
        // Counted before the answer, so that a request whose caller loses patience is counted too.
        self.silent.fetch_add(1, Ordering::Relaxed);
        let (number, mut place) = self.place(to.ip(), payload)?;
        let packet = packet::request(to.is_ipv6(), self.wire.identifier, number, payload);
        let begun = Instant::now();
        let exchange = async {
            let sent = self.wire.send(&packet, to).await;
            sent.map_err(|error| open::unsent(to.ip(), self.kind, &error))?;
            if self.wire.table.len() > CROWD {
                // What is wrong with the socket is the listener's to notice.
                let _ = self.wire.drain();
            }
            Ok(place.arrival().await)
        };
        match clock::timeout_at(begun + patience, exchange).await {
            Ok(arrival) => Ok(Some(self.reply(arrival?, begun))),
            Err(_) => Ok(place.give_up().map(Reply::Undelivered)),
        }
    }

    fn reply(&self, Arrival { at, result }: Arrival, begun: Instant) -> Reply {
        self.silent.store(0, Ordering::Relaxed);
        *self.heard.lock() = at;
        match result {
            Ok(hop_limit) => Reply::Echo { round_trip: at.duration_since(begun), hop_limit },
            Err(failure) => Reply::Undelivered(failure),
        }
    }

    /// A number that is not in flight to this address.
    fn place(&self, to: IpAddr, payload: &Arc<[u8]>) -> Result<(u16, Place<'_>), Failure> {
        for _ in 0..NUMBERS_TRIED {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if let Some(place) = self.wire.table.wait(to, number, payload) {
                return Ok((number, place));
            }
        }
        Err(Failure::new(Reason::LocalResources, format!("too many requests to {to} in flight")))
    }

    /// Makes the kernel drop all that comes, so that no request is answered.
    #[cfg(test)]
    pub(crate) fn deafen(&self) {
        self.hear(&[filter::drop_all()]);
    }

    /// Replaces the filter.
    #[cfg(test)]
    fn hear(&self, program: &[socket2::SockFilter]) {
        self.wire.socket().attach_filter(program).unwrap();
    }

    fn seems_deaf(&self) -> bool {
        self.silent.load(Ordering::Relaxed) >= SUSPECT_AFTER.0
            && self.heard.lock().elapsed() >= SUSPECT_AFTER.1
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
