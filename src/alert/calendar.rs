//! The calendar is set back: what waits for a moment would wait for as long again.

use std::time::Duration;

use jiff::Timestamp;

use super::Pipeline;
use crate::clock::between;

impl Pipeline {
    /// Looks whether time went back since the last step, and moves what waits with it. Ends of alerts and silences stay:
    /// they are others' words.
    pub(super) fn keep_time(&mut self, now: Timestamp) {
        let step = between(now, std::mem::replace(&mut self.latest, now));
        if step.is_zero() {
            return;
        }
        self.flush_from = before(self.flush_from, step);
        self.clean_at = before(self.clean_at, step);
        self.groups.set_back(step);
        self.lanes.set_back(step);
        self.pushes.set_back(step);
        self.checks.set_back(step);
        self.rates.set_back(now);
    }
}

/// A moment, so much earlier.
pub(super) fn before(moment: Timestamp, step: Duration) -> Timestamp {
    // As `after`: the calendar ends at both sides.
    moment.checked_sub(step).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::ingest::after;

    #[test]
    fn back_and_forth() {
        let now = Timestamp::UNIX_EPOCH;
        let step = Duration::from_secs(7);
        assert_eq!(before(after(now, step), step), now);
        assert_eq!(before(Timestamp::MIN, step), Timestamp::MIN);
    }
}
