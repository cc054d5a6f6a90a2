//! What an answer is expected to be, as the configuration says it.

use std::fmt;

use hyper::header::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{json::JsonPath, status::StatusRange};
use crate::{model::PromDuration, re2::Regex};

/// What a good answer looks like. Every expectation is looked at; the first broken one names the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    /// Accepted status codes: `200`, `"200-299"`, `"2xx"`.
    #[schemars(length(min = 1))]
    pub status: Vec<StatusRange>,
    /// Accepted protocol versions; any where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub version: Vec<HttpVersion>,
    /// What is expected of the answer's headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRule>,
    /// What is expected of the body, after decompression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<BodyRule>,
    /// What is expected of the body as JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonRule>,
    /// The longest time for the whole run, name resolution and redirects included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<PromDuration>,
    /// How long each certificate of the chain must stay valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            status: vec![StatusRange::SUCCESS],
            version: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            json: Vec::new(),
            latency: None,
            certificate_validity: None,
        }
    }
}

/// A protocol version as it is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum HttpVersion {
    /// HTTP/1.0
    #[serde(rename = "HTTP/1.0")]
    Http10,
    /// HTTP/1.1
    #[serde(rename = "HTTP/1.1")]
    Http11,
    /// HTTP/2
    #[serde(rename = "HTTP/2", alias = "HTTP/2.0")]
    Http2,
}

/// Why a rule with these keys is not one rule.
fn not_one(given: &[(&str, bool)]) -> String {
    let mut present = given.iter().filter_map(|(key, is_given)| is_given.then_some(*key));
    if let (Some(first), Some(second)) = (present.next(), present.next()) {
        return format!("`{first}` and `{second}` exclude each other; make them two elements");
    }
    let keys: Vec<_> = given.iter().map(|(key, _)| format!("`{key}`")).collect();
    format!("one of {} is missing", keys.join(", "))
}

/// What is expected of one header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "HeaderKeys", into = "HeaderKeys")]
pub(super) struct HeaderRule {
    pub name: HeaderName,
    pub wanted: HeaderWanted,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum HeaderWanted {
    Present,
    Absent,
    Equals(String),
    Regex(Regex),
    NotRegex(Regex),
}

/// One header and exactly one expectation of it. A header that is there several times: `equals` and `regex` want one
/// of the values, `not_regex` wants none of them.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HeaderRule")]
#[serde(deny_unknown_fields, default)]
struct HeaderKeys {
    /// The header's name, in any case.
    name: String,
    /// Whether it must be there (`true`) or must not (`false`).
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<bool>,
    /// Whether it must be missing (`true`) or must not (`false`).
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<bool>,
    /// The whole value.
    #[serde(skip_serializing_if = "Option::is_none")]
    equals: Option<String>,
    /// Found somewhere in the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<Regex>,
    /// Found nowhere in the value; holds for a header that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_regex: Option<Regex>,
}

impl TryFrom<HeaderKeys> for HeaderRule {
    type Error = String;

    fn try_from(raw: HeaderKeys) -> Result<Self, String> {
        let name = HeaderName::try_from(&raw.name)
            .map_err(|_| format!("`name` is missing or no header's name: `{}`", raw.name))?;
        let given = [
            ("present", raw.present.is_some()),
            ("absent", raw.absent.is_some()),
            ("equals", raw.equals.is_some()),
            ("regex", raw.regex.is_some()),
            ("not_regex", raw.not_regex.is_some()),
        ];
        let wanted = match (raw.present, raw.absent, raw.equals, raw.regex, raw.not_regex) {
            (Some(true), None, None, None, None) | (None, Some(false), None, None, None) => {
                HeaderWanted::Present
            }
            (Some(false), None, None, None, None) | (None, Some(true), None, None, None) => {
                HeaderWanted::Absent
            }
            (None, None, Some(value), None, None) => HeaderWanted::Equals(value),
            (None, None, None, Some(regex), None) => HeaderWanted::Regex(regex),
            (None, None, None, None, Some(regex)) => HeaderWanted::NotRegex(regex),
            _ => return Err(not_one(&given)),
        };
        Ok(Self { name, wanted })
    }
}

impl From<HeaderRule> for HeaderKeys {
    fn from(rule: HeaderRule) -> Self {
        let mut raw = Self { name: rule.name.to_string(), ..Self::default() };
        match rule.wanted {
            HeaderWanted::Present => raw.present = Some(true),
            HeaderWanted::Absent => raw.absent = Some(true),
            HeaderWanted::Equals(value) => raw.equals = Some(value),
            HeaderWanted::Regex(regex) => raw.regex = Some(regex),
            HeaderWanted::NotRegex(regex) => raw.not_regex = Some(regex),
        }
        raw
    }
}

/// What is expected of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BodyKeys", into = "BodyKeys")]
pub(super) enum BodyRule {
    Contains(String),
    NotContains(String),
    Regex(Regex),
    NotRegex(Regex),
}

/// Exactly one expectation of the body.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BodyRule")]
#[serde(deny_unknown_fields, default)]
struct BodyKeys {
    /// This text is somewhere in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<String>,
    /// This text is nowhere in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_contains: Option<String>,
    /// This expression matches somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<Regex>,
    /// This expression matches nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_regex: Option<Regex>,
}

impl TryFrom<BodyKeys> for BodyRule {
    type Error = String;

    fn try_from(raw: BodyKeys) -> Result<Self, String> {
        let given = [
            ("contains", raw.contains.is_some()),
            ("not_contains", raw.not_contains.is_some()),
            ("regex", raw.regex.is_some()),
            ("not_regex", raw.not_regex.is_some()),
        ];
        match (raw.contains, raw.not_contains, raw.regex, raw.not_regex) {
            (Some(text), None, None, None) => Ok(Self::Contains(text)),
            (None, Some(text), None, None) => Ok(Self::NotContains(text)),
            (None, None, Some(regex), None) => Ok(Self::Regex(regex)),
            (None, None, None, Some(regex)) => Ok(Self::NotRegex(regex)),
            _ => Err(not_one(&given)),
        }
    }
}

impl From<BodyRule> for BodyKeys {
    fn from(rule: BodyRule) -> Self {
        let mut raw = Self::default();
        match rule {
            BodyRule::Contains(text) => raw.contains = Some(text),
            BodyRule::NotContains(text) => raw.not_contains = Some(text),
            BodyRule::Regex(regex) => raw.regex = Some(regex),
            BodyRule::NotRegex(regex) => raw.not_regex = Some(regex),
        }
        raw
    }
}

/// What is expected of the values that a path selects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "JsonKeys", into = "JsonKeys")]
pub(super) struct JsonRule {
    pub path: JsonPath,
    pub wanted: JsonWanted,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonWanted {
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

impl fmt::Display for HeaderWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("present"),
            Self::Absent => f.write_str("absent"),
            Self::Equals(text) => write!(f, "\"{text}\""),
            Self::Regex(regex) => write!(f, "matches {regex:?}"),
            Self::NotRegex(regex) => write!(f, "does not match {regex:?}"),
        }
    }
}

impl fmt::Display for BodyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(text) => write!(f, "contains \"{text}\""),
            Self::NotContains(text) => write!(f, "does not contain \"{text}\""),
            Self::Regex(regex) => write!(f, "matches {regex:?}"),
            Self::NotRegex(regex) => write!(f, "does not match {regex:?}"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Expect, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = r#"{"status":[200,"3xx"],"version":["HTTP/2"],
            "headers":[{"name":"etag","present":true},{"name":"x","absent":true},{"name":"y","equals":"1"},
                       {"name":"z","regex":"a+"},{"name":"z","not_regex":"b"}],
            "body":[{"contains":"a"},{"not_contains":"b"},{"regex":"c"},{"not_regex":"d"}],
            "json":[{"path":"$.a","equals":{"b":[1,null]}},{"path":"$.a[?@.b > 1]","exists":false},
                    {"path":"$.n","greater":1.5},{"path":"$.n","less":2.0},{"path":"$..s","regex":"^x"}],
            "latency":"500ms","certificate_validity":"2w"}"#;
        let expect = parse(text).unwrap();
        let written = serde_json::to_value(&expect).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(written, wanted);
        assert_eq!(serde_json::from_value::<Expect>(written).unwrap(), expect);
    }

    #[test]
    fn mistakes_name_the_keys() {
        for (text, why) in [
            (
                r#"{"body":[{}]}"#,
                "one of `contains`, `not_contains`, `regex`, `not_regex` is missing",
            ),
            (r#"{"body":[{"contains":"a","regex":"b"}]}"#, "`contains` and `regex` exclude"),
            (r#"{"body":[{"regex":"("}]}"#, "not a regular expression"),
            (r#"{"headers":[{"name":"a"}]}"#, "one of `present`"),
            (r#"{"headers":[{"equals":"a"}]}"#, "`name` is missing"),
            (r#"{"headers":[{"name":"a","present":true,"absent":true}]}"#, "exclude"),
            (r#"{"json":[{"path":"$.a"}]}"#, "one of `equals`"),
            (r#"{"json":[{"path":"a.b","exists":true}]}"#, "not a JSONPath"),
            (r#"{"json":[{"path":"$.a","greater":1,"less":2}]}"#, "exclude"),
            (r#"{"status":["2y"]}"#, "no status"),
            (r#"{"version":["HTTP/3"]}"#, "HTTP/1.1"),
            (r#"{"statuses":[]}"#, "unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}
