//! Matchers of labels: `severity="critical"`, `job=~"api|web"`.
//!
//! Contract: as Alertmanager 0.33 reads, writes, orders and applies them; regular expressions are RE2 and anchored.
//! [`Syntax`] reads them from text, [`Matcher`]'s `Display` writes them, [`all_match`] applies them.

mod classic;
mod lexer;
mod pattern;
mod quote;
mod syntax;
#[cfg(test)]
mod tests;
mod utf8;

use std::{cmp::Ordering, fmt, sync::Arc};

use self::pattern::Pattern;
pub use self::{
    pattern::{Patterns, regexp_error},
    quote::Quoted,
    syntax::{Read, Remark, Syntax},
};
use super::Pairs;

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

    /// By the two questions the v2 API asks.
    pub const fn from_flags(is_regex: bool, is_equal: bool) -> Self {
        match (is_regex, is_equal) {
            (false, true) => Self::Equal,
            (false, false) => Self::NotEqual,
            (true, true) => Self::Regex,
            (true, false) => Self::NotRegex,
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
    pattern: Option<Pattern>,
}

impl Matcher {
    /// Compiles a matcher.
    ///
    /// # Errors
    /// Why the value is no regular expression, in the words of Go's `regexp`.
    pub fn new(
        name: impl Into<Arc<str>>,
        op: MatchOp,
        value: impl Into<Arc<str>>,
    ) -> Result<Self, String> {
        Self::written(name, op, value).compiled(&mut Patterns::default())
    }

    /// A matcher as it is written. One with a pattern matches nothing as long as it is not [compiled](Self::compiled).
    pub fn written(name: impl Into<Arc<str>>, op: MatchOp, value: impl Into<Arc<str>>) -> Self {
        let pattern = op.is_regex().then_some(Pattern::Unread);
        Self { name: name.into(), op, value: value.into(), pattern }
    }

    /// The same, with its pattern compiled.
    ///
    /// # Errors
    /// Why the value is no regular expression, in the words of Go's `regexp`, or that there is no room for it.
    pub fn compiled(&self, patterns: &mut Patterns) -> Result<Self, String> {
        let pattern = self.op.is_regex().then(|| patterns.compiled(&self.value)).transpose()?;
        Ok(Self {
            name: Arc::clone(&self.name),
            op: self.op,
            value: Arc::clone(&self.value),
            pattern,
        })
    }

    /// The same as it was written: nothing of it is compiled any more.
    #[must_use]
    pub fn uncompiled(&self) -> Self {
        Self::written(Arc::clone(&self.name), self.op, Arc::clone(&self.value))
    }

    /// How many bytes it takes, without the place that a pattern works in.
    pub fn size(&self) -> usize {
        let pattern = self.pattern.as_ref().map_or(0, Pattern::size);
        size_of::<Self>() + self.name.len() + self.value.len() + pattern
    }

    /// Whether it may take long to tell whether something matches.
    pub fn is_slow(&self) -> bool {
        self.pattern.as_ref().is_some_and(Pattern::is_engine)
    }

    /// Whether a label of this value matches.
    pub fn matches(&self, value: &str) -> bool {
        self.try_match(value, &mut { usize::MAX }).unwrap_or(false)
    }

    /// Whether a label of this value matches; `None` where a pattern takes more effort than is left
    /// ([`Whole::try_match`](crate::re2::Whole::try_match)).
    pub fn try_match(&self, value: &str, effort: &mut usize) -> Option<bool> {
        let same = match &self.pattern {
            Some(Pattern::Unread) => return Some(false),
            Some(pattern) => pattern.try_match(value, effort)?,
            None => *self.value == *value,
        };
        Some(same == self.op.is_positive())
    }

    /// Whether the label of that name matches; a missing one is empty.
    pub fn matches_in(&self, labels: &Pairs) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }

    /// The only values that match, where they can be told: those of `=` and of `=~` with plain alternatives. An index can
    /// look them up.
    pub fn values(&self) -> Option<Vec<&str>> {
        match (self.op, &self.pattern) {
            (MatchOp::Equal, _) => Some(vec![&self.value]),
            (MatchOp::Regex, Some(pattern)) => pattern.literals(),
            _ => None,
        }
    }

    /// Texts one of which begins every value that matches, where they can be told: those of `=~` with `api-.*`. None of
    /// them is empty, and no value begins with two of them.
    pub fn prefixes(&self) -> Option<Vec<&str>> {
        let pattern = self.pattern.as_ref().filter(|_| self.op == MatchOp::Regex)?;
        pattern.prefixes()
    }
}

/// Whether all matchers match.
pub fn all_match(matchers: &[Matcher], labels: &Pairs) -> bool {
    matchers.iter().all(|matcher| matcher.matches_in(labels))
}

/// Whether all matchers match; `None` where their patterns take more effort than is left. What is plain is looked at first.
pub fn try_all_match(matchers: &[Matcher], labels: &Pairs, effort: &mut usize) -> Option<bool> {
    for slow in [false, true] {
        for matcher in matchers.iter().filter(|matcher| matcher.is_slow() == slow) {
            let value = labels.get(&matcher.name).unwrap_or_default();
            if !matcher.try_match(value, effort)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// Writes a list as Alertmanager does in group keys: `{a="b",c=~"d"}`.
pub fn braced(matchers: &[Matcher]) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        f.write_str("{")?;
        for (at, matcher) in matchers.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{matcher}")?;
        }
        f.write_str("}")
    })
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Matcher {}

impl PartialOrd for Matcher {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As Alertmanager sorts the matchers of a route: by name, value, operator.
impl Ord for Matcher {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.value, self.op).cmp(&(&other.name, &other.value, other.op))
    }
}

/// As Alertmanager writes it in group keys and configurations: `name="value"`. A name that only the UTF-8 syntax can read
/// is quoted as Go quotes, and so is its value then; else the value is escaped as in OpenMetrics.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = self.op.sign();
        if self.name.contains(lexer::is_reserved) {
            write!(f, "{}{sign}{}", Quoted(&self.name), Quoted(&self.value))
        } else {
            write!(f, "{}{sign}\"{}\"", self.name, quote::escaped(&self.value))
        }
    }
}
