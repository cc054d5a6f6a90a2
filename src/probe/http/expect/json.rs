//! Rules about the body as JSON.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::not_one;
use crate::{probe::jsonpath::JsonPath, re2::Regex};

/// What is expected of the values that a path selects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "JsonKeys", into = "JsonKeys")]
pub(in super::super) struct JsonRule {
    pub path: JsonPath,
    pub wanted: JsonWanted,
}

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum JsonWanted {
    Equals(serde_json::Value),
    Regex(Regex),
    Greater(f64),
    Less(f64),
    Exists(bool),
}

/// A path and exactly one expectation. A path that selects several values: each of them must hold, and there must be
/// at least one; a filter such as `$.nodes[?@.ready == false]` with `exists` says everything else.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JsonRule")]
#[serde(deny_unknown_fields)]
struct JsonKeys {
    /// A JSONPath query (RFC 9535), such as `$.status.db`.
    path: JsonPath,
    /// The value itself: text, number, boolean, list or table. Numbers compare by value: 1 equals 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals: Option<serde_json::Value>,
    /// Matches somewhere in a text, or in the JSON notation of another value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regex: Option<Regex>,
    /// A number above this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    greater: Option<f64>,
    /// A number below this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    less: Option<f64>,
    /// Whether the path selects anything at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
}

impl TryFrom<JsonKeys> for JsonRule {
    type Error = String;

    fn try_from(raw: JsonKeys) -> Result<Self, String> {
        let given = [
            ("equals", raw.equals.is_some()),
            ("regex", raw.regex.is_some()),
            ("greater", raw.greater.is_some()),
            ("less", raw.less.is_some()),
            ("exists", raw.exists.is_some()),
        ];
        let wanted = match (raw.equals, raw.regex, raw.greater, raw.less, raw.exists) {
            (Some(value), None, None, None, None) => JsonWanted::Equals(value),
            (None, Some(regex), None, None, None) => JsonWanted::Regex(regex),
            (None, None, Some(limit), None, None) => JsonWanted::Greater(limit),
            (None, None, None, Some(limit), None) => JsonWanted::Less(limit),
            (None, None, None, None, Some(wanted)) => JsonWanted::Exists(wanted),
            _ => return Err(not_one(&given)),
        };
        Ok(Self { path: raw.path, wanted })
    }
}

impl From<JsonRule> for JsonKeys {
    fn from(rule: JsonRule) -> Self {
        let (mut equals, mut regex, mut exists) = (None, None, None);
        let (mut greater, mut less) = (None, None);
        match rule.wanted {
            JsonWanted::Equals(value) => equals = Some(value),
            JsonWanted::Regex(wanted) => regex = Some(wanted),
            JsonWanted::Greater(limit) => greater = Some(limit),
            JsonWanted::Less(limit) => less = Some(limit),
            JsonWanted::Exists(wanted) => exists = Some(wanted),
        }
        Self { path: rule.path, equals, regex, greater, less, exists }
    }
}

impl fmt::Display for JsonWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "{value}"),
            Self::Regex(regex) => write!(f, "matches {regex:?}"),
            Self::Greater(limit) => write!(f, "> {limit}"),
            Self::Less(limit) => write!(f, "< {limit}"),
            Self::Exists(true) => f.write_str("exists"),
            Self::Exists(false) => f.write_str("does not exist"),
        }
    }
}
