//! Whole clusters: Kubernetes objects as series.
//!
//! Contract: a collector for each resource keeps what its series show of each object, and nothing else; a list never
//! empties it, it swaps generations. Readers take snapshots and never wait for a writer's work. One object that cannot be
//! read hides no other, one collector that fails touches no other, and neither does one cluster.

mod admission;
mod amount;
mod checks;
mod collector;
mod condition;
mod cron;
mod events;
mod family;
mod filter;
mod health;
mod keys;
mod kind;
pub mod kinds;
mod object;
mod own;
mod pool;
mod profile;
mod quantity;
pub mod rights;
mod rows;
pub mod rules;
mod server;
mod shard;
mod share;
mod snapshot;
pub mod spec;
mod watch;
mod watched;
mod wire;

pub use checks::{Finish, Telling};
pub use collector::{Collector, Keeper, Malformed, Seen};
pub use events::Event;
pub use family::{Info, Stability};
pub use health::{Health, Record};
pub use kind::{Entry, Resource, Shown};
pub use server::{ApiServer, Server};
pub use snapshot::Snapshot;
pub use watch::Why;
pub use watched::{Member, Watched};
