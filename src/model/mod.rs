//! The nouns every stage speaks.
//!
//! Contract: plain data. No I/O, no async, no reading of clocks. A stage hands these values to the next one through a
//! channel, so everything here is cheap to clone and safe to keep.

mod check;
mod desc;
mod diagnostic;
mod duration;
mod histogram;
mod labels;
mod outcome;
mod phase;
mod reason;
mod secret;
pub mod sensitive;
mod size;
pub mod suggest;
mod transition;

pub use check::{
    Addresses, CheckId, CheckSettings, Flapping, IpProtocol, Override, SettingsChange, Slo,
    Threshold, Warn, WarnMetric,
};
pub use desc::{Desc, MetricKind, Sink};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use duration::{ParseDurationError, PromDuration};
pub use histogram::{Histogram, NativeBuckets};
pub use labels::{LabelSet, Labels, escape_into};
pub use outcome::{Expectation, Fact, Failure, Observation, Outcome, Trace, Verdict};
pub use phase::{Phase, Phases};
pub use reason::{Explanation, Reason};
pub use secret::Secret;
pub use size::ByteSize;
pub use transition::{BaseState, Overlays, Pace, Transition};
