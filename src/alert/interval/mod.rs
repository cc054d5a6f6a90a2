//! Time intervals: when a route is muted or active.
//!
//! Contract: as Alertmanager 0.33 reads, writes and applies them, its sentences included; only that a month in which the
//! clocks change has all of its days here. Every part reads from the text of an `alertmanager.yml` with `FromStr` (or serde)
//! and displays as Alertmanager writes it into `config.original`. No clock is read: [`TimeInterval::contains`] is given the time.

mod place;
mod range;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    place::Location,
    range::{DayRange, MonthRange, TimeRange, WeekdayRange, YearRange},
};

/// One entry of an interval. What is said must all be so; what is not said is always so, and an empty list never is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeInterval {
    /// Times of the day: from `start_time`, until before `end_time`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub times: Option<Vec<TimeRange>>,
    /// Days of the week: `saturday`, `monday:friday`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub weekdays: Option<Vec<WeekdayRange>>,
    /// Days of the month, negative ones from its end: `1:5`, `-3:-1`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub days_of_month: Option<Vec<DayRange>>,
    /// Months by name or number: `january:march`, `12`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub months: Option<Vec<MonthRange>>,
    /// Years: `2026`, `2026:2028`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub years: Option<Vec<YearRange>>,
    /// The time zone that all of this is meant in, as IANA names it; UTC where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Alertmanager leaves out empty lists too.
#[expect(clippy::ref_option, reason = "serde gives the field as it is")]
fn is_nothing<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

impl TimeInterval {
    /// Whether a moment is inside.
    pub fn contains(&self, now: Timestamp) -> bool {
        let zone = self.location.as_ref().map_or(const { &TimeZone::UTC }, Location::zone);
        let wall = zone.to_datetime(now);
        any(self.times.as_deref(), |range| range.contains(wall.time()))
            && any(self.days_of_month.as_deref(), |range| range.contains(wall.date()))
            && any(self.months.as_deref(), |range| range.contains(wall.month()))
            && any(self.weekdays.as_deref(), |range| range.contains(wall.weekday()))
            && any(self.years.as_deref(), |range| range.contains(wall.year()))
    }
}

fn any<T>(ranges: Option<&[T]>, contains: impl Fn(&T) -> bool) -> bool {
    ranges.is_none_or(|ranges| ranges.iter().any(contains))
}

/// Of these named intervals those that a moment is in, in the order in which they are named: `mutedBy` of the v2 API.
/// `defined` is the configuration's `time_intervals`; a name without one is never in force.
pub fn in_force<'n>(
    names: &'n [Arc<str>],
    defined: &[(Arc<str>, Vec<TimeInterval>)],
    now: Timestamp,
) -> Vec<&'n Arc<str>> {
    let is_in = |name: &&Arc<str>| {
        let entries = defined.iter().find(|(own, _)| own == *name).map(|(_, entries)| entries);
        entries.is_some_and(|entries| entries.iter().any(|entry| entry.contains(now)))
    };
    names.iter().filter(is_in).collect()
}
