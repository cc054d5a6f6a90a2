//! Schedules of cron jobs, as kube-state-metrics 2.20 reads them: with `ParseStandard` of Go's `netresearch/go-cron`.
//!
//! Contract: pure, and equal to that library to the second, its oddities included: days of the month and of the week
//! restrict each other, ranges go over the end, and an hour that a change of the clock skips is made up for. No schedule
//! takes long, whatever it says.

mod field;
mod search;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::{
    Timestamp, ToSpan as _,
    tz::{TimeZone, TimeZoneDatabase},
};

use crate::model::go_duration;
use search::Calendar;

/// A schedule.
#[derive(Debug)]
pub(in crate::cluster) enum Schedule {
    /// By the calendar.
    Calendar(Calendar),
    /// So many seconds after each other.
    Every(i64),
    /// Only by hand.
    Never,
}

/// A longer text is none.
const LONGEST: usize = 1024;

impl Schedule {
    /// Reads a schedule; `None` if it is none. Without a time zone, of its own or in the text, it goes by the machine's.
    pub(in crate::cluster) fn parse(text: &str, zone: Option<&str>) -> Option<Self> {
        // Where Go puts the zone, so that one with a blank breaks the text as it does there.
        let text =
            zone.map_or(Cow::Borrowed(text), |zone| Cow::Owned(format!("CRON_TZ={zone} {text}")));
        if text.len() > LONGEST {
            return None;
        }
        let (zone, text) = zoned(&text)?;
        if text.starts_with('@') {
            return Self::named(text, zone);
        }
        Self::by_calendar(text, zone)
    }

    fn named(text: &str, zone: TimeZone) -> Option<Self> {
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            "@triggered" | "@manual" | "@none" => return Some(Self::Never),
            _ => {
                let seconds = go_duration::parse(text.strip_prefix("@every ")?)? / 1_000_000_000;
                return (seconds > 0).then_some(Self::Every(seconds));
            }
        };
        Self::by_calendar(fields, zone)
    }

    fn by_calendar(text: &str, zone: TimeZone) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let calendar = Calendar::parse(fields.try_into().ok()?, zone)?;
        // The search would find it out after five years of minutes.
        Some(if calendar.is_possible() { Self::Calendar(calendar) } else { Self::Never })
    }

    /// The first time after another one; `None` if there is none within five years.
    pub(in crate::cluster) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Calendar(calendar) => calendar.next(after),
            Self::Every(seconds) => after.checked_add(seconds.seconds()).ok(),
            Self::Never => None,
        }
    }
}

/// The time zone in front of a text, and what follows it.
fn zoned(text: &str) -> Option<(TimeZone, &str)> {
    let Some(zoned) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Some((TimeZone::system(), text));
    };
    let (name, rest) = zoned.split_once(' ')?;
    let quoted = |quote| name.strip_prefix(quote)?.strip_suffix(quote);
    Some((zone(quoted('"').or_else(|| quoted('\'')).unwrap_or(name))?, rest.trim()))
}

/// A zone by its name. Go minds upper and lower case, and knows the machine's zone as `Local`.
fn zone(name: &str) -> Option<TimeZone> {
    if name == "Local" {
        return Some(TimeZone::system());
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}
