use std::time::Duration;

const FIRST: f64 = 0.5;
const FACTOR: f64 = 1.5;
const LONGEST: f64 = 60.0;

/// How much of it is up to chance, so that many that failed together do not come back together.
const JITTER: f64 = 0.5;

/// How long to wait after the attempt of that number, which counts from 1; `chance` is from 0 to 1.
pub(in crate::notify) fn backoff(attempt: u32, chance: f64) -> Duration {
    let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let whole = (FIRST * FACTOR.powi(power)).min(LONGEST);
    Duration::from_secs_f64(whole * (1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_minute() {
        for (attempt, seconds) in [(1, 0.5), (2, 0.75), (3, 1.125), (13, 60.0), (u32::MAX, 60.0)] {
            let waits = [0.0, 0.5, 1.0].map(|chance| backoff(attempt, chance).as_secs_f64());
            assert!((waits[0] - seconds * 0.5).abs() < 1e-6, "{attempt}: {waits:?}");
            assert!((waits[1] - seconds).abs() < 1e-6, "{attempt}: {waits:?}");
            assert!((waits[2] - seconds * 1.5).abs() < 1e-6, "{attempt}: {waits:?}");
        }
    }
}
