//! The timeouts of Go's `net/http`: 0 is no limit and not none of the time, or another timeout's.

use std::time::Duration;

use crate::model::go_duration;

/// What the flags say, in nanoseconds; Go takes negative ones too.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// `--server-read-timeout`
    pub read: i64,
    /// `--server-read-header-timeout`
    pub read_header: i64,
    /// `--server-idle-timeout`
    pub idle: i64,
    /// `--server-write-timeout`
    pub write: i64,
}

impl Timeouts {
    /// How long a connection waits for the head of a request: one limit for the first and the next, the longer of Go's two.
    /// `None` is for ever.
    pub fn head(self) -> Option<Duration> {
        // There 0 is as long as for a whole request.
        let limit = |own: i64| limit(if own == 0 { self.read } else { own });
        Some(limit(self.read_header)?.max(limit(self.idle)?))
    }

    /// How long an answer may take; `None` is for ever.
    pub fn answer(self) -> Option<Duration> {
        limit(self.write)
    }
}

fn limit(nanos: i64) -> Option<Duration> {
    u64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

/// A flag's value in nanoseconds.
///
/// # Errors
/// What Go refuses.
pub fn duration(text: &str) -> Result<i64, String> {
    go_duration::parse(text).ok_or_else(|| format!("{text:?} is no duration such as 1m30s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_limit() {
        let timeouts = |read, read_header, idle, write| {
            let [read, read_header, idle, write] =
                [read, read_header, idle, write].map(|text| duration(text).unwrap());
            let timeouts = Timeouts { read, read_header, idle, write };
            (timeouts.head(), timeouts.answer())
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(timeouts("1m", "5s", "5m", "1m"), (seconds(300), seconds(60)));
        assert_eq!(timeouts("1m", "10m", "5m", "0"), (seconds(600), None));
        assert_eq!(timeouts("1m", "0", "0s", "-1s"), (seconds(60), None));
        assert_eq!(timeouts("0", "5s", "5m", "1s"), (seconds(300), seconds(1)));
        assert_eq!(timeouts("0", "0", "5m", "1s"), (None, seconds(1)));
        assert_eq!(timeouts("0", "5s", "0", "1s"), (None, seconds(1)));
        assert_eq!(timeouts("1m", "5s", "-1ns", "1s"), (None, seconds(1)));
        for text in ["", "1", "x", "1 s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
