//! A silence as somebody asks for it.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::SilenceError;
use crate::model::{
    MatchOp, Matcher, Pairs, Silence, SilenceId,
    matcher::{Quoted, Syntax, regexp_error},
};

/// What a client posts, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceDraft {
    /// Which silence is changed; empty for a new one.
    pub id: Arc<str>,
    /// In their order.
    pub matchers: Vec<DraftMatcher>,
    /// `None` and Go's zero time (`0001-01-01T00:00:00Z`) mean now.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Timestamp,
    /// May be empty.
    pub created_by: Arc<str>,
    /// May be empty.
    pub comment: Arc<str>,
    /// Further facts.
    pub annotations: Pairs,
}

/// A matcher whose value may be no regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftMatcher {
    /// The label's name.
    pub name: Arc<str>,
    /// [`MatchOp::from_flags`] of `isRegex` and `isEqual`.
    pub op: MatchOp,
    /// The value.
    pub value: Arc<str>,
}

/// Go's zero time, before which nothing is.
const ZERO: i64 = -62_135_596_800;

impl SilenceDraft {
    /// The silence this would be; its id and times are not settled yet.
    pub(super) fn checked(&self, syntax: Syntax, now: Timestamp) -> Result<Silence, SilenceError> {
        let is_set = |time: &Timestamp| time.as_second() != ZERO;
        let starts_at = self.starts_at.filter(is_set);
        let invalid = |why: &str| SilenceError::Invalid(why.to_owned());
        if starts_at.is_some_and(|start| start >= self.ends_at) || !is_set(&self.ends_at) {
            return Err(invalid("Failed to create silence: start time must be before end time"));
        }
        if self.ends_at < now {
            return Err(invalid("Failed to create silence: end time can't be in the past"));
        }
        let matchers = self
            .matchers(syntax)
            .map_err(|why| SilenceError::Invalid(format!("invalid silence: {why}")))?;
        Ok(Silence {
            id: SilenceId(Uuid::nil()),
            matchers: matchers.into(),
            starts_at: starts_at.unwrap_or(now),
            ends_at: self.ends_at,
            updated_at: now,
            created_by: Arc::clone(&self.created_by),
            comment: Arc::clone(&self.comment),
            annotations: self.annotations.clone(),
        })
    }

    fn matchers(&self, syntax: Syntax) -> Result<Vec<Matcher>, String> {
        if self.matchers.is_empty() {
            return Err("matcher set 0 is empty".to_owned());
        }
        let compiled = self.matchers.iter().enumerate().map(|(at, matcher)| {
            let in_place = |why| format!("invalid label matcher {at} in set 0: {why}");
            matcher.compiled(syntax).map_err(in_place)
        });
        let compiled: Vec<Matcher> = compiled.collect::<Result<_, _>>()?;
        // One that denies counts as telling something, whatever it denies.
        let says_nothing = |matcher: &Matcher| matcher.op.is_positive() && matcher.matches("");
        if compiled.iter().all(says_nothing) {
            return Err(
                "matcher set 0: at least one matcher must not match the empty string".to_owned()
            );
        }
        Ok(compiled)
    }
}

impl DraftMatcher {
    fn compiled(&self, syntax: Syntax) -> Result<Matcher, String> {
        if !syntax.accepts_name(&self.name) {
            return Err(format!("invalid label name {}", Quoted(&self.name)));
        }
        // The pattern as it stands, without anchors: `a)|(b` is none, and Go's sentence names it so.
        let alone = self.op.is_regex().then(|| regexp_error(&self.value)).flatten();
        let bad = |why| format!("invalid regular expression {}: {why}", Quoted(&self.value));
        match alone {
            Some(why) => Err(bad(why)),
            None => {
                Matcher::new(Arc::clone(&self.name), self.op, Arc::clone(&self.value)).map_err(bad)
            }
        }
    }
}
