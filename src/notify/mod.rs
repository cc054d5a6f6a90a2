//! Delivers a notice to a receiver's integration: one file per provider.
//!
//! Contract: a provider makes one attempt and says Delivered, Retry or Refused; retries, rates and circuit breakers live
//! in one place for all of them. It never logs or returns a secret.

pub mod spec;
pub mod template;
