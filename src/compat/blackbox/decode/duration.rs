use super::{Field, Reader};
use crate::compat::blackbox::yaml::{Id, Yaml, scalar::Scalar};

/// A duration in Go's notation, in nanoseconds; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat::blackbox) struct GoDuration(pub(in crate::compat::blackbox) i64);

impl Field for GoDuration {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a duration as Go writes it";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let parsed = match &scalar {
            Scalar::Text(text) => parse_duration(text),
            Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(parse_duration),
            _ => None,
        };
        let days = matches!(scalar, Scalar::Text(text) if text.ends_with(['d', 'w', 'y']));
        let Some(nanos) = parsed else {
            reader.wrong_type(id, WANTED);
            if days {
                reader.hint(Some("Go knows no unit above `h`: write `24h` for a day".to_owned()));
            }
            return false;
        };
        self.0 = nanos;
        true
    }
    fn show(&self) -> Yaml {
        format_duration(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

/// Go's `time.ParseDuration`: signed, decimal fractions, units ns, us, ms, s, m and h, each as often as wanted.
fn parse_duration(text: &str) -> Option<i64> {
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
fn format_duration(nanos: i64) -> String {
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
        ] {
            assert_eq!(parse_duration(text), Some(nanos), "{text}");
            assert_eq!(format_duration(nanos), shown);
        }
        for text in ["", "5", "1d", "s", "5 s", "-", ".s", "9999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_written_duration_is_read_back(nanos: i64) {
            proptest::prop_assert_eq!(parse_duration(&format_duration(nanos)), Some(nanos));
        }
    }
}
