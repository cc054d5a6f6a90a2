//! Slack, and what speaks its incoming webhooks.
//!
//! Contract: an answer of 200 that says `ok: false` is a failure; what is too long is cut, never refused.

mod spec;

pub use spec::{Action, Confirmation, Field, Spec, Strategy};
