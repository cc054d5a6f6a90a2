//! Alerts in, routed and grouped; at each flush inhibited, muted, silenced, deduplicated: notices out.
//!
//! Contract: pure functions over state with the time passed in. Every step returns what must be on disk
//! ([`Record`](crate::model::Record)s) beside what it lets go (notices and answers); it sends nothing and reads no clock.

pub mod filter;
mod index;
pub mod inhibit;
pub mod interval;
pub mod silences;
pub mod spec;
