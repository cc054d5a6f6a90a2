//! How long the other side wants to be left alone, in all the forms in which it is said.

use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use jiff::{
    Timestamp, civil,
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};
use serde_json::Value;

use crate::clock;

/// The longest that is believed; a server that asks for more is asked again after it.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// Discord's, in seconds with a fraction.
const RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");

/// From the header `Retry-After`, as seconds or a date, or from the body, where many APIs say it alone or more exactly.
pub(super) fn of(headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).map(HeaderValue::to_str).and_then(Result::ok);
    let by_header = text(RETRY_AFTER).and_then(|text| header(text.trim(), now));
    let by_reset = || text(RESET_AFTER).and_then(|text| seconds(text.trim()));
    let asked = by_header.or_else(by_reset).max(in_body(body))?;
    Some(asked.min(LONGEST))
}

fn header(text: &str, now: Timestamp) -> Option<Duration> {
    seconds(text).or_else(|| date(text).map(|at| clock::between(now, at)))
}

fn seconds(text: &str) -> Option<Duration> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse::<f64>().ok().filter(|_| is_number).and_then(from_seconds)
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64())).ok()
}

/// The three forms of RFC 9110 section 5.6.7.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(at) = rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    let utc = |at: civil::DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"].into_iter().find_map(|format| {
        strtime::parse(format, text).and_then(|broken| broken.to_datetime()).ok().and_then(utc)
    })
}

/// `retry_after` and its like, at the top or where Telegram has it.
fn in_body(body: &[u8]) -> Option<Duration> {
    let value: Value = serde_json::from_slice(body).ok()?;
    [Some(&value), value.get("parameters")].into_iter().flatten().find_map(|table| {
        let of = |key| table.get(key).and_then(number);
        let seconds = ["retry_after", "retryAfter", "retry_after_seconds"].into_iter().find_map(of);
        let millis = || of("retry_after_ms").map(|millis| millis / 1000.0);
        seconds.or_else(millis).and_then(from_seconds)
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str, body: &str) -> Option<f64> {
        let now = "2026-11-28T12:00:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(RETRY_AFTER, header.parse().unwrap());
        }
        of(&headers, body.as_bytes(), now).map(|asked| asked.as_secs_f64())
    }

    #[test]
    fn every_form_is_understood() {
        for (header, body, seconds) in [
            ("120", "", Some(120.0)),
            ("1.5", "", Some(1.5)),
            (" 3 ", "ok", Some(3.0)),
            ("Sat, 28 Nov 2026 12:01:00 GMT", "", Some(60.0)),
            ("Saturday, 28-Nov-26 12:01:00 GMT", "", Some(60.0)),
            ("Sat Nov 28 12:01:00 2026", "", Some(60.0)),
            ("Sat, 28 Nov 2026 11:00:00 GMT", "", Some(0.0)),
            ("", r#"{"retry_after": 0.25, "global": false}"#, Some(0.25)),
            ("", r#"{"retry_after": "7"}"#, Some(7.0)),
            ("", r#"{"retry_after_ms": 2500}"#, Some(2.5)),
            ("", r#"{"ok":false,"parameters":{"retry_after":35}}"#, Some(35.0)),
            ("1", r#"{"retry_after": 1.75}"#, Some(1.75)),
            ("99999999999", "", Some(86400.0)),
            ("soon", "", None),
            ("-1", "", None),
            ("NaN", "", None),
            ("", r#"{"retry_after": -3}"#, None),
            ("", r#"{"retry_after": {}}"#, None),
            ("", "[1", None),
        ] {
            assert_eq!(asked(header, body), seconds, "{header:?} {body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_panics(header in "[ -~]{0,40}", body in "\\PC{0,80}") {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, header.parse().unwrap());
            let _ = of(&headers, body.as_bytes(), Timestamp::UNIX_EPOCH);
        }
    }
}
