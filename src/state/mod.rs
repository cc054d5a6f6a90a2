//! The single writer of truth about checks.
//!
//! Contract: observations and settings come in, one at a time; each check's [`View`] is replaced as a whole, so a reader
//! never waits and never sees half a change; every change of state or overlay goes out as one
//! [`Transition`](crate::model::Transition).

mod view;

pub use view::{Counters, Slot, View, Views};
