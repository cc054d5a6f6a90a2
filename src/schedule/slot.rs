//! Slots: moments aligned to the epoch, moved by a check's own jitter. The same on every replica and after every restart.

use std::time::Duration;

use jiff::Timestamp;

/// Nanoseconds since the epoch; enough until the year 2554.
pub(super) type Nanos = u64;

/// The calendar as nanoseconds since the epoch.
pub(super) fn nanos(at: Timestamp) -> Nanos {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

/// A check's place within its interval, by a stable hash of its name.
pub(super) fn jitter(name: &str, interval: Duration) -> Nanos {
    // FNV-1a, then murmur3's finalizer: names that differ in the last digit must not land side by side.
    let mut hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash ^ (hash >> 33)) % length(interval)
}

/// The first slot after `now`.
pub(super) fn next(now: Nanos, interval: Duration, jitter: Nanos) -> Nanos {
    let interval = length(interval);
    let jitter = jitter % interval;
    let passed = now.saturating_sub(jitter) / interval;
    // Before the very first slot of the epoch nothing has passed; no calendar of ours shows that.
    (passed + 1).saturating_mul(interval).saturating_add(jitter)
}

/// How many slots lie between `due` and `now`, `due` itself not counted.
pub(super) fn passed(due: Nanos, now: Nanos, interval: Duration) -> u64 {
    now.saturating_sub(due) / length(interval)
}

fn length(interval: Duration) -> Nanos {
    u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_interval_beyond_all_time_is_never_due() {
        let now = 1_700_000_000 * SECOND;
        assert_eq!(next(now, Duration::MAX, 5), u64::MAX);
        assert!(next(now, Duration::from_hours(24 * 365 * 1000), 5) > now);
    }

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn ten_thousand_names_spread_over_the_interval() {
        let interval = Duration::from_mins(1);
        let mut per_second = [0_u32; 60];
        for n in 0..10_000 {
            let slot = jitter(&format!("check-{n}"), interval) / SECOND;
            per_second[usize::try_from(slot).unwrap()] += 1;
        }
        // 167 each on average; five standard deviations are 64.
        let (least, most) = (per_second.iter().min().unwrap(), per_second.iter().max().unwrap());
        assert!(*least > 100 && *most < 235, "{least}..{most}");
    }

    #[test]
    fn a_name_keeps_its_place() {
        // A change of this number moves every check of every installation: not without a note in the changelog.
        assert_eq!(jitter("website", Duration::from_secs(30)), 10_752_568_311);
    }

    proptest! {
        #[test]
        fn the_next_slot_is_near_and_aligned(
            now in 1_700_000_000 * SECOND..2_000_000_000 * SECOND,
            millis in 1_u64..100_000,
            name in "[a-z]{1,8}",
        ) {
            let interval = Duration::from_millis(millis);
            let jitter = jitter(&name, interval);
            let slot = next(now, interval, jitter);
            prop_assert!(slot > now && slot - now <= length(interval));
            prop_assert_eq!((slot - jitter) % length(interval), 0);
        }
    }
}
