use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time written as Prometheus writes it: `1h30m`, `500ms`, `2d`.
///
/// Units are `y w d h m s ms`, each at most once and in falling order, without fractions (the grammar of
/// `model.ParseDuration`). A year is 365 days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PromDuration(pub Duration);

/// Why a text is no duration; says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: {why}; write it like `30s`, `1m30s` or `500ms`")]
pub struct ParseDurationError {
    text: String,
    why: &'static str,
}

/// Units from the largest to the smallest, with their milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl FromStr for PromDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| ParseDurationError { text: text.chars().take(40).collect(), why };
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let (mut rest, mut next_unit, mut millis) = (text, 0, 0_u64);
        if rest.is_empty() {
            return Err(fail("it is empty"));
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
            if letters == 0 || digits == 0 {
                return Err(fail(misplaced(digits, &rest[digits..])));
            }
            let number: u64 =
                rest[..digits].parse().map_err(|_| fail("the number is too large"))?;
            let unit = &rest[digits..digits + letters];
            let Some(at) = UNITS.iter().position(|(name, _)| *name == unit) else {
                return Err(fail("the unit must be y, w, d, h, m, s or ms"));
            };
            if at < next_unit {
                return Err(fail("units go from large to small, each once"));
            }
            next_unit = at + 1;
            millis = number
                .checked_mul(UNITS[at].1)
                .and_then(|part| millis.checked_add(part))
                .ok_or_else(|| fail("it is too long"))?;
            rest = &rest[digits + letters..];
        }
        Ok(Self(Duration::from_millis(millis)))
    }
}

/// What is wrong where a number and a unit should stand; `rest` follows the digits.
fn misplaced(digits: usize, rest: &str) -> &'static str {
    match rest.chars().next() {
        Some('.' | ',') => "there are no fractions, a smaller unit takes their place: `500ms`",
        Some(space) if space.is_whitespace() => "there are no spaces in it",
        _ if digits == 0 => "a whole number is expected before each unit",
        _ => "a unit is missing (y, w, d, h, m, s or ms)",
    }
}

impl fmt::Display for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return f.write_str("0s");
        }
        for (name, size) in UNITS {
            // As Prometheus prints it: years and weeks only where they divide evenly.
            let whole_only = matches!(name, "y" | "w");
            if millis >= size && (!whole_only || millis.is_multiple_of(size)) {
                write!(f, "{}{name}", millis / size)?;
                millis %= size;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PromDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PromDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = PromDuration;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"30s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PromDuration, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl schemars::JsonSchema for PromDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a duration in Prometheus' notation, such as 500ms, 30s or 1h30m",
            "pattern": "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_prometheus_reads() {
        for (text, millis) in
            [("0", 0), ("500ms", 500), ("1m30s", 90_000), ("1d", 86_400_000), ("1h1ms", 3_600_001)]
        {
            assert_eq!(text.parse(), Ok(PromDuration(Duration::from_millis(millis))), "{text}");
        }
    }

    #[test]
    fn refuses_what_prometheus_refuses() {
        for text in ["", "1", "s", "1.5s", "1s1m", "1s1s", "-1s", "1 s", "1µs", "99999999999999y"]
        {
            assert!(text.parse::<PromDuration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_u64..400_000_000_000) {
            let duration = PromDuration(Duration::from_millis(millis));
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("0.5s", "no fractions"),
            ("30 sec", "no spaces"),
            ("30", "a unit is missing"),
            ("s", "a whole number"),
            ("30sec", "the unit must be"),
        ] {
            let error = text.parse::<PromDuration>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
