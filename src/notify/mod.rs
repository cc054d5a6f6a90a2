//! Delivers a notice to a receiver's integration: one file per provider.
//!
//! Contract: a provider makes one attempt and says Delivered, Retry or Refused; retries, rates and circuit breakers live
//! in [`retry`], in one place for all of them. Nothing here logs or returns a secret, a secret URL included. One more
//! provider is one more file, one `mod` line and one line in `providers!` below.

mod alertmanager;
mod deadman;
mod email;
mod provider;
mod secret;
mod slack;
pub mod spec;
mod telegram;
pub mod template;
mod unbuilt;
mod webhook;

pub use provider::{PROVIDERS, Provider, ProviderKind};
