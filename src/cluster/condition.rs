//! Conditions, as most kinds have them in their status.

use serde::Deserialize;

use super::{pool::Word, wire::Time};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type", default)]
    pub kind: Word,
    /// `True`, `False` or `Unknown`.
    #[serde(default)]
    pub status: Word,
    /// Why.
    #[serde(default)]
    pub reason: Word,
    /// Since when it has this status.
    #[serde(default)]
    pub last_transition_time: Time,
}
