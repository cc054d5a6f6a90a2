//! Delivers a notice to a receiver's integration: one file per provider.
//!
//! Contract: a provider makes one attempt and says Delivered, Retry or Refused; retries, rates and circuit breakers live
//! in `retry`, in one place for all of them. Nothing here logs or returns a secret, a secret URL included. One more
//! provider is one more file, one `mod` line and one line in `providers!` (`provider.rs`).
//!
//! The story: [`Handle::offer`] puts a notice into its integration's queue; the integration's `worker` tries it when `retry`
//! lets it, and tells what came of each attempt as a [`Delivery`](crate::model::Delivery).

mod alertmanager;
mod answer;
mod crash;
mod deadman;
mod email;
mod json;
mod limit;
mod masked;
mod message;
mod metrics;
mod mistakes;
mod once;
mod provider;
mod retry;
mod retry_after;
mod runtime;
mod secret;
mod setback;
mod slack;
pub mod spec;
mod telegram;
pub mod template;
#[cfg(test)]
mod testing;
mod unbuilt;
mod unusable;
mod webhook;
mod worker;

pub use alertmanager::Metrics as PushMetrics;
pub use deadman::Metrics as DeadmanMetrics;
pub use metrics::Metrics;
pub use once::once;
pub use provider::{PROVIDERS, Provider, ProviderKind};
pub use runtime::{Alive, Handle, Inbox, Parts, Setup, channel, run};
