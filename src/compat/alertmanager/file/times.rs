//! Named time intervals.

use std::{fmt::Display, str::FromStr, sync::Arc};

use super::Listed;
use crate::{
    alert::spec::{
        DayRange, Location, MonthRange, TimeInterval, TimeRange, WeekdayRange, YearRange,
    },
    compat::{
        decode::{Field, Reader, Section, Text, key, section},
        yaml::{Id, Yaml},
    },
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

    /// Its name and its entries.
    pub(in crate::compat) fn compiled(&self) -> (Arc<str>, Vec<TimeInterval>) {
        let entries = self.time_intervals.iter().map(Interval::compiled).collect();
        (self.name.lossy().into(), entries)
    }
}

section! {
    /// What must hold all at once.
    Interval check validate {
        times: Listed<Times>,
        weekdays: Listed<Parsed<WeekdayRange>> => flow,
        days_of_month: Listed<Parsed<DayRange>> => flow,
        months: Listed<Parsed<MonthRange>> => flow,
        years: Listed<Parsed<YearRange>> => flow,
        location: Parsed<Location> => flow,
    }
}

impl Interval {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let nothing = [
            ("times", self.times.iter().any(Field::is_zero)),
            ("weekdays", self.weekdays.iter().any(Field::is_zero)),
            ("days_of_month", self.days_of_month.iter().any(Field::is_zero)),
            ("months", self.months.iter().any(Field::is_zero)),
            ("years", self.years.iter().any(Field::is_zero)),
        ];
        for (key, _) in nothing.iter().filter(|(_, nothing)| *nothing) {
            if !reader.has_errors_below(key) {
                reader.clash(reader.codes().bad_value, &[key], "an element is null");
            }
        }
    }

    fn compiled(&self) -> TimeInterval {
        TimeInterval {
            times: ranges(&self.times, |one| one.0),
            weekdays: ranges(&self.weekdays, |one| one.0),
            days_of_month: ranges(&self.days_of_month, |one| one.0),
            months: ranges(&self.months, |one| one.0),
            years: ranges(&self.years, |one| one.0),
            location: self.location.0.clone(),
        }
    }
}

/// None of them permits everything, an empty list nothing.
fn ranges<F, R>(list: &Listed<F>, inner: impl FnMut(&F) -> Option<R>) -> Option<Vec<R>> {
    list.given().map(|list| list.iter().filter_map(inner).collect())
}

/// A value of the pipeline's own that reads from text and is written as text.
#[derive(Debug, Clone)]
pub(in crate::compat) struct Parsed<T>(Option<T>);

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: FromStr<Err = String> + Display> Field for Parsed<T> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        match text.lossy().parse() {
            Ok(value) => self.0 = Some(value),
            Err(why) => return reader.bad_value(id, &why),
        }
        true
    }
    fn show(&self) -> Yaml {
        self.0.as_ref().map_or(Yaml::Null, |value| value.to_string().as_str().into())
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

section! {
    /// Times of a day as they are written.
    WrittenTimes {
        start_time: Text => always,
        end_time: Text => always,
    }
}

/// Times of a day.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Times(Option<TimeRange>);

impl Field for Times {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut written = WrittenTimes::default();
        if !written.take(reader, id) {
            return false;
        }
        match TimeRange::new(&written.start_time.lossy(), &written.end_time.lossy()) {
            Ok(range) => self.0 = Some(range),
            Err(why) => return reader.bad_value(id, &why),
        }
        true
    }
    fn show(&self) -> Yaml {
        let Some(range) = self.0 else { return Yaml::Null };
        Yaml::Map(vec![
            ("start_time".into(), range.start_time().as_str().into()),
            ("end_time".into(), range.end_time().as_str().into()),
        ])
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}
