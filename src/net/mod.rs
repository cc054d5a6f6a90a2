//! Opens connections, says how long each part took and why one failed.
//!
//! Contract: every function takes the [`Attempt`] it works for, keeps its deadline, notes its phases and returns typed
//! [`Failure`](crate::model::Failure)s. Nothing here knows what a check is.

mod attempt;
pub mod credential;
pub mod dial;
pub mod file;
pub mod http;
pub mod kubernetes;
pub mod ping;
pub mod resolve;
pub mod socks;
pub mod spec;
pub mod tls;
pub mod web;
pub mod zone;

use std::sync::Arc;

pub use attempt::Attempt;

/// A host and a port; the port is 0 where the protocol has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address literal.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What all connections of a process share: resolvers, TLS configurations, ping sockets. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    resolver: resolve::Resolver,
    tls: tls::Clients,
    ping: ping::Sockets,
}

impl Net {
    /// Prepares what is shared. Opens nothing yet.
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                resolver: resolve::Resolver::new(),
                tls: tls::Clients::new(),
                ping: ping::Sockets::default(),
            }),
        }
    }

    /// Names to addresses.
    pub fn resolver(&self) -> &resolve::Resolver {
        &self.inner.resolver
    }

    /// TLS configurations, built once per set of options.
    pub fn tls(&self) -> &tls::Clients {
        &self.inner.tls
    }

    /// ICMP sockets, opened at first use.
    pub fn ping(&self) -> &ping::Sockets {
        &self.inner.ping
    }
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}
