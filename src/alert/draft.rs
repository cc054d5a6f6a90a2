//! A silence as somebody wants it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Matcher, Pairs, SilenceId};

/// A silence to be made, or to be changed if it names one.
#[derive(Debug, Clone, PartialEq)]
pub struct SilenceDraft {
    /// The silence to change.
    pub id: Option<SilenceId>,
    /// All of them must match.
    pub matchers: Arc<[Matcher]>,
    /// From when; the past is moved to now.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who makes it, by their own words.
    pub created_by: Arc<str>,
    /// Why.
    pub comment: Arc<str>,
    /// Further facts.
    pub annotations: Pairs,
}

/// Why a silence was not made, changed or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// There is none of that name.
    #[error("silence not found")]
    NotFound,
    /// What is wrong with it, in Alertmanager's words.
    #[error("{0}")]
    Invalid(String),
}
