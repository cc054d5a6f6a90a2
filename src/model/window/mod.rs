//! Planned maintenance: when it is.
//!
//! Contract: pure; the time is given, and every answer is found in bounded time, whatever the rule. The crate `rrule` is
//! named in `recurrence` alone: it knows no zone here, it counts on the wall clock, and jiff looks its times up.

mod parts;
mod recurrence;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

pub use self::recurrence::Recurrence;

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
    Recurring(Recurrence),
}

/// Why a window cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It would be over before it begins.
    #[error("it must end after it begins")]
    Empty,
    /// The duration is none that can be.
    #[error("the duration must be more than zero and at most 366 days")]
    Duration,
    /// The zone is not in the database.
    #[error("`{0}` is no time zone of the IANA database, such as `Europe/Berlin`")]
    TimeZone(String),
    /// The rule cannot be read, or not be followed.
    #[error("{0}")]
    Rule(String),
}

impl MaintenanceWindow {
    /// A window that is once.
    ///
    /// # Errors
    /// When it would end before it begins.
    pub fn fixed(starts_at: Timestamp, ends_at: Timestamp) -> Result<Self, WindowError> {
        if ends_at <= starts_at {
            return Err(WindowError::Empty);
        }
        Ok(Self::Fixed { starts_at, ends_at })
    }

    /// A window that comes again; see [`Recurrence::new`].
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn recurring(rule: &str, zone: &str, duration: Duration) -> Result<Self, WindowError> {
        Recurrence::new(rule, zone, duration).map(Self::Recurring)
    }

    /// Beginning and end of the occurrence that `now` is in; of several the one that began last.
    pub fn occurrence_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Fixed { starts_at, ends_at } => {
                (*starts_at <= now && now < *ends_at).then_some((*starts_at, *ends_at))
            }
            Self::Recurring(recurrence) => recurrence.occurrence_at(now),
        }
    }

    /// Beginning and end of the first occurrence that begins after `now`.
    pub fn next_after(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Fixed { starts_at, ends_at } => {
                (now < *starts_at).then_some((*starts_at, *ends_at))
            }
            Self::Recurring(recurrence) => recurrence.next_after(now),
        }
    }
}
