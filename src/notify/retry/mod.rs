//! When a notice is tried: the one retry stage of all providers.
//!
//! Contract: pure over time that is passed in. [`Lanes`] keep notices of one group and integration in order and let a newer
//! one replace a waiting older one; a [`Gate`] says when an integration may be spoken to at all: its budget, its circuit
//! breaker, and what it asked for itself; [`backoff`] says how long after a failure.

mod backoff;
mod breaker;
mod bucket;
mod budget;
mod gate;
mod lanes;

pub(super) use backoff::backoff;
pub(super) use budget::Budget;
pub(super) use gate::{Ended, Gate};
pub(super) use lanes::{Lanes, Pending};
