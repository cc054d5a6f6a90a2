use std::time::Duration;

use jiff::Timestamp;

/// When maintenance is: once, or again and again.
#[derive(Debug, Clone, PartialEq)]
pub enum MaintenanceWindow {
    /// From one moment to another.
    Fixed {
        /// When it begins.
        starts_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
    },
    /// At each occurrence of a rule, for a while.
    Recurring {
        /// `DTSTART` and `RRULE` of RFC 5545, checked.
        rule: String,
        /// The time zone the rule is meant in, as IANA names it.
        time_zone: String,
        /// How long each occurrence lasts.
        duration: Duration,
    },
}
