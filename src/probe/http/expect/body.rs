//! Rules about the body as text.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::not_one;
use crate::re2::Regex;

/// What is expected of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BodyKeys", into = "BodyKeys")]
pub(in super::super) enum BodyRule {
    Contains(String),
    NotContains(String),
    Regex(Regex),
    NotRegex(Regex),
}

impl BodyRule {
    /// Whether it is a regular expression.
    pub(in super::super) const fn is_regex(&self) -> bool {
        matches!(self, Self::Regex(_) | Self::NotRegex(_))
    }
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
