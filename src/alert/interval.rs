//! Time intervals: when a route is muted or active.

/// One entry of a `time_intervals` list; the alert stage's author fills it in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeInterval {}
