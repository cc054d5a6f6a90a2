use parking_lot::Mutex;

use crate::{clock::Instant, compat::web_config::RateLimit};

/// A token bucket: full at first, one token back per interval, one taken per request.
pub(super) struct Bucket {
    limit: RateLimit,
    level: Mutex<Level>,
}

struct Level {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(limit: RateLimit) -> Self {
        let level = Level { tokens: f64::from(limit.burst), at: Instant::now() };
        Self { limit, level: Mutex::new(level) }
    }

    /// What it was made for.
    pub(super) fn limit(&self) -> RateLimit {
        self.limit
    }

    /// A token, if there is one.
    pub(super) fn take(&self) -> bool {
        let mut level = self.level.lock();
        let now = Instant::now();
        let gained = (now - level.at).as_secs_f64() / self.limit.interval.as_secs_f64();
        level.tokens = (level.tokens + gained).min(f64::from(self.limit.burst));
        level.at = now;
        let there = level.tokens >= 1.0;
        if there {
            level.tokens -= 1.0;
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_one_per_interval() {
        let bucket = Bucket::new(RateLimit { interval: Duration::from_secs(1), burst: 2 });
        let taken = |times: usize| (0..times).filter(|_| bucket.take()).count();
        assert_eq!(taken(5), 2);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(taken(5), 1);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(taken(5), 2);
        let none = Bucket::new(RateLimit { interval: Duration::from_secs(1), burst: 0 });
        assert!(!none.take());
    }
}
