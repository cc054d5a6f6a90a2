//! Maintenance windows: every day, or on some days of the week.

use toml::Table;

use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, matcher, words},
};

const DAYS: [(&str, &str); 7] = [
    ("Monday", "MO"),
    ("Tuesday", "TU"),
    ("Wednesday", "WE"),
    ("Thursday", "TH"),
    ("Friday", "FR"),
    ("Saturday", "SA"),
    ("Sunday", "SU"),
];

const DISABLED: &str = "it was disabled (`enabled: false`)";

/// Adds a window for these checks, or for all of them.
pub(super) fn window(mut section: Section<'_>, name: &str, checks: &[String], draft: &mut Draft) {
    let subject = match checks {
        [check] => format!("maintenance window of endpoint {check:?}"),
        _ => "maintenance window".to_owned(),
    };
    let enabled = section.flag("enabled").unwrap_or(true);
    let start = section.text("start").unwrap_or_default();
    let duration = section.duration("duration");
    let zone = section.text("timezone");
    let every = section.texts("every");
    let mut remarks = section.rest();
    let mut days = Vec::new();
    for day in every {
        match DAYS.iter().find(|(long, _)| *long == day) {
            Some((_, short)) => days.push(*short),
            None => remarks.push(format!("`every`: {day:?} is no day of the week")),
        }
    }
    let clock = start.split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (hour.parse::<u8>().ok()?, minute.parse::<u8>().ok()?);
        (hour < 24 && minute < 60).then_some((hour, minute))
    });
    let (Some((hour, minute)), Some(duration)) = (clock, duration) else {
        remarks.push(format!("it has no `start` and `duration` that could be read ({start:?})"));
        if !enabled {
            remarks.push(DISABLED.to_owned());
        }
        return draft.lost(subject, remarks);
    };
    let rule = match days.as_slice() {
        [] => "FREQ=DAILY".to_owned(),
        days => format!("FREQ=WEEKLY;BYDAY={}", days.join(",")),
    };
    let mut common = Table::new();
    let matchers = if checks.is_empty() { "check=~\".+\"".to_owned() } else { matcher(checks) };
    put(&mut common, "matchers", vec![matchers]);
    put(&mut common, "rrule", format!("{rule};BYHOUR={hour};BYMINUTE={minute};BYSECOND=0"));
    put(&mut common, "duration", words(duration));
    if let Some(zone) = zone.filter(|zone| zone != "UTC") {
        put(&mut common, "time_zone", zone);
    }
    let off = (!enabled).then(|| DISABLED.to_owned());
    let name = draft.name("maintenance", name);
    draft.maintenance(Piece { subject, name, common, remarks, off, ..Piece::default() });
}
