use std::sync::Arc;

use jiff::civil::Date;

use super::{
    MONTHS, Moment, WEEKDAYS, Zone,
    layout::{self, Fraction, Offset, Piece},
};

/// Go's `time.ParseInLocation(layout, text, time.UTC)`.
pub(in super::super) fn parse(layout: &str, text: &str) -> Result<Moment, String> {
    let mut read = Read::default();
    read.all(layout, text)
        .and_then(|()| read.moment())
        .map_err(|why| format!("parsing time {text:?} as {layout:?}: {why}"))
}

#[derive(Debug, Default)]
struct Read {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    /// Whether it is after noon.
    half: Option<bool>,
    seconds_east: Option<i32>,
    zone: Option<Arc<str>>,
    utc: bool,
}

impl Read {
    fn all(&mut self, mut layout: &str, mut text: &str) -> Result<(), String> {
        loop {
            let (before, found) = layout::next(layout);
            text = skipped(text, before)?;
            let Some((piece, rest)) = found else {
                return if text.is_empty() { Ok(()) } else { Err(format!("extra text: {text:?}")) };
            };
            let written = &layout[before.len()..layout.len() - rest.len()];
            text = self
                .piece(piece, text, rest)
                .ok_or_else(|| format!("cannot parse {text:?} as {written:?}"))?;
            layout = rest;
        }
    }

    /// What is left after a piece; `None` where it is not there or out of its range.
    fn piece<'t>(&mut self, piece: Piece, text: &'t str, layout: &str) -> Option<&'t str> {
        match piece {
            Piece::Year => {
                let (year, rest) = digits(text, 2, 2)?;
                self.year =
                    i16::try_from(if year >= 69 { 1900 + year } else { 2000 + year }).ok()?;
                Some(rest)
            }
            Piece::LongYear => {
                let (year, rest) = digits(text, 4, 4)?;
                self.year = i16::try_from(year).ok()?;
                Some(rest)
            }
            Piece::LongMonth => self.named_month(text, 9),
            Piece::Month => self.named_month(text, 3),
            Piece::LongWeekday => named(text, &WEEKDAYS, 9).map(|(_, rest)| rest),
            Piece::Weekday => named(text, &WEEKDAYS, 3).map(|(_, rest)| rest),
            Piece::NumberMonth => number(text, 1, 1..=12, |month| self.month = Some(month)),
            Piece::ZeroMonth => number(text, 2, 1..=12, |month| self.month = Some(month)),
            Piece::SpaceDay => {
                let text = text.strip_prefix(' ').unwrap_or(text);
                number(text, 1, 0..=99, |day| self.day = Some(day))
            }
            Piece::Day => number(text, 1, 0..=99, |day| self.day = Some(day)),
            Piece::ZeroDay => number(text, 2, 0..=99, |day| self.day = Some(day)),
            Piece::SpaceYearDay | Piece::ZeroYearDay => {
                let text =
                    if piece == Piece::SpaceYearDay { text.trim_start_matches(' ') } else { text };
                let least = if piece == Piece::SpaceYearDay { 1 } else { 3 };
                let (day, rest) = digits(text, least, 3)?;
                self.year_day = Some(i16::try_from(day).ok()?);
                Some(rest)
            }
            Piece::Hour => number(text, 1, 0..=23, |hour| self.hour = hour),
            Piece::Hour12 => number(text, 1, 0..=12, |hour| self.hour = hour),
            Piece::ZeroHour12 => number(text, 2, 0..=12, |hour| self.hour = hour),
            Piece::Minute => number(text, 1, 0..=59, |minute| self.minute = minute),
            Piece::ZeroMinute => number(text, 2, 0..=59, |minute| self.minute = minute),
            Piece::Second => self.second(text, 1, layout),
            Piece::ZeroSecond => self.second(text, 2, layout),
            Piece::UpperHalf | Piece::LowerHalf => {
                let half = text.get(..2)?;
                let (am, pm) = if piece == Piece::UpperHalf { ("AM", "PM") } else { ("am", "pm") };
                self.half = Some(if half == pm {
                    true
                } else if half == am {
                    false
                } else {
                    return None;
                });
                Some(&text[2..])
            }
            Piece::Offset(offset) => self.offset(text, offset),
            Piece::Zone => self.zone(text),
            Piece::Fraction(fraction) => self.fraction(text, fraction),
        }
    }

    fn named_month<'t>(&mut self, text: &'t str, length: usize) -> Option<&'t str> {
        let (at, rest) = named(text, &MONTHS, length)?;
        self.month = Some(i8::try_from(at + 1).ok()?);
        Some(rest)
    }

    /// A fraction may follow the seconds though the layout has none.
    fn second<'t>(&mut self, text: &'t str, least: usize, layout: &str) -> Option<&'t str> {
        let rest = number(text, least, 0..=59, |second| self.second = second)?;
        let fraction_follows = matches!(layout::next(layout), ("", Some((Piece::Fraction(_), _))));
        if fraction_follows || !rest.starts_with(['.', ',']) {
            return Some(rest);
        }
        let count = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Some(rest);
        }
        self.nanosecond = nanoseconds(&rest[1..=count])?;
        Some(&rest[1 + count..])
    }

    fn fraction<'t>(&mut self, text: &'t str, fraction: Fraction) -> Option<&'t str> {
        let count = text.get(1..).unwrap_or("").bytes().take_while(u8::is_ascii_digit).count();
        let is_fraction = text.starts_with(['.', ',']) && count > 0;
        if fraction.trimmed && !is_fraction {
            return Some(text);
        }
        let count = if fraction.trimmed { count.min(9) } else { fraction.digits };
        let digits = text.get(1..=count).filter(|_| is_fraction)?;
        self.nanosecond = nanoseconds(digits)?;
        Some(&text[1 + count..])
    }

    fn offset<'t>(&mut self, text: &'t str, offset: Offset) -> Option<&'t str> {
        if offset.z
            && let Some(rest) = text.strip_prefix('Z')
        {
            self.utc = true;
            return Some(rest);
        }
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = digits(&text[1..], 2, 2)?;
        let mut east = i32::from(hours) * 3600;
        for unit in [60, 1].into_iter().take(offset.digits / 2 - 1) {
            if offset.colons {
                rest = rest.strip_prefix(':')?;
            }
            let (value, after) = digits(rest, 2, 2)?;
            if value > 59 {
                return None;
            }
            east += i32::from(value) * unit;
            rest = after;
        }
        if hours > 24 {
            return None;
        }
        self.seconds_east = Some(sign * east);
        Some(rest)
    }

    /// An abbreviation: three or four capitals (`MST`, `CEST`), five for `ChST` and `MeST`'s kin, or a bare offset.
    fn zone<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let length = zone_length(text)?;
        self.zone = Some(text[..length].into());
        Some(&text[length..])
    }

    fn moment(&self) -> Result<Moment, String> {
        let range = |what: &str| format!("{what} out of range");
        let hour = match self.half {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = match self.year_day {
            Some(day) => Date::new(self.year, 1, 1)
                .and_then(|first| first.with().day_of_year(day).build())
                .map_err(|_| range("day-of-year"))?,
            None => Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
                .map_err(|_| range("day"))?,
        };
        let local = date.at(hour, self.minute, self.second, self.nanosecond);
        Ok(Moment::on_the_wall(local, self.location()))
    }

    fn location(&self) -> Zone {
        match (&self.zone, self.seconds_east) {
            _ if self.utc => Zone::Utc,
            // UTC is where we read, so that its own offset is UTC and no zone without a name.
            (None, None | Some(0)) => Zone::Utc,
            (name, Some(east)) => Zone::Fixed(east, name.clone().unwrap_or_default()),
            (Some(name), None) => {
                // `GMT-3` says what it is; of other abbreviations nobody knows.
                let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse().ok());
                Zone::Fixed(hours.unwrap_or(0) * 3600, name.clone())
            }
        }
    }
}

/// The text behind what stands in the layout between two pieces; blanks stand for any number of blanks.
fn skipped<'t>(mut text: &'t str, between: &str) -> Result<&'t str, String> {
    let mut left = between;
    while let Some(char) = left.chars().next() {
        let missing = || format!("cannot parse {text:?} as {between:?}");
        if char == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(missing());
            }
            left = left.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        text = text.strip_prefix(char).ok_or_else(missing)?;
        left = &left[char.len_utf8()..];
    }
    Ok(text)
}

/// A number of at least and at most so many digits.
fn digits(text: &str, least: usize, most: usize) -> Option<(u16, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn number(
    text: &str,
    least: usize,
    range: std::ops::RangeInclusive<i8>,
    take: impl FnOnce(i8),
) -> Option<&str> {
    let (number, rest) = digits(text, least, 2)?;
    let number = i8::try_from(number).ok().filter(|number| range.contains(number))?;
    take(number);
    Some(rest)
}

/// Which of the names stands first, whatever its case; only so many letters of it.
fn named<'t>(text: &'t str, names: &[&str], letters: usize) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(at, name)| {
        let name = &name[..name.len().min(letters)];
        let own = text.get(..name.len()).filter(|own| own.eq_ignore_ascii_case(name))?;
        Some((at, &text[own.len()..]))
    })
}

fn nanoseconds(digits: &str) -> Option<i32> {
    let digits = &digits[..digits.len().min(9)];
    format!("{digits:0<9}").parse().ok()
}

/// How long an abbreviation is, by Go's rules.
fn zone_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + offset_length(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(offset_length(text)).filter(|length| *length > 0);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        5 if text.as_bytes()[4] == b'T' => Some(5),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// A sign and hours up to 23; 0 where there is none.
fn offset_length(text: &str) -> usize {
    let signed = text.strip_prefix(['+', '-']);
    let count = signed.map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    match signed.and_then(|rest| rest[..count].parse::<u8>().ok()) {
        Some(hours) if hours <= 23 => 1 + count,
        _ => 0,
    }
}
