//! JSONPath queries, and values as JSON compares them.

use std::{fmt, str::FromStr};

use jsonpath_rust::{
    parser::{model::JpQuery, parse_json_path},
    query::{QueryRef, js_path_process},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// A JSONPath query (RFC 9535), parsed when the configuration is read.
#[derive(Clone)]
pub struct JsonPath {
    text: Box<str>,
    query: JpQuery,
}

impl JsonPath {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The values it selects.
    pub fn select<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let found = js_path_process(&self.query, root).unwrap_or_default();
        found.into_iter().map(QueryRef::val).collect()
    }
}

impl FromStr for JsonPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with('$') {
            let dot = if text.starts_with(['.', '[']) { "" } else { "." };
            let shown: String = text.chars().take(80).collect();
            return Err(format!("a JSONPath query begins with `$`: write `${dot}{shown}`"));
        }
        let query = parse_json_path(text).map_err(|error| {
            // The parser draws a picture over several lines; its last one says what it expected.
            let picture = error.to_string();
            let why = picture.lines().last().unwrap_or_default().trim().trim_start_matches("= ");
            format!("`{text}` is not a JSONPath query (RFC 9535): {why}")
        })?;
        Ok(Self { text: text.into(), query })
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for JsonPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for JsonPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for JsonPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "JsonPath".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a JSONPath query (RFC 9535)",
            "pattern": "^\\$"
        })
    }
}

/// Equal as JSON means it: 1 is 1.0, and the order of members does not matter.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let matches = |(key, a)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(matches)
        }
        _ => a == b,
    }
}
