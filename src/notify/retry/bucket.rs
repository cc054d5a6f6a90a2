use std::time::Duration;

use crate::{clock::Instant, notify::spec::Rate};

/// A token bucket: as many at once as in its time, then one by one.
#[derive(Debug)]
pub(super) struct Bucket {
    /// From one token to the next.
    each: Duration,
    /// When it would be full again. Earlier than `now` means full.
    full_at: Instant,
    /// How long it takes from empty to full.
    whole: Duration,
}

impl Bucket {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        let whole = rate.per.0.max(Duration::from_millis(1));
        Self { each: whole / rate.messages.get(), full_at: now, whole }
    }

    /// When the next token is there.
    pub(super) fn ready_at(&self, now: Instant) -> Instant {
        // There is a token when no more than all but one are missing.
        let spare = self.whole.saturating_sub(self.each);
        (self.full_at.max(now) - spare.min(self.full_at.max(now) - now)).max(now)
    }

    /// Takes one, or the next that will be there.
    pub(super) fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.each;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::model::PromDuration;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_one_by_one() {
        let rate = Rate {
            messages: NonZeroU32::new(3).unwrap(),
            per: PromDuration(Duration::from_secs(6)),
        };
        let begun = Instant::now();
        let mut bucket = Bucket::new(rate, begun);
        let mut taken = Vec::new();
        let mut now = begun;
        for _ in 0..6 {
            now = bucket.ready_at(now);
            bucket.take(now);
            taken.push((now - begun).as_secs());
        }
        assert_eq!(taken, [0, 0, 0, 2, 4, 6]);
        now += Duration::from_mins(1);
        for _ in 0..3 {
            assert_eq!(bucket.ready_at(now), now);
            bucket.take(now);
        }
        assert_eq!(bucket.ready_at(now), now + Duration::from_secs(2));
    }
}
