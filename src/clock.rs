//! The only place that reads time.
//!
//! Two kinds of time: [`Instant`] for deadlines and durations, which a test pauses with `tokio::time::pause`, and
//! [`Clock::now`] for the calendar. A [`Clock::anchored`] clock derives the calendar from `Instant`, so that a paused
//! test moves both together; [`Clock::system`] follows the machine's clock, jumps included.

use std::{sync::OnceLock, time::Duration};

use jiff::{SignedDuration, Timestamp};
pub use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout_at};

/// Reads the calendar. Cheap to copy; handed to every stage that needs it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    anchor: Option<(Timestamp, Instant)>,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self { anchor: None }
    }

    /// A clock that shows `at` now and runs with [`Instant`].
    pub fn anchored(at: Timestamp) -> Self {
        Self { anchor: Some((at, Instant::now())) }
    }

    /// What the calendar shows.
    pub fn now(self) -> Timestamp {
        match self.anchor {
            None => Timestamp::now(),
            Some((at, since)) => {
                at.saturating_add(signed(since.elapsed())).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// `later - earlier`, zero when the calendar was set back in between.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    later.duration_since(earlier).try_into().unwrap_or_default()
}

/// Seconds since the epoch, as a metric carries them.
pub fn epoch_seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

/// When this process first asked; `main` asks first of all.
pub fn process_start() -> Timestamp {
    static START: OnceLock<Timestamp> = OnceLock::new();
    *START.get_or_init(Timestamp::now)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
