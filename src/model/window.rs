use std::{fmt, sync::Arc, time::Duration};

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use rrule::RRuleSet;

/// When maintenance is: once, or again and again.
#[derive(Debug, Clone, PartialEq)]
pub enum MaintenanceWindow {
    /// From one moment to another.
    Fixed {
        /// When it begins.
        starts_at: Timestamp,
        /// When it ends.
        ends_at: Timestamp,
    },
    /// At each occurrence of a rule, for a while.
    Recurring(Recurrence),
}

/// Why a window cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It would be over before it begins.
    #[error("it must end after it begins")]
    Empty,
    /// The duration is none that can be.
    #[error("the duration must be more than zero and at most 366 days")]
    Duration,
    /// The zone is not in the database.
    #[error("`{0}` is no time zone of the IANA database, such as `Europe/Berlin`")]
    TimeZone(String),
    /// The rule cannot be read, or not be followed.
    #[error("{0}")]
    Rule(String),
}

impl MaintenanceWindow {
    /// A window that is once.
    ///
    /// # Errors
    /// When it would end before it begins.
    pub fn fixed(starts_at: Timestamp, ends_at: Timestamp) -> Result<Self, WindowError> {
        if ends_at <= starts_at {
            return Err(WindowError::Empty);
        }
        Ok(Self::Fixed { starts_at, ends_at })
    }

    /// A window that comes again; see [`Recurrence::new`].
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn recurring(rule: &str, zone: &str, duration: Duration) -> Result<Self, WindowError> {
        Recurrence::new(rule, zone, duration).map(Self::Recurring)
    }

    /// Beginning and end of the occurrence that `now` is in; of several the one that began last.
    pub fn occurrence_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Fixed { starts_at, ends_at } => {
                (*starts_at <= now && now < *ends_at).then_some((*starts_at, *ends_at))
            }
            Self::Recurring(recurrence) => recurrence.occurrence_at(now),
        }
    }

    /// Beginning and end of the first occurrence that begins after `now`.
    pub fn next_after(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Fixed { starts_at, ends_at } => {
                (now < *starts_at).then_some((*starts_at, *ends_at))
            }
            Self::Recurring(recurrence) => recurrence.next_after(now),
        }
    }
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
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

    fn occurrence_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let earliest = now.checked_sub(SignedDuration::try_from(self.duration).ok()?).ok()?;
        let running = self.from(earliest).take_while(|(start, _)| *start <= now);
        running.filter(|(_, end)| now < *end).last()
    }

    fn next_after(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
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
                        exceptions += &format!("\nEXDATE:{}", moment(value)?.strftime(BASIC));
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

/// A time as RFC 5545 writes it, on the wall clock, which is UTC for the crate.
const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// `NAME;PARAMETERS:VALUE`
fn named(line: &str) -> Result<(&str, &str), String> {
    line.split_once(':').ok_or_else(|| format!("`{line}` is no line such as `RRULE:FREQ=DAILY`"))
}

/// A date or time on the zone's wall clock.
fn wall_clock(
    value: &str,
    parameters: &str,
    zone_name: &str,
    zone: &TimeZone,
) -> Result<DateTime, String> {
    for parameter in parameters.split(';').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some((name, "DATE" | "DATE-TIME")) if name.eq_ignore_ascii_case("VALUE") => {}
            Some((name, own)) if name.eq_ignore_ascii_case("TZID") && own == zone_name => {}
            Some((name, own)) if name.eq_ignore_ascii_case("TZID") => {
                return Err(format!("TZID={own} is not the window's time zone, {zone_name}"));
            }
            _ => return Err(format!("the parameter `{parameter}` is not read")),
        }
    }
    let value = value.trim().to_ascii_uppercase();
    let bad = || format!("`{value}` is no time such as 20260101T020000");
    let (written, utc) = match value.strip_suffix('Z') {
        Some(written) => (written, true),
        None => (value.as_str(), false),
    };
    let wall = match written.len() {
        8 => Date::strptime("%Y%m%d", written).map(|date| date.at(0, 0, 0, 0)),
        _ => DateTime::strptime("%Y%m%dT%H%M%S", written),
    };
    let wall = wall.map_err(|_| bad())?;
    if !utc {
        return Ok(wall);
    }
    let moment = TimeZone::UTC.to_timestamp(wall).map_err(|_| bad())?;
    Ok(zone.to_datetime(moment))
}

/// The parts of an `RRULE`, in their order.
struct Parts<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Parts<'r> {
    fn read(rule: &'r str) -> Result<Self, String> {
        let parts = rule.split(';').filter(|part| !part.trim().is_empty());
        let parts: Result<Vec<_>, String> = parts
            .map(|part| {
                let (name, value) = part
                    .split_once('=')
                    .ok_or_else(|| format!("`{part}` is no part of a rule, such as FREQ=DAILY"))?;
                Ok((name.trim(), value.trim()))
            })
            .collect();
        let parts = parts?;
        for (at, (name, _)) in parts.iter().enumerate() {
            if parts[..at].iter().any(|(other, _)| other == name) {
                return Err(format!("{name} stands there twice"));
            }
        }
        Ok(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'r str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    fn frequency(&self) -> Result<Frequency, String> {
        Ok(match self.get("FREQ").ok_or("there is no FREQ")? {
            "HOURLY" => Frequency::Hourly,
            "DAILY" => Frequency::Daily,
            "WEEKLY" => Frequency::Weekly,
            "MONTHLY" => Frequency::Monthly,
            "YEARLY" => Frequency::Yearly,
            other => {
                return Err(format!(
                    "FREQ={other} is not read; HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY are"
                ));
            }
        })
    }

    fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let read = |text: &str| {
            // The crate counts intervals with 16 bits.
            let number = text.parse::<u16>().ok().filter(|_| !text.starts_with('+'));
            number.map(u32::from).ok_or_else(|| format!("{name}={text} is no number that can be"))
        };
        self.get(name).map(read).transpose()
    }

    /// At most how often it begins on a day.
    fn a_day(&self, frequency: Frequency) -> usize {
        let listed = |name| self.get(name).map(|list: &str| list.split(',').count());
        let hours = if frequency == Frequency::Hourly { 24 } else { 1 };
        let minutes = listed("BYMINUTE").unwrap_or(1) * listed("BYSECOND").unwrap_or(1);
        listed("BYHOUR").unwrap_or(hours) * minutes
    }

    /// Without a start a rule must say itself when it comes.
    fn stand_alone(
        &self,
        frequency: Frequency,
        interval: u32,
        counted: bool,
    ) -> Result<(), String> {
        let says = |names: &[&str]| names.iter().any(|name| self.get(name).is_some());
        let missing = match frequency {
            _ if interval > 1 => "INTERVAL",
            _ if counted => "COUNT",
            Frequency::Weekly if !says(&["BYDAY"]) => "FREQ=WEEKLY without BYDAY",
            Frequency::Monthly if !says(&["BYDAY", "BYMONTHDAY"]) => {
                "FREQ=MONTHLY without BYDAY or BYMONTHDAY"
            }
            Frequency::Yearly if !says(&["BYDAY", "BYMONTHDAY", "BYYEARDAY"]) => {
                "FREQ=YEARLY without BYDAY, BYMONTHDAY or BYYEARDAY"
            }
            _ => return Ok(()),
        };
        Err(format!("{missing} counts from somewhere: add a line DTSTART:20260101T020000"))
    }

    /// The rule with its end on the wall clock.
    fn on_the_wall_clock(&self, zone: &TimeZone) -> Result<String, String> {
        let parts = self.0.iter().map(|(name, value)| match *name {
            "UNTIL" => {
                let end = wall_clock(value, "", "", zone)?;
                // A date alone means all of that day.
                let all_day = value.len() == 8;
                let end = if all_day { end.date().at(23, 59, 59, 0) } else { end };
                Ok(format!("UNTIL={}", end.strftime(BASIC)))
            }
            _ => Ok(format!("{name}={value}")),
        });
        Ok(parts.collect::<Result<Vec<_>, String>>()?.join(";"))
    }
}
