//! A silence as somebody asks for it.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::SilenceError;
use crate::model::{
    MatchOp, Matcher, Pairs, Silence, SilenceId,
    matcher::{Patterns, Quoted, Syntax, regexp_error},
};

/// What a client posts, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceDraft {
    /// Which silence is changed; empty for a new one.
    pub id: Arc<str>,
    /// Compiled before the pipeline sees them, for that can take long; or what is wrong with them.
    pub matchers: Result<Arc<[Matcher]>, String>,
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

/// The most matchers of one silence. People write a handful; each of them is tried on many alerts.
const MATCHERS: usize = 1000;

/// What the compiled patterns of one silence may take: four thousand names of hosts with dots that nobody escaped. A
/// stranger's, and it is compiled at every start.
const PATTERNS: usize = 8 << 20;

/// Go's zero time, before which nothing is.
const ZERO: i64 = -62_135_596_800;

impl SilenceDraft {
    /// The silence this would be; its id and times are not settled yet.
    pub(super) fn checked(&self, now: Timestamp) -> Result<Silence, SilenceError> {
        let is_set = |time: &Timestamp| time.as_second() != ZERO;
        let starts_at = self.starts_at.filter(is_set);
        let invalid = |why: &str| SilenceError::Invalid(why.to_owned());
        if starts_at.is_some_and(|start| start >= self.ends_at) || !is_set(&self.ends_at) {
            return Err(invalid("Failed to create silence: start time must be before end time"));
        }
        if self.ends_at < now {
            return Err(invalid("Failed to create silence: end time can't be in the past"));
        }
        let matchers = self.matchers.as_ref();
        let matchers =
            matchers.map_err(|why| SilenceError::Invalid(format!("invalid silence: {why}")))?;
        Ok(Silence {
            id: SilenceId(Uuid::nil()),
            matchers: Arc::clone(matchers),
            starts_at: starts_at.unwrap_or(now),
            ends_at: self.ends_at,
            updated_at: now,
            created_by: Arc::clone(&self.created_by),
            comment: Arc::clone(&self.comment),
            annotations: self.annotations.clone(),
        })
    }
}

/// Compiles the matchers of a silence. It can take a second, so not where others wait.
///
/// # Errors
/// What is wrong with them, in Alertmanager's words.
pub fn silence_matchers(drafts: &[DraftMatcher], syntax: Syntax) -> Result<Arc<[Matcher]>, String> {
    if drafts.is_empty() {
        return Err("matcher set 0 is empty".to_owned());
    }
    if drafts.len() > MATCHERS {
        return Err(format!("matcher set 0 has more than {MATCHERS} matchers"));
    }
    let mut patterns = Patterns::within(PATTERNS);
    let compiled = drafts.iter().enumerate().map(|(at, matcher)| {
        let in_place = |why| format!("invalid label matcher {at} in set 0: {why}");
        matcher.compiled(syntax, &mut patterns).map_err(in_place)
    });
    let compiled: Vec<Matcher> = compiled.collect::<Result<_, _>>()?;
    // One that denies counts as telling something, whatever it denies.
    let says_nothing = |matcher: &Matcher| matcher.op.is_positive() && matcher.matches("");
    if compiled.iter().all(says_nothing) {
        return Err(
            "matcher set 0: at least one matcher must not match the empty string".to_owned()
        );
    }
    Ok(compiled.into())
}

/// Compiles those of a silence that is on disk; `None` where they no longer fit.
pub(super) fn restored_matchers(written: &[Matcher]) -> Option<Arc<[Matcher]>> {
    let mut patterns = Patterns::within(PATTERNS);
    let fit = written.len() <= MATCHERS;
    fit.then(|| written.iter().map(|one| one.compiled(&mut patterns).ok()).collect()).flatten()
}

impl DraftMatcher {
    fn compiled(&self, syntax: Syntax, patterns: &mut Patterns) -> Result<Matcher, String> {
        if !syntax.accepts_name(&self.name) {
            return Err(format!("invalid label name {}", Quoted(&self.name)));
        }
        // The pattern as it stands, without anchors: `a)|(b` is none, and Go's sentence names it so.
        let alone = self.op.is_regex().then(|| regexp_error(&self.value)).flatten();
        let bad = |why| format!("invalid regular expression {}: {why}", Quoted(&self.value));
        match alone {
            Some(why) => Err(bad(why)),
            None => Matcher::written(Arc::clone(&self.name), self.op, Arc::clone(&self.value))
                .compiled(patterns)
                .map_err(bad),
        }
    }
}
