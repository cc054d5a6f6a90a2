//! Pushes our own alerts to real Alertmanagers.
//!
//! Contract: each target has a queue of its own; a target that is down costs no other anything.

pub(super) mod spec;
