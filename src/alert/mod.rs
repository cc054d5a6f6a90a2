//! Alerts in, routed and grouped; at each flush inhibited, muted, silenced, deduplicated: notices out.
//!
//! Contract: pure functions over state with the time passed in. Every step returns what must be on disk
//! ([`Record`](crate::model::Record)s) beside what it lets go (notices and answers); it sends nothing and reads no clock.
//! [`Pipeline`] is the state, [`run`] the one task that owns it, [`Handle`] how others speak with that task.

mod arrival;
mod calendar;
mod checks;
mod dedup;
pub mod filter;
mod flaps;
mod flush;
mod forms;
mod groups;
mod handle;
mod housekeeping;
mod index;
mod ingest;
pub mod inhibit;
pub mod interval;
mod lanes;
mod membership;
mod metrics;
mod order;
mod pipeline;
mod pushes;
mod rate_limit;
mod reload;
mod restart;
mod routes;
mod run;
pub mod silences;
mod slab;
mod snapshot;
pub mod spec;
mod stages;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use handle::{CallError, Handle, Inbox, channel};
pub use metrics::{Hides, Metrics, Withheld};
pub use pipeline::Pipeline;
pub use routes::receivers_of;
pub use run::{OfferNotice, OfferPush, OfferWithdrawn, Outputs, run};
pub use silences::{DraftMatcher, SilenceDraft, SilenceError, silence_matchers};
pub use snapshot::{AlertView, GroupView, Snapshot};
pub use spec::{Config, Options};
pub use step::{Effects, Input, InvalidAlerts, PostedAlert, Reply};
