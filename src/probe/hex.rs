use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes written in hexadecimal: `0d0a`; spaces and colons between bytes are permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl FromStr for Hex {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: &str| {
            let shown: String = text.chars().take(40).collect();
            format!("`{shown}` is not hexadecimal: {why}; write it like `0d0a` or `0d 0a`")
        };
        let mut bytes = Vec::with_capacity(text.len() / 2);
        for group in text.split([' ', ':']).filter(|group| !group.is_empty()) {
            for pair in group.as_bytes().chunks(2) {
                let digit = |at: usize| pair.get(at).and_then(|c| char::from(*c).to_digit(16));
                let high = digit(0).ok_or_else(|| fail("there is something other than digits"))?;
                let low = digit(1).ok_or_else(|| fail("each byte has two digits"))?;
                // Two digits below 16 fit.
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Hex {
    fn schema_name() -> Cow<'static, str> {
        "Hex".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "bytes in hexadecimal; spaces and colons between bytes are permitted",
            "pattern": "^[ :]*([0-9A-Fa-f]{2}[ :]*)*$"
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mistakes() {
        for text in ["0", "0d0", "0g", "é", "0 d", "0x0d"] {
            assert!(text.parse::<Hex>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: Vec<u8>) {
            let hex = Hex(bytes);
            prop_assert_eq!(hex.to_string().parse(), Ok(hex.clone()));
            let spaced: Vec<_> = hex.0.iter().map(|byte| format!("{byte:02X}")).collect();
            prop_assert_eq!(spaced.join(" ").parse(), Ok(hex));
        }
    }
}
