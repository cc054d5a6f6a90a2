//! Slack, and what speaks its incoming webhooks.
//!
//! Contract: an answer of 200 that says `ok: false` is a failure; what is too long is cut, never refused. The story:
//! [`attachment`] is what is said, [`conversation`] says it as new, in place or in a thread, [`verdict`] reads the answer.

mod attachment;
mod conversation;
mod spec;
#[cfg(test)]
mod tests;
mod verdict;

pub use spec::{Action, Confirmation, Field, Spec, Strategy};
