//! Go's `time` package, as far as templates can reach it.
//!
//! Contract: pure. Layouts are Go's reference time (`Mon Jan 2 15:04:05 MST 2006`).

mod format;
mod layout;
mod moment;
mod parse;
mod span;
mod zone;

#[cfg(test)]
mod tests;

pub(super) use moment::Moment;
pub(super) use parse::parse;
pub(super) use span::{SECOND, Span};
pub(super) use zone::Zone;

/// As English and Go have them.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday, as Go counts.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The name of a month or weekday, by its place in a table.
pub(super) fn named(names: &'static [&'static str], at: i8) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}
