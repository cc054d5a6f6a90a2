//! The nouns every stage speaks.
//!
//! Contract: plain data. No I/O, no async, no reading of clocks. A stage hands these values to the next one through a
//! channel, so everything here is cheap to clone and safe to keep.

mod alert;
mod check;
mod delivery;
mod desc;
mod diagnostic;
mod duration;
pub mod go_duration;
mod grpc_status;
mod histogram;
mod labels;
pub mod matcher;
mod notice;
mod outcome;
mod pairs;
mod phase;
mod problem;
mod push;
mod reason;
mod record;
mod secret;
pub mod sensitive;
mod silence;
mod size;
pub mod suggest;
mod transition;
mod window;

pub use alert::{Alert, AlertSource, Fingerprint};
pub use check::{
    Addresses, CheckId, CheckSettings, Flapping, IpProtocol, Override, SettingsChange, Slo,
    Threshold, Warn, WarnMetric, WhoTells,
};
pub use delivery::{Delivery, DeliveryResult, SendFailure, SendReason};
pub use desc::{Desc, MetricKind, Sink};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use duration::{ParseDurationError, PromDuration};
pub use grpc_status::GRPC_STATUSES;
pub use histogram::{Histogram, NativeBuckets};
pub use labels::{LabelSet, LabelUse, Labels, escape_into};
pub use matcher::{MatchOp, Matcher};
pub use notice::{Handle, Lane, Notice, NoticeAlert, NoticeReason, Notified, Tried, Withdrawn};
pub use outcome::{Expectation, Fact, Failure, Observation, Outcome, Trace, Verdict};
pub use pairs::{Fnv, Form, Pairs};
pub use phase::{Phase, Phases};
pub use problem::Problem;
pub use push::{PushAlert, PushBatch};
pub use reason::{Explanation, Reason};
pub use record::{CheckState, Commit, CommitError, Incident, Record, Release, Restored};
pub use secret::Secret;
pub use silence::{Silence, SilenceId, SilenceState};
pub use size::ByteSize;
pub use transition::{BaseState, Overlays, Pace, Transition};
pub use window::{MaintenanceWindow, Recurrence, WindowError};
