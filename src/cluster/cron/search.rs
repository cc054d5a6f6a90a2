//! The next time that a schedule by the calendar names.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{self, DateTime},
    tz::{Offset, TimeZone},
};

use super::field::{DAY, HOUR, MINUTE, MONTH, WEEKDAY};

/// Which minutes, hours, days and months: a bit for each.
#[derive(Debug)]
pub(in crate::cluster) struct Calendar {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// From Sunday on.
    weekdays: u64,
    zone: TimeZone,
}

/// For so many years it is looked ahead.
const YEARS: i16 = 5;
const HOUR_SECONDS: i64 = 3600;

impl Calendar {
    pub(super) fn parse(fields: [&str; 5], zone: TimeZone) -> Option<Self> {
        let [minutes, hours, days, months, weekdays] = fields;
        // Behind a star nothing is read, but these are refused wherever they stand.
        if days.contains(['L', 'l', 'W', 'w']) || weekdays.contains('#') {
            return None;
        }
        let weekdays = WEEKDAY.bits(weekdays)?;
        Some(Self {
            minutes: MINUTE.bits(minutes)?,
            hours: HOUR.bits(hours)?,
            days: DAY.bits(days)?,
            months: MONTH.bits(months)?,
            // The seventh day is Sunday again.
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
            zone,
        })
    }

    /// Whether each field names something.
    pub(super) fn is_possible(&self) -> bool {
        [self.minutes, self.hours, self.days, self.months, self.weekdays]
            .iter()
            .all(|bits| *bits != 0)
    }

    /// The first time after another one, found as Go's library finds it: field by field from the month on, and from the
    /// start again whenever one overflows. Where clocks are changed the way decides what is found.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut walk = Walk { zone: &self.zone, at: after.as_second() + 1, is_aligned: false };
        let last_year = walk.wall()?.year() + YEARS;
        while walk.wall()?.year() <= last_year {
            let found = self.month(&mut walk)?
                && self.day(&mut walk)?
                && self.hour(&mut walk)?
                && self.minute(&mut walk)?;
            if found {
                return Timestamp::from_second(walk.at).ok();
            }
        }
        None
    }

    /// Goes to a month; false at the end of the year.
    fn month(&self, walk: &mut Walk<'_>) -> Option<bool> {
        while !has(self.months, walk.wall()?.month()) {
            walk.align(|wall| wall.date().first_of_month().at(0, 0, 0, 0))?;
            walk.leap(1, 0)?;
            if walk.wall()?.month() == 1 {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Goes to a day; false at the end of the month.
    fn day(&self, walk: &mut Walk<'_>) -> Option<bool> {
        while !self.has_day(walk.wall()?.date()) {
            walk.align(|wall| wall.date().at(0, 0, 0, 0))?;
            walk.leap(0, 1)?;
            if walk.wall()?.day() == 1 {
                return Some(false);
            }
        }
        Some(true)
    }

    fn has_day(&self, date: civil::Date) -> bool {
        has(self.days, date.day()) && has(self.weekdays, date.weekday().to_sunday_zero_offset())
    }

    /// Goes to an hour; false at the end of the day.
    fn hour(&self, walk: &mut Walk<'_>) -> Option<bool> {
        while !has(self.hours, walk.wall()?.hour()) {
            walk.align(|wall| wall.date().at(wall.hour(), 0, 0, 0))?;
            let before = walk.wall()?.hour();
            walk.at += HOUR_SECONDS;
            let hour = walk.wall()?.hour();
            // The clock was put forward over an hour that is named: its jobs run at once.
            if hour - before == 2 && has(self.hours, hour - 1) {
                break;
            }
            if hour == 0 {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Goes to the start of a minute; false at the end of the hour, and once if it was within a minute.
    fn minute(&self, walk: &mut Walk<'_>) -> Option<bool> {
        while !has(self.minutes, walk.wall()?.minute()) {
            if !walk.is_aligned {
                walk.is_aligned = true;
                walk.at -= walk.at.rem_euclid(60);
            }
            walk.at += 60;
            if walk.wall()?.minute() == 0 {
                return Some(false);
            }
        }
        let second = walk.wall()?.second();
        walk.at += if second == 0 { 0 } else { 60 - i64::from(second) };
        Some(second == 0)
    }
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| bits >> number & 1 == 1)
}

/// A moment that goes forward.
struct Walk<'z> {
    zone: &'z TimeZone,
    /// In seconds since the epoch.
    at: i64,
    /// Whether the smaller fields were set to their least: that is done once.
    is_aligned: bool,
}

impl Walk<'_> {
    /// What the clock on the wall shows.
    fn wall(&self) -> Option<DateTime> {
        Some(self.zone.to_datetime(Timestamp::from_second(self.at).ok()?))
    }

    fn align(&mut self, to: impl FnOnce(DateTime) -> DateTime) -> Option<()> {
        if !self.is_aligned {
            self.is_aligned = true;
            self.at = self.moment(to(self.wall()?))?;
        }
        Some(())
    }

    /// Goes on by months or days, to the same time on the wall.
    fn leap(&mut self, months: i32, days: i32) -> Option<()> {
        let wall = self.wall()?;
        // A day that the next month does not have is counted on into the one after.
        let first = wall.first_of_month().checked_add(months.months()).ok()?;
        let day = i32::from(wall.day()) - 1 + days;
        let before = self.at;
        self.at = self.moment(first.checked_add(day.days()).ok()?)?;
        if days > 0 {
            self.midnight()?;
        }
        // Where a zone left out a whole day Go would go round for ever.
        (self.at > before).then_some(())
    }

    /// Where midnight does not exist the day begins as near to it as can be.
    fn midnight(&mut self) -> Option<()> {
        let hour = i64::from(self.wall()?.hour());
        self.at += HOUR_SECONDS * if hour > 12 { 24 - hour } else { -hour };
        Some(())
    }

    /// The moment at which the wall shows this. Of what it shows twice or never one is taken, and the same as in Go: the
    /// offset is looked up as if the wall showed UTC, and once more with what that gives.
    fn moment(&self, wall: DateTime) -> Option<i64> {
        let seconds = Offset::UTC.to_timestamp(wall).ok()?.as_second();
        let offset = |at| -> Option<i64> {
            Some(self.zone.to_offset(Timestamp::from_second(at).ok()?).seconds().into())
        };
        Some(seconds - offset(seconds - offset(seconds)?)?)
    }
}
