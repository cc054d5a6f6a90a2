//! The text of RFC 5545: lines, times, the parts of a rule.

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A time as RFC 5545 writes it, on the wall clock, which is UTC for the crate.
pub(super) const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// `NAME;PARAMETERS:VALUE`
pub(super) fn named(line: &str) -> Result<(&str, &str), String> {
    line.split_once(':').ok_or_else(|| format!("`{line}` is no line such as `RRULE:FREQ=DAILY`"))
}

/// A date or time on the zone's wall clock.
pub(super) fn wall_clock(
    value: &str,
    parameters: &str,
    zone_name: &str,
    zone: &TimeZone,
) -> Result<DateTime, String> {
    for parameter in parameters.split(';').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some((name, "DATE" | "DATE-TIME")) if name.eq_ignore_ascii_case("VALUE") => {}
            Some((name, own)) if name.eq_ignore_ascii_case("TZID") && own == zone_name => {}
            Some((name, own)) if name.eq_ignore_ascii_case("TZID") => {
                return Err(format!("TZID={own} is not the window's time zone, {zone_name}"));
            }
            _ => return Err(format!("the parameter `{parameter}` is not read")),
        }
    }
    let value = value.trim().to_ascii_uppercase();
    let bad = || format!("`{value}` is no time such as 20260101T020000");
    let (written, utc) = match value.strip_suffix('Z') {
        Some(written) => (written, true),
        None => (value.as_str(), false),
    };
    let wall = match written.len() {
        8 => Date::strptime("%Y%m%d", written).map(|date| date.at(0, 0, 0, 0)),
        _ => DateTime::strptime("%Y%m%dT%H%M%S", written),
    };
    let wall = wall.map_err(|_| bad())?;
    if !utc {
        return Ok(wall);
    }
    let moment = TimeZone::UTC.to_timestamp(wall).map_err(|_| bad())?;
    Ok(zone.to_datetime(moment))
}

/// The parts of an `RRULE`, in their order.
pub(super) struct Parts<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Parts<'r> {
    pub(super) fn read(rule: &'r str) -> Result<Self, String> {
        let parts = rule.split(';').filter(|part| !part.trim().is_empty());
        let parts: Result<Vec<_>, String> = parts
            .map(|part| {
                let (name, value) = part
                    .split_once('=')
                    .ok_or_else(|| format!("`{part}` is no part of a rule, such as FREQ=DAILY"))?;
                Ok((name.trim(), value.trim()))
            })
            .collect();
        let parts = parts?;
        for (at, (name, _)) in parts.iter().enumerate() {
            if parts[..at].iter().any(|(other, _)| other == name) {
                return Err(format!("{name} stands there twice"));
            }
        }
        Ok(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'r str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    pub(super) fn frequency(&self) -> Result<Frequency, String> {
        Ok(match self.get("FREQ").ok_or("there is no FREQ")? {
            "HOURLY" => Frequency::Hourly,
            "DAILY" => Frequency::Daily,
            "WEEKLY" => Frequency::Weekly,
            "MONTHLY" => Frequency::Monthly,
            "YEARLY" => Frequency::Yearly,
            other => {
                return Err(format!(
                    "FREQ={other} is not read; HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY are"
                ));
            }
        })
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let read = |text: &str| {
            // The crate counts intervals with 16 bits.
            let number = text.parse::<u16>().ok().filter(|_| !text.starts_with('+'));
            number.map(u32::from).ok_or_else(|| format!("{name}={text} is no number that can be"))
        };
        self.get(name).map(read).transpose()
    }

    /// At most how often it begins on a day.
    pub(super) fn a_day(&self, frequency: Frequency) -> usize {
        let listed = |name| self.get(name).map(|list: &str| list.split(',').count());
        let hours = if frequency == Frequency::Hourly { 24 } else { 1 };
        let minutes = listed("BYMINUTE").unwrap_or(1) * listed("BYSECOND").unwrap_or(1);
        listed("BYHOUR").unwrap_or(hours) * minutes
    }

    /// Without a start a rule must say itself when it comes.
    pub(super) fn stand_alone(
        &self,
        frequency: Frequency,
        interval: u32,
        counted: bool,
    ) -> Result<(), String> {
        let says = |names: &[&str]| names.iter().any(|name| self.get(name).is_some());
        let missing = match frequency {
            _ if interval > 1 => "INTERVAL",
            _ if counted => "COUNT",
            Frequency::Weekly if !says(&["BYDAY"]) => "FREQ=WEEKLY without BYDAY",
            Frequency::Monthly if !says(&["BYDAY", "BYMONTHDAY"]) => {
                "FREQ=MONTHLY without BYDAY or BYMONTHDAY"
            }
            Frequency::Yearly if !says(&["BYDAY", "BYMONTHDAY", "BYYEARDAY"]) => {
                "FREQ=YEARLY without BYDAY, BYMONTHDAY or BYYEARDAY"
            }
            _ => return Ok(()),
        };
        Err(format!("{missing} counts from somewhere: add a line DTSTART:20260101T020000"))
    }

    /// The rule with its end on the wall clock.
    pub(super) fn on_the_wall_clock(&self, zone: &TimeZone) -> Result<String, String> {
        let parts = self.0.iter().map(|(name, value)| match *name {
            "UNTIL" => {
                let end = wall_clock(value, "", "", zone)?;
                // A date alone means all of that day.
                let all_day = value.len() == 8;
                let end = if all_day { end.date().at(23, 59, 59, 0) } else { end };
                Ok(format!("UNTIL={}", end.strftime(BASIC)))
            }
            _ => Ok(format!("{name}={value}")),
        });
        Ok(parts.collect::<Result<Vec<_>, String>>()?.join(";"))
    }
}
