//! Scalars as Go's yaml.v2 resolves them, and durations as `time.ParseDuration` reads them.

use std::time::Duration;

/// Whether a plain scalar is no value at all.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// A plain scalar as YAML 1.1's boolean.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Some(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Some(false)
        }
        _ => None,
    }
}

/// A plain scalar as a whole number: digits with a sign, `_` anywhere, a base by prefix; fractions are cut off.
pub(super) fn integer(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    let digits = plain.trim_start_matches(['+', '-']);
    if plain.len() - digits.len() > 1
        || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = match lower.as_str() {
        rest if rest.starts_with("0x") => (&rest[2..], 16),
        rest if rest.starts_with("0o") => (&rest[2..], 8),
        rest if rest.starts_with("0b") => (&rest[2..], 2),
        rest if rest.starts_with('0') && rest.len() > 1 && !rest.contains(['.', 'e', '8', '9']) => {
            (&rest[1..], 8)
        }
        rest => (rest, 10),
    };
    let sign = if plain.starts_with('-') { "-" } else { "" };
    if let Ok(whole) = i64::from_str_radix(&format!("{sign}{digits}"), base) {
        return Some(whole);
    }
    let fraction: f64 = (base == 10).then(|| plain.parse().ok())??;
    #[expect(clippy::cast_possible_truncation, reason = "cut off, as Go does")]
    (fraction.abs() < 9.2e18).then_some(fraction as i64)
}

/// Go's `1h1.5m`, in nanoseconds: one or more numbers with a unit each, and a sign before them all.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        nanoseconds = nanoseconds.checked_add(part(number, unit)?)?;
        rest = after;
    }
    i64::try_from(nanoseconds * sign).ok()
}

/// A number of a unit, in nanoseconds.
fn part(number: &str, unit: &str) -> Option<i128> {
    let scale: i128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3600 * 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.into() };
    // Beyond these digits nothing is left of a nanosecond.
    let fraction = &fraction[..fraction.len().min(15)];
    let parts: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let digits = u32::try_from(fraction.len()).ok()?;
    whole.checked_mul(scale)?.checked_add(parts * scale / 10_i128.pow(digits))
}

/// Nanoseconds as a duration; none for nothing and less.
pub(super) fn positive(nanoseconds: i64) -> Option<Duration> {
    u64::try_from(nanoseconds).ok().filter(|nanoseconds| *nanoseconds > 0).map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_reads_them() {
        for (text, number) in [
            ("1", 1),
            ("-1", -1),
            ("+7", 7),
            ("1_000", 1000),
            ("0x10", 16),
            ("0o10", 8),
            ("010", 8),
            ("0b11", 3),
            ("1.5", 1),
            ("1e3", 1000),
            ("0", 0),
        ] {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        for text in ["x", "", "1s", "--1", "9999999999999999999", ".inf", "1:30", "_"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn durations_as_go_reads_them() {
        for (text, nanoseconds) in [
            ("1s", 1_000_000_000),
            ("1h1.5m", 3_690_000_000_000),
            ("-1s", -1_000_000_000),
            ("0", 0),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("3µs", 3_000),
            ("1.0000000000000000001ns", 1),
        ] {
            assert_eq!(duration(text), Some(nanoseconds), "{text}");
        }
        for text in ["", "1", "1d", "s", ".s", "1:30", "-", "1 s", "9999999h", "1..2s", "ü"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[-+0-9._eExobhmsnuµ:]{0,24}") {
            let _ = (integer(&text), duration(&text), boolean(&text));
        }
    }
}
