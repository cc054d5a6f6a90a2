use std::fmt::Write as _;

use super::{
    MONTHS, Moment, WEEKDAYS,
    layout::{self, Fraction, Offset, Piece},
    named,
};

impl Moment {
    /// Go's `Time.Format`.
    pub(in super::super) fn format(&self, mut layout: &str) -> String {
        let parts = Parts::of(self);
        let mut out = String::with_capacity(layout.len() + 10);
        loop {
            let (before, found) = layout::next(layout);
            out.push_str(before);
            let Some((piece, rest)) = found else { return out };
            // Writing to a string cannot fail.
            let _ = parts.write(&mut out, piece);
            layout = rest;
        }
    }
}

struct Parts<'m> {
    moment: &'m Moment,
    local: jiff::civil::DateTime,
    seconds_east: i32,
}

impl<'m> Parts<'m> {
    fn of(moment: &'m Moment) -> Self {
        let (local, seconds_east) = moment.local();
        Self { moment, local, seconds_east }
    }

    fn write(&self, out: &mut String, piece: Piece) -> std::fmt::Result {
        let local = self.local;
        let hour12 = match local.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        match piece {
            Piece::LongMonth => out.write_str(self.month()),
            Piece::Month => out.write_str(&self.month()[..3]),
            Piece::NumberMonth => write!(out, "{}", local.month()),
            Piece::ZeroMonth => write!(out, "{:02}", local.month()),
            Piece::LongWeekday => out.write_str(self.weekday()),
            Piece::Weekday => out.write_str(&self.weekday()[..3]),
            Piece::Day => write!(out, "{}", local.day()),
            Piece::SpaceDay => write!(out, "{:2}", local.day()),
            Piece::ZeroDay => write!(out, "{:02}", local.day()),
            Piece::SpaceYearDay => write!(out, "{:3}", local.day_of_year()),
            Piece::ZeroYearDay => write!(out, "{:03}", local.day_of_year()),
            Piece::Hour => write!(out, "{:02}", local.hour()),
            Piece::Hour12 => write!(out, "{hour12}"),
            Piece::ZeroHour12 => write!(out, "{hour12:02}"),
            Piece::Minute => write!(out, "{}", local.minute()),
            Piece::ZeroMinute => write!(out, "{:02}", local.minute()),
            Piece::Second => write!(out, "{}", local.second()),
            Piece::ZeroSecond => write!(out, "{:02}", local.second()),
            Piece::LongYear => write!(out, "{:04}", local.year()),
            Piece::Year => write!(out, "{:02}", local.year().rem_euclid(100)),
            Piece::UpperHalf => out.write_str(if local.hour() < 12 { "AM" } else { "PM" }),
            Piece::LowerHalf => out.write_str(if local.hour() < 12 { "am" } else { "pm" }),
            Piece::Zone => self.zone(out),
            Piece::Offset(offset) => self.offset(out, offset),
            Piece::Fraction(fraction) => self.fraction(out, fraction),
        }
    }

    fn month(&self) -> &'static str {
        named(&MONTHS, self.local.month() - 1)
    }

    fn weekday(&self) -> &'static str {
        named(&WEEKDAYS, self.local.weekday().to_sunday_zero_offset())
    }

    /// The abbreviation, or the offset where there is none.
    fn zone(&self, out: &mut String) -> std::fmt::Result {
        match self.moment.zone_name() {
            name if name.is_empty() => {
                self.offset(out, Offset { z: false, colons: false, digits: 4 })
            }
            name => out.write_str(&name),
        }
    }

    fn offset(&self, out: &mut String, offset: Offset) -> std::fmt::Result {
        if offset.z && self.seconds_east == 0 {
            return out.write_char('Z');
        }
        let east = self.seconds_east.unsigned_abs();
        let colon = if offset.colons { ":" } else { "" };
        out.write_char(if self.seconds_east < 0 { '-' } else { '+' })?;
        write!(out, "{:02}", east / 3600)?;
        if offset.digits > 2 {
            write!(out, "{colon}{:02}", east / 60 % 60)?;
        }
        if offset.digits > 4 {
            write!(out, "{colon}{:02}", east % 60)?;
        }
        Ok(())
    }

    fn fraction(&self, out: &mut String, fraction: Fraction) -> std::fmt::Result {
        let nanoseconds = format!("{:09}", self.local.subsec_nanosecond());
        let digits = &nanoseconds[..fraction.digits.min(9)];
        if !fraction.trimmed {
            return write!(out, "{}{digits:0<width$}", fraction.separator, width = fraction.digits);
        }
        match digits.trim_end_matches('0') {
            "" => Ok(()),
            digits => write!(out, "{}{digits}", fraction.separator),
        }
    }
}
