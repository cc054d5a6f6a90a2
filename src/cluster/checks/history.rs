use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use crate::{clock, cluster::wire::Time};

/// Changes that are kept: more restarts than a check may permit.
const KEPT: usize = 128;

/// When the containers of a pod were started anew.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct History(VecDeque<(Timestamp, u32)>);

/// What a pod says of it: how often, and when the last one ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Restarted {
    pub(super) times: i64,
    pub(super) last: Time,
}

impl History {
    /// Of a pod that is seen for the first time: it tells of its last restart alone.
    pub(super) fn first(seen: Restarted) -> Self {
        let last = seen.last.timestamp().filter(|_| seen.times > 0);
        Self(last.map(|at| (at, 1)).into_iter().collect())
    }

    /// The same pod, later.
    pub(super) fn next(&self, before: Restarted, seen: Restarted, now: Timestamp) -> Self {
        let mut next = self.clone();
        let more = seen.times.saturating_sub(before.times);
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            if next.0.len() == KEPT {
                next.0.pop_front();
            }
            next.0.push_back((now, more));
        }
        next
    }

    /// How many within such a time before now.
    pub(super) fn within(&self, window: Duration, now: Timestamp) -> u32 {
        let recent = self.0.iter().filter(|(at, _)| clock::between(*at, now) <= window);
        recent.map(|(_, times)| *times).fold(0, u32::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_forgotten_with_their_window() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let seen = |times, last: Option<i64>| Restarted {
            times,
            last: last.map(|second| Time::from(at(second))).unwrap_or_default(),
        };
        let minute = Duration::from_mins(1);
        let first = History::first(seen(7, Some(-30)));
        assert_eq!((first.within(minute, at(0)), first.within(minute, at(31))), (1, 0));
        assert_eq!(History::first(seen(0, None)).within(minute, at(0)), 0);
        let second = first.next(seen(7, Some(-30)), seen(9, Some(10)), at(10));
        assert_eq!((second.within(minute, at(20)), second.within(minute, at(60))), (3, 2));
        let same = second.next(seen(9, Some(10)), seen(9, Some(10)), at(20));
        assert_eq!(same, second);
        let lower = second.next(seen(9, Some(10)), seen(0, None), at(20));
        assert_eq!(lower, second, "a pod that was made anew has another history");
        let mut many = History::default();
        for second in 0..1000 {
            many = many.next(seen(second, None), seen(second + 1, None), at(second));
        }
        assert_eq!(many.within(Duration::from_hours(1), at(1000)), 128);
        // Whatever a stranger says.
        let mut most = History::first(seen(i64::MIN, None));
        for second in 0..3 {
            most = most.next(seen(i64::MIN, None), seen(i64::MAX, None), at(second));
        }
        assert_eq!(most.within(minute, at(3)), u32::MAX);
    }
}
