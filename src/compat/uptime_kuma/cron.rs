//! A cron expression as a rule of RFC 5545.

use std::fmt::Write as _;

/// `0 3 * * 1-5` as `FREQ=DAILY;BYDAY=...;BYHOUR=3;BYMINUTE=0;BYSECOND=0`.
///
/// # Errors
/// Why there is no such rule.
pub(super) fn rule(cron: &str) -> Result<String, String> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    // With six fields the first one is the seconds.
    let fields = match fields.as_slice() {
        ["0", rest @ ..] if rest.len() == 5 => rest,
        five if five.len() == 5 => five,
        _ => return Err("it has not five fields".to_owned()),
    };
    let minutes = field(fields[0], 0, 59)?;
    let hours = field(fields[1], 0, 23)?;
    let days = field(fields[2], 1, 31)?;
    let months = field(&named(fields[3], &MONTHS, 1), 1, 12)?;
    let weekdays = field(&named(fields[4], &DAYS, 0), 0, 7)?;
    if fields[2] != "*" && fields[4] != "*" {
        return Err("it means days of the month or of the week, which no rule says".to_owned());
    }
    let mut rule = "FREQ=DAILY".to_owned();
    let mut add = |name: &str, written: &str, values: &[u8]| {
        if written != "*" {
            let list: Vec<String> = values.iter().map(u8::to_string).collect();
            let _ = write!(rule, ";{name}={}", list.join(","));
        }
    };
    add("BYMONTH", fields[3], &months);
    add("BYMONTHDAY", fields[2], &days);
    if fields[4] != "*" {
        let mut words: Vec<&str> = Vec::new();
        for day in weekdays {
            let word = RULE_DAYS[usize::from(day % 7)];
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let _ = write!(rule, ";BYDAY={}", words.join(","));
    }
    let list = |values: &[u8]| values.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let _ = write!(rule, ";BYHOUR={};BYMINUTE={};BYSECOND=0", list(&hours), list(&minutes));
    Ok(rule)
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
pub(super) const RULE_DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

/// Names as numbers.
fn named(field: &str, names: &[&str], first: usize) -> String {
    let lower = field.to_ascii_lowercase();
    names
        .iter()
        .enumerate()
        .fold(lower, |text, (at, name)| text.replace(name, &(at + first).to_string()))
}

/// The values of a field: `*`, `*/5`, `1,2`, `1-5`, `1-9/2`.
fn field(text: &str, low: u8, high: u8) -> Result<Vec<u8>, String> {
    let bad = || format!("`{text}` is no field that could be read");
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, step.parse().ok().filter(|step| *step > 0).ok_or_else(bad)?)
            }
            None => (part, 1_u8),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().map_err(|_| bad())?, to.parse().map_err(|_| bad())?),
            None => {
                let one = range.parse().map_err(|_| bad())?;
                (one, if part.contains('/') { high } else { one })
            }
        };
        if from < low || to > high || from > to {
            return Err(bad());
        }
        values.extend((from..=to).step_by(step.into()));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_rules() {
        let end = ";BYHOUR=3;BYMINUTE=30;BYSECOND=0";
        for (cron, wanted) in [
            ("30 3 * * *", format!("FREQ=DAILY{end}")),
            ("0 30 3 * * *", format!("FREQ=DAILY{end}")),
            ("30 3 * * 1-5", format!("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR{end}")),
            ("30 3 * * sun,7", format!("FREQ=DAILY;BYDAY=SU{end}")),
            ("30 3 1,15 jan *", format!("FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1,15{end}")),
            ("*/30 */12 * * *", "FREQ=DAILY;BYHOUR=0,12;BYMINUTE=0,30;BYSECOND=0".to_owned()),
        ] {
            assert_eq!(rule(cron).as_ref(), Ok(&wanted), "{cron}");
        }
        for wrong in
            ["", "* * *", "61 * * * *", "0 3 1 * 1", "a b c d e", "1-0 * * * *", "*/0 * * * *"]
        {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "([0-9*/,a-z-]{0,6} ?){0,7}") {
            let _ = rule(&text);
        }
    }
}
