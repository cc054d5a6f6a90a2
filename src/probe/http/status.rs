use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Status codes: one (`200`), a range (`"200-299"`), or a class (`"2xx"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatusRange {
    low: u16,
    high: u16,
}

impl StatusRange {
    /// `2xx`
    pub(super) const SUCCESS: Self = Self { low: 200, high: 299 };

    /// Whether a code is one of them.
    pub(super) const fn holds(self, code: u16) -> bool {
        self.low <= code && code <= self.high
    }
}

/// Codes have three digits (RFC 9110 section 15).
fn code(text: &str) -> Option<u16> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|code| digits && *code >= 100)
}

impl FromStr for StatusRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let class = |class: &str| {
            let hundreds = class.parse::<u16>().ok().filter(|class| (1..=9).contains(class))?;
            Some(Self { low: hundreds * 100, high: hundreds * 100 + 99 })
        };
        let range = match text.split_once('-') {
            Some((low, high)) => code(low).zip(code(high)).map(|(low, high)| Self { low, high }),
            None => match text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
                Some(digit) if digit.len() == 1 => class(digit),
                _ => code(text).map(|code| Self { low: code, high: code }),
            },
        };
        range.filter(|range| range.low <= range.high).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            format!("`{text}` is no status: write a code (200), a range (\"200-299\") or a class (\"2xx\")")
        })
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (low, high) if low == high => write!(f, "{low}"),
            (low, high) if low % 100 == 0 && high == low + 99 => write!(f, "{}xx", low / 100),
            (low, high) => write!(f, "{low}-{high}"),
        }
    }
}

impl Serialize for StatusRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.low == self.high {
            serializer.serialize_u16(self.low)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = StatusRange;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status code, a range such as \"200-299\" or a class such as \"2xx\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<StatusRange, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<StatusRange, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusRange, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for StatusRange {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatusRange".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a status code, a range or a class",
            "anyOf": [
                { "type": "integer", "minimum": 100, "maximum": 999 },
                { "type": "string", "pattern": "^([1-9]xx|[1-9][0-9]{2}(-[1-9][0-9]{2})?)$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_ranges_and_classes() {
        let ranges: Vec<StatusRange> =
            serde_json::from_str(r#"[204, "301", "400-417", "5xx"]"#).unwrap();
        let holds = |code| ranges.iter().any(|range| range.holds(code));
        assert!([204, 301, 400, 417, 500, 599].into_iter().all(holds));
        assert!(![200, 302, 418, 600].into_iter().any(holds));
        assert_eq!(serde_json::to_string(&ranges).unwrap(), r#"[204,301,"400-417","5xx"]"#);
        for text in ["", "2x", "xx", "20", "2000", "300-200", "0xx", "-200", "200-", "+20", "1x1"] {
            assert!(text.parse::<StatusRange>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(a in 100_u16..1000, b in 100_u16..1000) {
            let range = StatusRange { low: a.min(b), high: a.max(b) };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<StatusRange>();
        }
    }
}
