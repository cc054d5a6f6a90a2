//! A recurrence rule with its length and zone.

use std::{fmt, sync::Arc, time::Duration};

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use rrule::RRuleSet;

use super::{
    WindowError,
    parts::{BASIC, Frequency, Parts, named, wall_clock},
};

/// A rule of RFC 5545 (`RRULE`) with the length of its occurrences, in a time zone.
///
/// The rule is followed on the wall clock and its times are then looked up in the zone, as the RFC wants it: 02:30 on the
/// night it is skipped is 03:30, and where it comes twice the first one counts.
#[derive(Clone)]
pub struct Recurrence {
    written: Arc<str>,
    zone_name: Arc<str>,
    duration: Duration,
    zone: TimeZone,
    rule: Arc<Rule>,
}

/// The rule taken apart.
#[derive(Debug)]
struct Rule {
    /// On the wall clock.
    start: DateTime,
    frequency: Frequency,
    interval: i64,
    counted: bool,
    /// `RRULE` and `EXDATE` for the crate, whose UTC is our wall clock.
    lines: String,
}

/// The most occurrences within a day.
const MOST_A_DAY: usize = 24;
/// The largest `COUNT`: so many occurrences are walked from the start for each answer.
const MOST_COUNTED: u32 = 2_000;
/// The most occurrences looked at for one answer: more than four years of the densest rule.
const MOST_EXAMINED: usize = 40_000;
/// The longest an occurrence may be.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// How much text is read.
const LONGEST_TEXT: usize = 4096;

impl Recurrence {
    /// Reads a rule: a line `RRULE:FREQ=...` (its name may be left out), a line `DTSTART:20260101T020000` where the rule
    /// counts from somewhere, lines `EXDATE:...` for exceptions. Times without `Z` are meant in the zone. `FREQ` is
    /// `HOURLY` or longer, and a day has at most 24 occurrences, so that an answer is found in bounded time.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn new(rule: &str, zone_name: &str, duration: Duration) -> Result<Self, WindowError> {
        if duration.is_zero() || duration > LONGEST {
            return Err(WindowError::Duration);
        }
        let unknown = || WindowError::TimeZone(zone_name.chars().take(64).collect());
        let zone = TimeZone::get(zone_name).map_err(|_| unknown())?;
        let parsed = Rule::parse(rule, zone_name, &zone).map_err(WindowError::Rule)?;
        Ok(Self {
            written: rule.into(),
            zone_name: zone_name.into(),
            duration,
            zone,
            rule: parsed.into(),
        })
    }

    /// As it was written.
    pub fn rule(&self) -> &str {
        &self.written
    }

    /// The time zone's name.
    pub fn time_zone(&self) -> &str {
        &self.zone_name
    }

    /// How long an occurrence is.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    pub(super) fn occurrence_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let earliest = now.checked_sub(SignedDuration::try_from(self.duration).ok()?).ok()?;
        let running = self.from(earliest).take_while(|(start, _)| *start <= now);
        running.filter(|(_, end)| now < *end).last()
    }

    pub(super) fn next_after(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.from(now).find(|(start, _)| now < *start)
    }

    /// Occurrences in their order, from some before that moment on.
    fn from(&self, moment: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let wall = self.zone.to_datetime(moment);
        self.rule.from(wall).filter_map(|wall| {
            let start = self.zone.to_ambiguous_zoned(wall).compatible().ok()?.timestamp();
            Some((start, start.checked_add(self.duration).ok()?))
        })
    }
}

impl fmt::Debug for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} for {:?} in {}", self.written, self.duration, self.zone_name)
    }
}

impl PartialEq for Recurrence {
    fn eq(&self, other: &Self) -> bool {
        (&self.written, &self.zone_name, self.duration)
            == (&other.written, &other.zone_name, other.duration)
    }
}

impl Rule {
    fn parse(text: &str, zone_name: &str, zone: &TimeZone) -> Result<Self, String> {
        if text.len() > LONGEST_TEXT {
            return Err(format!("it is longer than {LONGEST_TEXT} bytes"));
        }
        let (mut start, mut rule, mut exceptions) = (None, None, String::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let bare = line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("FREQ="));
            let (head, value) = if bare { ("RRULE", line) } else { named(line)? };
            let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
            let moment = |value| wall_clock(value, parameters, zone_name, zone);
            match name.to_ascii_uppercase().as_str() {
                "DTSTART" if start.is_none() => start = Some(moment(value)?),
                "RRULE" if rule.is_none() => rule = Some(value.to_ascii_uppercase()),
                "EXDATE" => {
                    for value in value.split(',') {
                        exceptions.push_str("\nEXDATE:");
                        exceptions.push_str(&moment(value)?.strftime(BASIC).to_string());
                    }
                }
                twice @ ("DTSTART" | "RRULE") => return Err(format!("{twice} stands there twice")),
                other => {
                    return Err(format!("`{other}` is not read; DTSTART, RRULE and EXDATE are"));
                }
            }
        }
        let rule = rule.ok_or("there is no RRULE")?;
        Self::checked(&rule, start, &exceptions, zone)
    }

    fn checked(
        rule: &str,
        start: Option<DateTime>,
        exceptions: &str,
        zone: &TimeZone,
    ) -> Result<Self, String> {
        let parts = Parts::read(rule)?;
        let (frequency, interval) = (parts.frequency()?, parts.number("INTERVAL")?.unwrap_or(1));
        let count = parts.number("COUNT")?;
        if interval == 0 {
            return Err("INTERVAL must be at least 1".to_owned());
        }
        if count.is_some_and(|count| count > MOST_COUNTED) {
            return Err(format!("COUNT must be at most {MOST_COUNTED}; UNTIL has no such limit"));
        }
        if parts.a_day(frequency) > MOST_A_DAY {
            return Err(format!("it would begin more than {MOST_A_DAY} times a day"));
        }
        if start.is_none() {
            parts.stand_alone(frequency, interval, count.is_some())?;
        }
        let start = start.unwrap_or(Date::constant(2000, 1, 1).at(0, 0, 0, 0));
        if !(1970..=2999).contains(&start.year()) {
            return Err("DTSTART must be between the years 1970 and 2999".to_owned());
        }
        let parsed = Self {
            start,
            frequency,
            interval: i64::from(interval),
            counted: count.is_some(),
            lines: format!("RRULE:{}{exceptions}", parts.on_the_wall_clock(zone)?),
        };
        let set = parsed.set(start).map_err(|why| format!("`{rule}`: {why}"))?;
        if set.into_iter().next().is_none() {
            return Err(format!("`{rule}` never comes"));
        }
        Ok(parsed)
    }

    fn set(&self, start: DateTime) -> Result<RRuleSet, rrule::RRuleError> {
        let text = format!("DTSTART:{}\n{}", start.strftime(BASIC), self.lines);
        text.parse::<RRuleSet>().map(RRuleSet::limit)
    }

    /// Occurrences on the wall clock, from some before that moment on.
    fn from(&self, moment: DateTime) -> impl Iterator<Item = DateTime> + use<> {
        // A day earlier: a zone may skip or repeat hours in between.
        let moment = moment.checked_sub(Span::new().days(1)).unwrap_or(moment);
        let start = self.anchor(moment).unwrap_or(self.start);
        let dates = self.set(start).ok().map(|set| set.into_iter().take(MOST_EXAMINED));
        dates.into_iter().flatten().filter_map(move |date| {
            let wall = Timestamp::from_second(date.timestamp()).ok()?;
            Some(TimeZone::UTC.to_datetime(wall)).filter(|wall| *wall >= moment)
        })
    }

    /// A start shortly before that moment from which the rule runs as from its own: whole intervals later, on the same
    /// weekday, day of the month or day of the year. `None` where it must run from its own.
    fn anchor(&self, moment: DateTime) -> Option<DateTime> {
        if self.counted || moment <= self.start {
            return None;
        }
        let months = match self.frequency {
            Frequency::Monthly => self.interval,
            Frequency::Yearly => 12 * self.interval,
            Frequency::Hourly | Frequency::Daily | Frequency::Weekly => {
                let week = if self.frequency == Frequency::Weekly { 7 } else { 1 };
                // Hours: so many days are a multiple of so many hours.
                let days = week * self.interval;
                let passed = self.start.date().until((jiff::Unit::Day, moment.date())).ok()?;
                let whole = i64::from(passed.get_days()) / days - 1;
                let later = Span::new().try_days(days * whole.max(0)).ok()?;
                return self.start.checked_add(later).ok();
            }
        };
        let month_of = |date: DateTime| 12 * i64::from(date.year()) + i64::from(date.month()) - 1;
        let passed = (month_of(moment) - month_of(self.start)) / months - 1;
        // Not every month has a 31st, not every February a 29th.
        (0..=passed).rev().take(100).find_map(|whole| {
            let month = month_of(self.start) + whole * months;
            let year = i16::try_from(month / 12).ok()?;
            let date =
                Date::new(year, i8::try_from(month % 12 + 1).ok()?, self.start.day()).ok()?;
            Some(date.to_datetime(self.start.time()))
        })
    }
}
