//! Named time intervals.

use crate::compat::{
    decode::{Field, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `time_intervals` or `mute_time_intervals`.
    NamedIntervals check validate {
        name: Text => always,
        time_intervals: Vec<Interval> => always,
    }
}

impl NamedIntervals {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.name.is_empty() {
            reader.clash(reader.codes().missing, &["name"], "the interval has no name");
        }
    }
}

section! {
    /// What must hold all at once; an empty list permits everything.
    Interval {
        times: Vec<Span>,
        weekdays: Vec<Range<Weekdays>> => flow,
        days_of_month: Vec<Range<Days>> => flow,
        months: Vec<Range<Months>> => flow,
        years: Vec<Range<Years>> => flow,
        location: Option<Location> => flow,
    }
}

section! {
    /// A part of the day as it is written.
    WrittenSpan {
        start_time: Text => always,
        end_time: Text => always,
    }
}

/// A part of the day, in minutes; the end is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Span {
    pub(in crate::compat) start: u16,
    pub(in crate::compat) end: u16,
}

impl Field for Span {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut written = WrittenSpan::default();
        if !written.take(reader, id) {
            return false;
        }
        if written.start_time.is_empty() || written.end_time.is_empty() {
            return reader.bad_value(id, "both `start_time` and `end_time` are needed");
        }
        let minutes = (minutes(&written.start_time.lossy()), minutes(&written.end_time.lossy()));
        let (Some(start), Some(end)) = minutes else {
            return reader.bad_value(id, "a time is written like `09:30`, from `00:00` to `24:00`");
        };
        if start >= end {
            let why = "it ends before it starts; a span over midnight is written as two";
            return reader.bad_value(id, why);
        }
        *self = Self { start, end };
        true
    }
    fn show(&self) -> Yaml {
        let clock =
            |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60).as_str().into();
        Yaml::Map(vec![
            ("start_time".into(), clock(self.start)),
            ("end_time".into(), clock(self.end)),
        ])
    }
    fn is_zero(&self) -> bool {
        self.start == 0 && self.end == 0
    }
}

/// `HH:MM`
fn minutes(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hours, minutes) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let fits = (hours < 24 && minutes < 60) || (hours, minutes) == (24, 0);
    fits.then_some(hours * 60 + minutes)
}

/// What ranges are made of.
pub(in crate::compat) trait Members: Default {
    /// One end of a range, in lower case.
    fn member(text: &str) -> Result<i64, &'static str>;
    /// As it is written again.
    fn written(member: i64) -> String {
        member.to_string()
    }
    /// What no range may be.
    fn problem(begin: i64, end: i64) -> Option<&'static str>;
}

/// From one to the other, both inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Range<M> {
    pub(in crate::compat) begin: i64,
    pub(in crate::compat) end: i64,
    of: std::marker::PhantomData<M>,
}

impl<M: Members> Field for Range<M> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let text = text.lossy().to_lowercase();
        let ends = match text.split_once(':') {
            Some((_, end)) if end.contains(':') => Err("a range has one colon: `monday:friday`"),
            Some((begin, end)) => M::member(begin).and_then(|begin| Ok((begin, M::member(end)?))),
            None => M::member(&text).map(|member| (member, member)),
        };
        let (begin, end) = match ends {
            Ok(ends) => ends,
            Err(why) => return reader.bad_value(id, why),
        };
        if let Some(why) = M::problem(begin, end) {
            return reader.bad_value(id, why);
        }
        (self.begin, self.end) = (begin, end);
        true
    }
    fn show(&self) -> Yaml {
        let (begin, end) = (M::written(self.begin), M::written(self.end));
        let text = if self.begin == self.end { begin } else { format!("{begin}:{end}") };
        text.as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.begin == 0 && self.end == 0
    }
}

/// Sunday is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Weekdays;

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl Members for Weekdays {
    fn member(text: &str) -> Result<i64, &'static str> {
        let at = (0_i64..).zip(WEEKDAYS).find(|(_, day)| *day == text);
        at.map(|(at, _)| at).ok_or("not a day of the week; write it in full: `monday`")
    }
    fn written(member: i64) -> String {
        named(&WEEKDAYS, member).to_owned()
    }
    fn problem(begin: i64, end: i64) -> Option<&'static str> {
        (begin > end).then_some("the first day is after the last; the week begins with sunday")
    }
}

/// Negative ones count from the end of the month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Days;

impl Members for Days {
    fn member(text: &str) -> Result<i64, &'static str> {
        number(text)
    }
    fn problem(begin: i64, end: i64) -> Option<&'static str> {
        let is_day = |day: i64| day != 0 && (-31..=31).contains(&day);
        let from_start = |day: i64| if day < 0 { 28 + day } else { day };
        if !is_day(begin) || !is_day(end) {
            Some("a day of the month is 1 to 31, or -31 to -1 from its end")
        } else if begin < 0 && end > 0 {
            Some("the last day is negative if the first one is")
        } else if from_start(begin) > from_start(end) {
            Some("the first day is after the last")
        } else {
            None
        }
    }
}

/// January is 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Months;

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

impl Members for Months {
    fn member(text: &str) -> Result<i64, &'static str> {
        match (1_i64..).zip(MONTHS).find(|(_, month)| *month == text) {
            Some((at, _)) => Ok(at),
            None => number(text).map_err(|_| "not a month; write it in full or as a number"),
        }
    }
    fn problem(begin: i64, end: i64) -> Option<&'static str> {
        (begin > end).then_some("the first month is after the last")
    }
}

/// As they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Years;

impl Members for Years {
    fn member(text: &str) -> Result<i64, &'static str> {
        number(text)
    }
    fn problem(begin: i64, end: i64) -> Option<&'static str> {
        (begin > end).then_some("the first year is after the last")
    }
}

fn named(names: &[&'static str], at: i64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// Go's `Atoi`.
fn number(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "not a number, nor a range of two like `1:5`")
}

/// A time zone by its IANA name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct Location(pub(in crate::compat) String);

impl Field for Location {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let name = text.lossy().into_owned();
        self.0 = match name.as_str() {
            "" => "UTC".to_owned(),
            "UTC" | "Local" => name,
            // Go reads a file of that name, in that case.
            _ => match jiff::tz::db().get(&name) {
                Ok(zone) if zone.iana_name() == Some(&name) => name,
                Ok(zone) => {
                    let near = zone.iana_name().unwrap_or_default().to_owned();
                    reader.bad_value(id, "no such time zone");
                    reader.hint(Some(format!("did you mean `{near}`?")));
                    return false;
                }
                Err(_) => return reader.bad_value(id, "no such time zone"),
            },
        };
        true
    }
    fn show(&self) -> Yaml {
        self.0.as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}
