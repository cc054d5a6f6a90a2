use std::time::Duration;

use crate::clock::Instant;

/// A circuit breaker: after so many failures in a row it opens for a while; then one attempt is let through, and what comes
/// of it closes it or opens it for longer.
#[derive(Debug)]
pub(super) struct Breaker {
    /// 0: it never opens.
    limit: u32,
    first: Duration,
    failures: u32,
    pause: Duration,
    open_until: Option<Instant>,
    /// Whether the one attempt is on its way.
    trying: bool,
}

/// The longest it stays open.
const LONGEST: Duration = Duration::from_mins(10);

impl Breaker {
    pub(super) fn new(limit: u32, pause: Duration) -> Self {
        Self { limit, first: pause, failures: 0, pause, open_until: None, trying: false }
    }

    /// When an attempt may begin; `None` while one is finding out.
    pub(super) fn ready_at(&self, now: Instant) -> Option<Instant> {
        match self.open_until {
            None => Some(now),
            Some(_) if self.trying => None,
            Some(until) => Some(until.max(now)),
        }
    }

    /// An attempt began.
    pub(super) fn begun(&mut self) {
        self.trying = self.open_until.is_some();
    }

    /// An attempt got through.
    pub(super) fn worked(&mut self) {
        *self = Self::new(self.limit, self.first);
    }

    /// An attempt did not.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.limit == 0 || self.failures < self.limit {
            return;
        }
        match self.open_until {
            // Attempts that were on their way when it opened say nothing new.
            Some(_) if !self.trying => {}
            Some(_) => {
                self.pause = (self.pause * 2).min(LONGEST);
                self.open_until = Some(now + self.pause);
            }
            None => self.open_until = Some(now + self.pause),
        }
        self.trying = false;
    }

    /// The attempt said nothing about whether the other side is well.
    pub(super) fn undecided(&mut self) {
        self.trying = false;
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_tries_and_closes() {
        let (mut now, second) = (Instant::now(), Duration::from_secs(1));
        let mut breaker = Breaker::new(2, 30 * second);
        breaker.failed(now);
        assert_eq!(breaker.ready_at(now), Some(now));
        breaker.failed(now);
        breaker.failed(now);
        assert_eq!(breaker.ready_at(now), Some(now + 30 * second));
        now += 31 * second;
        assert_eq!(breaker.ready_at(now), Some(now));
        breaker.begun();
        assert_eq!(breaker.ready_at(now), None);
        breaker.failed(now);
        assert_eq!(breaker.ready_at(now), Some(now + 60 * second));
        now += 60 * second;
        breaker.begun();
        breaker.worked();
        assert!(!breaker.is_open());
        assert_eq!(breaker.ready_at(now), Some(now));
    }
}
