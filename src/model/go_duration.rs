//! Go's `time.Duration`, as text.

/// Go's `time.ParseDuration`, in nanoseconds: signed, decimal fractions, units ns, us, ms, s, m and h, each as often as
/// wanted. `None` for what Go refuses.
pub fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &rest[..digits(rest)];
        rest = &rest[whole.len()..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            fraction = &after[..digits(after)];
            rest = &after[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit: i128 = match &rest[..end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[end..];
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Digits beyond the nanosecond of an hour change nothing.
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
            total = total.checked_add(fraction.parse::<i128>().ok()? * unit / scale)?;
        }
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return None;
        }
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Go's `Duration.String`: `1m30s`, `500ms`, `1h0m0s`.
pub fn written(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64, word: &str| {
        let fraction = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() || unit == 1 { "" } else { "." };
        let fraction = if unit == 1 { "" } else { fraction };
        format!("{}{dot}{fraction}{word}", value / unit)
    };
    let seconds = nanos / 1_000_000_000;
    let text = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => decimal(nanos, 1, "ns"),
        1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(nanos, 1_000_000, "ms"),
        _ => {
            let rest = decimal(nanos % 60_000_000_000, 1_000_000_000, "s");
            match seconds / 60 {
                0 => rest,
                minutes @ 1..60 => format!("{minutes}m{rest}"),
                minutes => format!("{}h{}m{rest}", minutes / 60, minutes % 60),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, nanos, shown) in [
            ("1m30s", 90_000_000_000, "1m30s"),
            ("500ms", 500_000_000, "500ms"),
            ("1.5h", 5_400_000_000_000, "1h30m0s"),
            ("0", 0, "0s"),
            ("-5s", -5_000_000_000, "-5s"),
            ("1h1s", 3_601_000_000_000, "1h0m1s"),
            (".5s", 500_000_000, "500ms"),
            ("1500us", 1_500_000, "1.5ms"),
            ("2s2s", 4_000_000_000, "4s"),
            ("1h1.5m", 3_690_000_000_000, "1h1m30s"),
            ("1.s", 1_000_000_000, "1s"),
            ("3µs", 3_000, "3µs"),
            ("1.0000000000000000001ns", 1, "1ns"),
        ] {
            assert_eq!(parse(text), Some(nanos), "{text}");
            assert_eq!(written(nanos), shown);
        }
        for text in ["", "5", "1d", "s", "5 s", "-", ".s", "9999999h", "1:30", "1..2s", "ü"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[-+0-9._hmsnuµ:]{0,24}") {
            let _ = parse(&text);
        }

        #[test]
        fn a_written_duration_is_read_back(nanos: i64) {
            proptest::prop_assert_eq!(parse(&written(nanos)), Some(nanos));
        }
    }
}
