//! Rules about one header.

use std::fmt;

use hyper::header::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::not_one;
use crate::re2::Regex;

/// What is expected of one header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "HeaderKeys", into = "HeaderKeys")]
pub(in super::super) struct HeaderRule {
    pub name: HeaderName,
    pub wanted: HeaderWanted,
}

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum HeaderWanted {
    Present,
    Absent,
    Equals(String),
    /// One of the values matches; `optional` is what is said of a header that is missing.
    Regex {
        regex: Regex,
        optional: bool,
    },
    /// None of the values matches.
    NotRegex {
        regex: Regex,
        optional: bool,
    },
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
    /// Found somewhere in one of the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<Regex>,
    /// Found in none of the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_regex: Option<Regex>,
    /// Beside `regex` and `not_regex`: whether the rule holds for a header that is missing. Without this key `regex` does not
    /// and `not_regex` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    optional: Option<bool>,
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
            (None, None, None, Some(regex), None) => {
                HeaderWanted::Regex { regex, optional: raw.optional.unwrap_or(false) }
            }
            (None, None, None, None, Some(regex)) => {
                HeaderWanted::NotRegex { regex, optional: raw.optional.unwrap_or(true) }
            }
            _ => return Err(not_one(&given)),
        };
        let by_regex = matches!(wanted, HeaderWanted::Regex { .. } | HeaderWanted::NotRegex { .. });
        if raw.optional.is_some() && !by_regex {
            return Err("`optional` goes with `regex` and `not_regex` alone".into());
        }
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
            HeaderWanted::Regex { regex, optional } => {
                (raw.regex, raw.optional) = (Some(regex), optional.then_some(true));
            }
            HeaderWanted::NotRegex { regex, optional } => {
                (raw.not_regex, raw.optional) = (Some(regex), (!optional).then_some(false));
            }
        }
        raw
    }
}

impl fmt::Display for HeaderWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("present"),
            Self::Absent => f.write_str("absent"),
            Self::Equals(text) => write!(f, "\"{text}\""),
            Self::Regex { regex, optional: false } => write!(f, "matches {regex:?}"),
            Self::Regex { regex, optional: true } => write!(f, "absent, or matches {regex:?}"),
            Self::NotRegex { regex, optional: true } => write!(f, "does not match {regex:?}"),
            Self::NotRegex { regex, optional: false } => {
                write!(f, "present, and does not match {regex:?}")
            }
        }
    }
}
