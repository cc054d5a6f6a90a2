//! The ranges an interval is made of.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::civil::{Date, Time, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Times of a day: from the first minute until before the last; `24:00` is its end. It does not wrap over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "WrittenTimes", into = "WrittenTimes")]
#[schemars(with = "WrittenTimes")]
pub struct TimeRange {
    start: u16,
    end: u16,
}

/// As it stands in a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenTimes {
    /// `HH:MM`, inclusive.
    #[serde(default)]
    start_time: String,
    /// `HH:MM`, exclusive; `24:00` is midnight at the end of the day.
    #[serde(default)]
    end_time: String,
}

impl TimeRange {
    /// From two times `HH:MM`.
    ///
    /// # Errors
    /// Alertmanager's own sentence.
    pub fn new(start: &str, end: &str) -> Result<Self, String> {
        if start.is_empty() || end.is_empty() {
            return Err("both start and end times must be provided".to_owned());
        }
        let (start, end) = (minute(start)?, minute(end)?);
        if start >= end {
            return Err("start time cannot be equal or greater than end time".to_owned());
        }
        Ok(Self { start, end })
    }

    /// As `HH:MM`.
    pub fn start_time(self) -> String {
        clock(self.start)
    }

    /// As `HH:MM`.
    pub fn end_time(self) -> String {
        clock(self.end)
    }

    pub(super) fn contains(self, time: Time) -> bool {
        // By the hands of the clock, on the day it changes too.
        let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
        (i32::from(self.start)..i32::from(self.end)).contains(&minute)
    }
}

impl TryFrom<WrittenTimes> for TimeRange {
    type Error = String;
    fn try_from(written: WrittenTimes) -> Result<Self, String> {
        Self::new(&written.start_time, &written.end_time)
    }
}

impl From<TimeRange> for WrittenTimes {
    fn from(range: TimeRange) -> Self {
        Self { start_time: range.start_time(), end_time: range.end_time() }
    }
}

fn minute(text: &str) -> Result<u16, String> {
    let bad = || format!("couldn't parse timestamp {text}, invalid format");
    let [h1 @ b'0'..=b'9', h2 @ b'0'..=b'9', b':', m1 @ b'0'..=b'5', m2 @ b'0'..=b'9'] =
        text.as_bytes()
    else {
        return Err(bad());
    };
    let two = |tens: &u8, ones: &u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
    let minute = two(h1, h2) * 60 + two(m1, m2);
    if minute > 24 * 60 { Err(bad()) } else { Ok(minute) }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// What the four ranges below have in common: both ends belong to them.
trait Ends: Sized {
    /// An end by its word, which is in lower case.
    fn end(word: &str) -> Result<i64, String>;
    /// Checks and keeps both.
    fn of(start: i64, end: i64) -> Result<Self, String>;
}

fn read<R: Ends>(text: &str) -> Result<R, String> {
    let text = text.to_lowercase();
    let ends: Vec<&str> = text.split(':').collect();
    match ends.as_slice() {
        [one] => {
            let end = R::end(one)?;
            R::of(end, end)
        }
        [start, end] => R::of(R::end(start)?, R::end(end)?),
        _ => Err(format!("couldn't parse range {text}, invalid format")),
    }
}

/// Go's `strconv.Atoi`.
fn number(word: &str) -> Result<i64, String> {
    word.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {}: {why}", crate::model::matcher::Quoted(word))
    })
}

macro_rules! range {
    ($(#[$doc:meta])* $name:ident, $word:literal, $end:ident, $of:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            start: i64,
            end: i64,
        }

        impl Ends for $name {
            fn end(word: &str) -> Result<i64, String> {
                $end(word)
            }
            fn of(start: i64, end: i64) -> Result<Self, String> {
                $of(start, end)?;
                Ok(Self { start, end })
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                read(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Written).and_then(|text| text.parse().map_err(de::Error::custom))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["string", "integer"], "description": $word })
            }
        }
    };
}

range! {
    /// Days of the week.
    WeekdayRange, "a weekday or a range of them: `saturday`, `monday:friday`", weekday, weekdays
}
range! {
    /// Days of the month; negative ones count from its end, -1 being the last.
    DayRange, "a day of the month or a range of them, negative ones from its end: `1:5`, `-3:-1`", number, days
}
range! {
    /// Months of the year.
    MonthRange, "a month by name or number, or a range of them: `january:march`, `12`", month, months
}
range! {
    /// Years.
    YearRange, "a year or a range of them: `2026`, `2026:2028`", number, years
}

impl WeekdayRange {
    pub(super) fn contains(self, day: Weekday) -> bool {
        (self.start..=self.end).contains(&i64::from(day.to_sunday_zero_offset()))
    }
}

impl DayRange {
    pub(super) fn contains(self, date: Date) -> bool {
        let length = i64::from(date.days_in_month());
        let day_of = |end: i64| if end < 0 { length + end + 1 } else { end };
        (day_of(self.start)..=day_of(self.end)).contains(&i64::from(date.day()))
    }
}

impl MonthRange {
    pub(super) fn contains(self, month: i8) -> bool {
        (self.start..=self.end).contains(&i64::from(month))
    }
}

impl YearRange {
    pub(super) fn contains(self, year: i16) -> bool {
        (self.start..=self.end).contains(&i64::from(year))
    }
}

impl fmt::Display for WeekdayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: i64| {
            let at = usize::try_from(day).ok();
            at.and_then(|at| WEEKDAYS.get(at)).copied().unwrap_or_default()
        };
        f.write_str(name(self.start))?;
        if self.start == self.end { Ok(()) } else { write!(f, ":{}", name(self.end)) }
    }
}

impl fmt::Display for DayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        numbers(self.start, self.end, f)
    }
}

/// By number, as Alertmanager writes them.
impl fmt::Display for MonthRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        numbers(self.start, self.end, f)
    }
}

impl fmt::Display for YearRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        numbers(self.start, self.end, f)
    }
}

fn numbers(start: i64, end: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if start == end { write!(f, "{start}") } else { write!(f, "{start}:{end}") }
}

fn weekday(word: &str) -> Result<i64, String> {
    let at = WEEKDAYS.iter().position(|name| *name == word);
    at.and_then(|at| i64::try_from(at).ok()).ok_or_else(|| format!("{word} is not a valid weekday"))
}

fn weekdays(start: i64, end: i64) -> Result<(), String> {
    if start > end { Err("start day cannot be before end day".to_owned()) } else { Ok(()) }
}

fn days(start: i64, end: i64) -> Result<(), String> {
    for day in [start, end] {
        if day == 0 || !(-31..=31).contains(&day) {
            return Err(format!("{day} is not a valid day of the month: out of range"));
        }
    }
    if start < 0 && end > 0 {
        return Err("end day must be negative if start day is negative".to_owned());
    }
    // Only what is wrong in every month: the shortest has 28 days.
    let day_of = |end: i64| if end < 0 { 28 + end } else { end };
    if day_of(start) > day_of(end) {
        return Err(format!("end day {end} is always before start day {start}"));
    }
    Ok(())
}

fn month(word: &str) -> Result<i64, String> {
    if let Some(at) = MONTHS.iter().position(|name| *name == word) {
        return Ok(i64::try_from(at).unwrap_or_default() + 1);
    }
    number(word).map_err(|_| format!("{word} is not a valid month"))
}

/// Months that are none are not refused, they only never come.
fn months(start: i64, end: i64) -> Result<(), String> {
    let name = |month: i64| {
        let at = usize::try_from(month - 1).ok();
        at.and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
    };
    if start > end {
        return Err(format!("end month {} is before start month {}", name(end), name(start)));
    }
    Ok(())
}

fn years(start: i64, end: i64) -> Result<(), String> {
    if start > end {
        return Err(format!("end year {end} is before start year {start}"));
    }
    Ok(())
}

/// A range's text; a bare number is one too.
struct Written;

impl de::Visitor<'_> for Written {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a range such as `1:5`")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
