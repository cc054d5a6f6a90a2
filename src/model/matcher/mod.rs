//! Matchers of labels: `severity="critical"`, `job=~"api|web"`.
//!
//! Contract: as Alertmanager 0.33 reads, writes and applies them; regular expressions are RE2 and anchored.

use std::{fmt, sync::Arc};

use super::Pairs;
use crate::re2::Regex;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    /// Whether a label that compares is a match: false for the two that deny.
    pub const fn is_positive(self) -> bool {
        matches!(self, Self::Equal | Self::Regex)
    }

    /// Whether the value is a regular expression.
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }
}

/// One condition on one label. A label that is missing has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: Arc<str>,
    /// How.
    pub op: MatchOp,
    /// With what; for a regular expression as it was written, without anchors.
    pub value: Arc<str>,
    regex: Option<Regex>,
}

impl Matcher {
    /// Compiles a matcher.
    ///
    /// # Errors
    /// Why the value is no regular expression.
    pub fn new(
        name: impl Into<Arc<str>>,
        op: MatchOp,
        value: impl Into<Arc<str>>,
    ) -> Result<Self, String> {
        let value: Arc<str> = value.into();
        let regex = op.is_regex().then(|| format!("^(?:{value})$").parse()).transpose()?;
        Ok(Self { name: name.into(), op, value, regex })
    }

    /// Whether a label of this value matches.
    pub fn matches(&self, value: &str) -> bool {
        let same = match &self.regex {
            Some(regex) => regex.is_match(value.as_bytes()),
            None => *self.value == *value,
        };
        same == self.op.is_positive()
    }

    /// Whether the label of that name matches; a missing one is empty.
    pub fn matches_in(&self, labels: &Pairs) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }
}

/// Whether all matchers match.
pub fn all_match(matchers: &[Matcher], labels: &Pairs) -> bool {
    matchers.iter().all(|matcher| matcher.matches_in(labels))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// As Alertmanager writes it in group keys: `name="value"`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The alert stage's author brings Go's quoting of names and values.
        write!(f, "{}{}{:?}", self.name, self.op.sign(), self.value)
    }
}
