//! Pauses after failures.

use std::time::Duration;

use super::{Failure, Why};
use crate::clock;

/// The first pause after a failure; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause where only somebody who changes the cluster can help. The first ones are as short as any: a server
/// that has just started refuses everybody until it has read its own rules.
const LONGEST_LASTING_PAUSE: Duration = Duration::from_mins(1);

/// Pauses after failures, longer each time until something succeeds.
#[derive(Default)]
pub(super) struct Pauses {
    last: Option<Duration>,
    /// Whether the last was for a version that is gone.
    was_gone: bool,
}

impl Pauses {
    /// Something came again. Whether it is the first after a failure.
    pub(super) fn over(&mut self) -> bool {
        self.last.take().is_some()
    }

    pub(super) async fn rest(&mut self, failure: &Failure) {
        clock::sleep(self.next(failure)).await;
    }

    fn next(&mut self, failure: &Failure) -> Duration {
        let longest = if failure.why.is_lasting() { LONGEST_LASTING_PAUSE } else { LONGEST_PAUSE };
        // Who says that a version is gone is there again, however long that took: what is shown grows old meanwhile.
        let is_gone = failure.why == Why::Gone;
        let last = self.last.filter(|_| self.was_gone || !is_gone);
        self.was_gone = is_gone;
        let pause = last.map_or(FIRST_PAUSE, |last| (last * 2).min(longest));
        self.last = Some(pause);
        let pause = failure.retry_after.map_or(pause, |asked| asked.max(pause));
        // Apart from each other, and never sooner than asked.
        pause + pause.mul_f64(fastrand::f64() / 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(pauses: &mut Pauses, failure: &Failure) -> f64 {
        pauses.next(failure).as_secs_f64()
    }

    #[test]
    fn pauses_grow_until_something_comes() {
        let failure = Failure::new(Why::ServerError, "");
        let mut pauses = Pauses::default();
        for least in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let pause = seconds(&mut pauses, &failure);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        assert!(pauses.over() && !pauses.over());
        assert!(seconds(&mut pauses, &failure) < 1.3);
    }

    #[test]
    fn a_version_that_is_gone_is_no_outage() {
        let (down, gone) = (Failure::new(Why::Unreachable, ""), Failure::new(Why::Gone, ""));
        let mut pauses = Pauses::default();
        for _ in 0..5 {
            pauses.next(&down);
        }
        for least in [1.0, 2.0, 4.0] {
            let pause = seconds(&mut pauses, &gone);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        assert!(seconds(&mut pauses, &down) >= 8.0);
    }

    #[test]
    fn pauses_are_as_long_as_the_server_wants() {
        let mut pauses = Pauses::default();
        let asked = Some(Duration::from_secs(20));
        let failure = Failure { retry_after: asked, ..Failure::new(Why::TooManyRequests, "") };
        assert!((20.0..=25.0).contains(&seconds(&mut pauses, &failure)));
        let forbidden = Failure::new(Why::Forbidden, "");
        for least in [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let pause = seconds(&mut pauses, &forbidden);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        let failure = Failure { retry_after: Some(Duration::from_secs(1)), ..failure };
        assert!(seconds(&mut pauses, &failure) >= 4.0, "no sooner than after any other failure");
    }
}
