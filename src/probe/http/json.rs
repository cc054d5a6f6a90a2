//! JSON from strangers.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed},
};
use serde_json::{Map, Value};

use crate::model::Reason;

/// The most values in one document. A value takes some 80 bytes in memory, but may take two in the text.
const VALUES_LIMIT: u32 = 200_000;

/// Reads a document. As in Go, what its texts hold of no character is U+FFFD: bytes that are no UTF-8, halves of a pair.
///
/// # Errors
/// It is not JSON, nested deeper than 128 levels, or holds more than 200,000 values.
pub(super) fn parse(text: &[u8]) -> Result<Value, Unread> {
    let text = String::from_utf8_lossy(text);
    match read(&text) {
        Err(Unread::Invalid(_)) if text.contains("\\ud") || text.contains("\\uD") => {
            read(&without_halves(&text))
        }
        other => other,
    }
}

/// Halves of a pair (RFC 8259 section 8.2) without the other one, replaced by U+FFFD of the same length.
fn without_halves(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut whole, mut shown, mut at) = (String::with_capacity(text.len()), 0, 0);
    while let Some(escape) = text[at..].find('\\').map(|found| at + found) {
        at = match (unit(escape), unit(escape + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => escape + 12,
            (Some(0xd800..0xe000), _) => {
                whole.extend([&text[shown..escape], "\\ufffd"]);
                shown = escape + 6;
                shown
            }
            // The escaped character is none that begins another escape.
            _ => text.len().min(text.ceil_char_boundary(escape + 2)),
        };
    }
    whole.push_str(&text[shown..]);
    whole
}

fn read(text: &str) -> Result<Value, Unread> {
    let left = Cell::new(Some(VALUES_LIMIT));
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Counted(&left).deserialize(&mut deserializer);
    root.and_then(|root| deserializer.end().map(|()| root)).map_err(|error| match left.get() {
        Some(_) => Unread::Invalid(error),
        None => Unread::TooMany,
    })
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("{0}")]
    Invalid(serde_json::Error),
    #[error("more than {VALUES_LIMIT} values")]
    TooMany,
}

impl Unread {
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Invalid(_) => Reason::JsonInvalid,
            Self::TooMany => Reason::BodyTooLarge,
        }
    }
}

/// Builds a value as long as the budget of values lasts; `None` once more was asked of it.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a Cell<Option<u32>>);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.set(self.0.get().and_then(|left| left.checked_sub(1)));
        if self.0.get().is_none() {
            return Err(de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            object.insert(name, members.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::jsonpath::JsonPath;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#" {"a":[1,-2,1.5,1e3,18446744073709551615,null,true,"\u72fc\n"],"b":{"a":{}},"b":2} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), text.parse::<Value>().unwrap());
        for text in ["", "{", "[1,]", "1 2", "nul", "\"x"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// Each of these was given to Go's `encoding/json`.
    #[test]
    fn what_is_no_character_is_replaced() {
        for (text, wanted) in [
            (&b"\"caf\xe9\""[..], "caf\u{fffd}"),
            (br#""\ud800""#, "\u{fffd}"),
            (br#""a\uD800\u0041""#, "a\u{fffd}A"),
            (br#""\udc00\ud83d\ude00\ud83d""#, "\u{fffd}\u{1f600}\u{fffd}"),
            (br#""\\ud800""#, "\\ud800"),
            (br#""\\\ud800\n""#, "\\\u{fffd}\n"),
        ] {
            assert_eq!(parse(text).unwrap(), Value::from(wanted), "{}", text.escape_ascii());
        }
        assert!(parse(br#""\ud80""#).is_err() && parse(b"\xe9").is_err());
    }

    #[test]
    fn what_swells_is_refused() {
        let many = format!("[{}0]", "0,".repeat(1_000_000));
        let refused = parse(many.as_bytes()).unwrap_err();
        assert_eq!(refused.reason(), Reason::BodyTooLarge);
        assert_eq!(refused.to_string(), "more than 200000 values");
        // The budget was met to the value, and something else is wrong.
        let just = format!("[{}0", "0,".repeat(199_998));
        assert_eq!(parse(just.as_bytes()).unwrap_err().reason(), Reason::JsonInvalid);
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).unwrap_err().to_string().contains("recursion"));
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_path_panic(bytes: Vec<u8>, path in "\\$[\\PC]{0,20}") {
            let root = parse(&bytes).unwrap_or_default();
            if let Ok(path) = path.parse::<JsonPath>() {
                path.select(&root);
            }
        }
    }
}
