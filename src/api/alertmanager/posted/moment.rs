//! Moments as go-openapi's `strfmt` reads them: RFC 3339 and some shorter forms.

use jiff::{Timestamp, civil};

/// Go's zero time, which means that nothing was said.
pub(super) fn is_zero(at: Timestamp) -> bool {
    at.as_second() == ZERO && at.subsec_nanosecond() == 0
}

/// `0001-01-01T00:00:00Z`, in seconds.
const ZERO: i64 = -62_135_596_800;

/// Reads a moment. The empty text is the epoch.
pub(super) fn read(text: &str) -> Result<Timestamp, String> {
    if text.is_empty() {
        return Ok(Timestamp::UNIX_EPOCH);
    }
    let mut read = Reading { rest: text };
    let date = read.date().map_err(|(rest, wanted)| {
        format!("parsing time {text:?} as \"2006-01-02\": cannot parse {rest:?} as {wanted:?}")
    })?;
    let rest = read.rest;
    let time = if rest.is_empty() { Some((civil::Time::midnight(), 0)) } else { read.time() };
    // Go tells of the last form it tried, the bare date.
    let (month, day) = (date.1, date.2);
    if !(1..=12).contains(&month) {
        return Err(format!("parsing time {text:?}: month out of range"));
    }
    let date = civil::Date::new(date.0, month, day)
        .map_err(|_| format!("parsing time {text:?}: day out of range"))?;
    let (time, offset) =
        time.ok_or_else(|| format!("parsing time {text:?}: extra text: {rest:?}"))?;
    let utc = jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(time));
    let offset = jiff::SignedDuration::from_secs(offset);
    // The calendar ends a day earlier here than Go's.
    Ok(utc.ok().and_then(|utc| utc.checked_sub(offset).ok()).unwrap_or(Timestamp::MAX))
}

struct Reading<'a> {
    rest: &'a str,
}

impl<'a> Reading<'a> {
    /// Year, month and day; or what does not fit, and what was wanted there.
    fn date(&mut self) -> Result<(i16, i8, i8), (&'a str, &'static str)> {
        let year = self.number(4).ok_or((self.rest, "2006"))?;
        self.sign("-").ok_or((self.rest, "-"))?;
        let month = self.number(2).ok_or((self.rest, "01"))?;
        self.sign("-").ok_or((self.rest, "-"))?;
        let day = self.number(2).ok_or((self.rest, "02"))?;
        Ok((
            i16::try_from(year).unwrap_or_default(),
            i8::try_from(month).unwrap_or_default(),
            i8::try_from(day).unwrap_or_default(),
        ))
    }

    /// What follows the date: a time, and its distance from UTC in seconds. `None` for what is no form of it.
    fn time(&mut self) -> Option<(civil::Time, i64)> {
        let spaced = self.sign(" ").is_some();
        if !spaced {
            self.sign("T")?;
        }
        let hour = self.number(2).or_else(|| self.number(1))?;
        self.sign(":")?;
        let minute = self.number(2)?;
        let mut seconds = (0, 0);
        let with_seconds = self.sign(":").is_some();
        if with_seconds {
            seconds = (self.number(2)?, self.fraction());
        } else if spaced {
            return None;
        }
        let part = |value: u16| i8::try_from(value).ok();
        let time = civil::Time::new(part(hour)?, part(minute)?, part(seconds.0)?, seconds.1);
        let offset = match self.rest {
            "" => 0,
            "Z" if !spaced => 0,
            _ if !spaced && with_seconds => self.offset()?,
            _ => return None,
        };
        Some((time.ok()?, offset))
    }

    /// Nanoseconds; further digits are passed over.
    fn fraction(&mut self) -> i32 {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return 0;
        }
        let (digits, rest) = digits.split_at(length);
        self.rest = rest;
        let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
        padded.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'))
    }

    /// `+01:00`
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.sign("+").is_some() { 1 } else { self.sign("-").map(|()| -1)? };
        let hours = self.number(2).filter(|hours| *hours <= 24)?;
        self.sign(":")?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        self.rest.is_empty().then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
    }

    fn number(&mut self, length: usize) -> Option<u16> {
        let digits =
            self.rest.get(..length).filter(|digits| digits.bytes().all(|d| d.is_ascii_digit()))?;
        self.rest = self.rest.get(length..)?;
        digits.parse().ok()
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of Alertmanager 0.33.1, which keeps the offset where we write UTC.
    #[test]
    fn moments_are_read_in_every_form() {
        for (text, at) in [
            ("2036-01-02T03:04:05Z", "2036-01-02T03:04:05Z"),
            ("2036-01-02T03:04:05.123456789Z", "2036-01-02T03:04:05.123456789Z"),
            ("2036-01-02T03:04:05.1234567891Z", "2036-01-02T03:04:05.123456789Z"),
            ("2036-01-02T03:04:05+02:00", "2036-01-02T01:04:05Z"),
            ("2036-01-02T03:04", "2036-01-02T03:04:00Z"),
            ("2036-01-02T03:04Z", "2036-01-02T03:04:00Z"),
            ("2036-01-02 03:04:05", "2036-01-02T03:04:05Z"),
            ("2036-01-02T03:04:05", "2036-01-02T03:04:05Z"),
            ("2036-01-02T03:04:05.5", "2036-01-02T03:04:05.5Z"),
            ("2036-01-02T03:04:05,5Z", "2036-01-02T03:04:05.5Z"),
            ("2036-01-02T3:04:05Z", "2036-01-02T03:04:05Z"),
            ("2036-01-02", "2036-01-02T00:00:00Z"),
            ("", "1970-01-01T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text), Ok(at.parse().unwrap()), "{text}");
        }
        assert_eq!(read("9999-12-31T23:59:59.999Z"), Ok(Timestamp::MAX));
        assert!(is_zero(read("0001-01-01T00:00:00.000Z").unwrap()));
    }

    #[test]
    fn what_is_none_is_told_in_the_words_of_go() {
        for (text, words) in [
            ("nope", "parsing time \"nope\" as \"2006-01-02\": cannot parse \"nope\" as \"2006\""),
            (
                "2036-1-2",
                "parsing time \"2036-1-2\" as \"2006-01-02\": cannot parse \"1-2\" as \"01\"",
            ),
            (
                "20360102",
                "parsing time \"20360102\" as \"2006-01-02\": cannot parse \"0102\" as \"-\"",
            ),
            ("2036-02-30", "parsing time \"2036-02-30\": day out of range"),
        ] {
            assert_eq!(read(text), Err(words.to_owned()), "{text}");
        }
        for rest in [
            "T03:04:05.1-0700",
            " 03:04:05Z",
            "t03:04:05z",
            "T24:00:00Z",
            "T03:04:60Z",
            "T03:04:05 UTC",
            "T03:04:05.Z",
            "T03:04:05+2:00",
            "T03:04:05+25:00",
            "T03:04:05+02",
            "T03:04+02:00",
        ] {
            let text = format!("2036-01-02{rest}");
            assert_eq!(read(&text), Err(format!("parsing time {text:?}: extra text: {rest:?}")));
        }
    }
}
