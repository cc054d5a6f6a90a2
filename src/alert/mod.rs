//! Alerts in, routed and grouped; at each flush inhibited, muted, silenced, deduplicated: notices out.
//!
//! Contract: pure functions over state with the time passed in. Every step returns what must be on disk
//! ([`Record`](crate::model::Record)s) beside what it lets go (notices and answers); it sends nothing and reads no clock.

pub mod filter;
mod handle;
mod index;
pub mod inhibit;
pub mod interval;
mod run;
pub mod silences;
mod snapshot;
pub mod spec;
mod step;

pub use handle::{CallError, Handle, Inbox, channel};
pub use run::{OfferNotice, OfferPush, Outputs, run};
pub use silences::{DraftMatcher, SilenceDraft, SilenceError};
pub use snapshot::{AlertView, GroupView, Snapshot};
pub use spec::{Config, Options};
pub use step::{Effects, Input, InvalidAlerts, PostedAlert, Reply};

/// Placeholder until the pipeline is in.
#[derive(Debug)]
pub struct Pipeline {}
