//! The dates of HTTP, in the three forms of RFC 9110 section 5.6.7.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

/// A date as Go's client reads it. The day of the week is a word and not checked against the day; the zone is GMT, but in the
/// obsolete form any.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words[..] {
        // Sun, 06 Nov 1994 08:49:37 GMT
        [weekday, day, month, year, time, "GMT"] => {
            let is_day = named(weekday.strip_suffix(',')?, &WEEKDAYS, 3).is_some();
            let year = number(year, 4).filter(|_| is_day && day.len() == 2)?;
            instant(year, month, day, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        [weekday, date, time, zone] if zone.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            named(weekday.strip_suffix(',')?, &WEEKDAYS, usize::MAX)?;
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let year = number(year, 2).filter(|_| parts.next().is_none() && day.len() == 2)?;
            instant(if year < 69 { 2000 + year } else { 1900 + year }, month, day, time)
        }
        // Sun Nov  6 08:49:37 1994
        [weekday, month, day, time, year] => {
            named(weekday, &WEEKDAYS, 3)?;
            instant(number(year, 4)?, month, day, time)
        }
        _ => None,
    }
}

const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn instant(year: i16, month: &str, day: &str, time: &str) -> Option<Timestamp> {
    let month = i8::try_from(named(month, &MONTHS, 3)? + 1).ok()?;
    let day = i8::try_from(number(day, day.len().min(2))?).ok()?;
    let mut parts = time.split(':');
    let mut part = || i8::try_from(number(parts.next()?, 2)?).ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    if parts.next().is_some() {
        return None;
    }
    let date = Date::new(year, month, day).ok()?;
    let at = DateTime::from_parts(date, Time::new(hour, minute, second, 0).ok()?);
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Which of the names it is, written with so many letters.
fn named(word: &str, names: &[&str], letters: usize) -> Option<usize> {
    names.iter().position(|name| name.get(..letters).unwrap_or(name).eq_ignore_ascii_case(word))
}

/// A number of so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 CEST",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Tue Nov 06 08:49:37 1994",
        ] {
            assert_eq!(parse(text).map(Timestamp::as_second), Some(784_111_777), "{text}");
        }
        assert_eq!(
            parse("Sunday, 06-Nov-68 08:49:37 GMT").unwrap().to_string(),
            "2068-11-06T08:49:37Z"
        );
        assert!(parse("Mon, 01 Jan 0001 00:00:00 GMT").is_some());
    }

    #[test]
    fn no_dates() {
        for text in [
            "",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37 CEST",
            "Sun, 06 Nov 1994 08:49:37 +0200",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Mond, 06 Nov 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
