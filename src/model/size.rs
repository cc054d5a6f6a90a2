use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes as Prometheus writes it: `512KB`, `10MiB`, or a plain number.
///
/// `KB` and `KiB` both mean 1024 bytes, and so on up, as in Prometheus' and blackbox_exporter's own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// Letters of the units above a byte, each 1024 times the one before.
const UNITS: [char; 4] = ['K', 'M', 'G', 'T'];

impl ByteSize {
    /// So many times 1024 x 1024 bytes.
    pub const fn mebi(count: u64) -> Self {
        Self(count << 20)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: &str| {
            let text: String = text.chars().take(40).collect();
            format!("`{text}` is not a size: {why}; write it like `10MiB`, `512KB` or `4096`")
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(fail("a whole number is expected first"));
        }
        let number: u64 = number.parse().map_err(|_| fail("the number is too large"))?;
        let shift = match unit.strip_suffix("iB").or_else(|| unit.strip_suffix('B')) {
            None if unit.is_empty() => Some(0),
            Some("") if unit == "B" => Some(0),
            Some(letter) => UNITS
                .iter()
                .zip(1_u32..)
                .find_map(|(unit, power)| letter.chars().eq([*unit]).then_some(power * 10)),
            None => None,
        }
        .ok_or_else(|| fail("the unit must be B, KB, MB, GB, TB or KiB, MiB, GiB, TiB"))?;
        let size = number.checked_mul(1 << shift).ok_or_else(|| fail("it is too large"))?;
        Ok(Self(size))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut size, mut unit) = (self.0, None);
        for letter in UNITS {
            if size == 0 || !size.is_multiple_of(1024) {
                break;
            }
            (size, unit) = (size / 1024, Some(letter));
        }
        match unit {
            None => write!(f, "{size}B"),
            Some(letter) => write!(f, "{size}{letter}iB"),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ByteSize;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"10MiB\", or a number of bytes")
            }
            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                let bytes = bytes.try_into();
                bytes.map(ByteSize).map_err(|_| E::custom("a size is not negative"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a number of bytes; KB and KiB both mean 1024 bytes, as in Prometheus",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+([KMGT]?B|[KMGT]iB)?$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_sizes() {
        for (text, bytes) in
            [("0", 0), ("17", 17), ("17B", 17), ("1KB", 1024), ("1KiB", 1024), ("10MiB", 10 << 20)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in
            ["", "B", "MB", "1.5MB", "-1", "1 MB", "1mb", "1iB", "1KKB", "1XB", "99999999999TB"]
        {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64, shift in 0_u32..40) {
            let size = ByteSize(bytes >> 24 << (shift % 24));
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
