//! Scalars as Go's yaml.v2 resolves them.

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

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[-+0-9._eExob]{0,24}") {
            let _ = (integer(&text), boolean(&text));
        }
    }
}
