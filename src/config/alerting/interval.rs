//! `[time_intervals.NAME]`: one table, or an array of tables of which any will do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Times that all its keys agree on; a key that is left out agrees with every time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IntervalKeys {
    /// Times of the day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<TimesKeys>,
    /// Days of the week, or ranges of them: `"monday:friday"`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<String>,
    /// Days of the month, or ranges of them; from its end when negative: `"1:5"`, `"-3:-1"`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days_of_month: Vec<String>,
    /// Months by name or number, or ranges of them: `"january:march"`, `"12"`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub months: Vec<String>,
    /// Years, or ranges of them: `"2026:2028"`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub years: Vec<String>,
    /// The time zone all of it is meant in, such as `Europe/Berlin`; `Local` is that of this machine. UTC when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A part of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimesKeys {
    /// From then, `HH:MM`.
    pub start_time: String,
    /// Until then, exclusive; `24:00` is the day's end. It must be later than the start.
    pub end_time: String,
}

impl IntervalKeys {
    pub(super) fn compile(
        &self,
        _at: &crate::config::finding::Path,
        _compile: &mut super::compile::Compile<'_>,
    ) -> Option<crate::alert::spec::TimeInterval> {
        Some(crate::alert::spec::TimeInterval::default())
    }
}
