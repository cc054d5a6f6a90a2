//! Named time intervals.

use std::{fmt::Display, str::FromStr, sync::Arc};

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
    Interval {
        times: Ranges<Times>,
        weekdays: Ranges<Parsed<WeekdayRange>> => flow,
        days_of_month: Ranges<Parsed<DayRange>> => flow,
        months: Ranges<Parsed<MonthRange>> => flow,
        years: Ranges<Parsed<YearRange>> => flow,
        location: Parsed<Location> => flow,
    }
}

impl Interval {
    fn compiled(&self) -> TimeInterval {
        TimeInterval {
            times: self.times.of(|one| one.0),
            weekdays: self.weekdays.of(|one| one.0),
            days_of_month: self.days_of_month.of(|one| one.0),
            months: self.months.of(|one| one.0),
            years: self.years.of(|one| one.0),
            location: self.location.0.clone(),
        }
    }
}

/// A list that permits everything where it is not there, and nothing where it is empty. Neither is shown.
#[derive(Debug, Clone)]
pub(in crate::compat) struct Ranges<F>(Option<Vec<F>>);

impl<F> Default for Ranges<F> {
    fn default() -> Self {
        Self(None)
    }
}

impl<F> Ranges<F> {
    fn of<R>(&self, inner: impl FnMut(&F) -> Option<R>) -> Option<Vec<R>> {
        self.0.as_ref().map(|list| list.iter().filter_map(inner).collect())
    }
}

impl<F: Field> Field for Ranges<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut list: Vec<F> = Vec::new();
        if !list.take(reader, id) {
            return false;
        }
        if list.iter().any(Field::is_zero) && !reader.is_broken_here() {
            return reader.bad_value(id, "an element is null");
        }
        self.0 = Some(list);
        true
    }
    fn show(&self) -> Yaml {
        self.0.as_ref().map_or(Yaml::Null, Field::show)
    }
    fn is_zero(&self) -> bool {
        self.0.as_ref().is_none_or(Vec::is_empty)
    }
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
