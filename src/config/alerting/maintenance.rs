//! `[maintenance.NAME]`: planned work.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compile::Compile;
use crate::{
    alert::spec::Maintenance,
    config::{
        codes::Code,
        finding::{Finding, Path},
    },
    model::{MaintenanceWindow, PromDuration},
};

/// A planned time of work: once, from `starts_at` to `ends_at`, or by `rrule` again and again for `duration`. The alerts
/// that match are hidden, and checks among them are under MAINTENANCE.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct MaintenanceKeys {
    /// Which alerts are hidden: all must match.
    pub matchers: Vec<String>,
    /// When it begins: `2026-03-01T22:00:00+01:00`, or without an offset in `time_zone`. With `rrule` the first time it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// When it begins again and again, as RFC 5545 has it: `"FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0;BYSECOND=0"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
    /// How long each occurrence of `rrule` lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<PromDuration>,
    /// The time zone of all that names none, such as `Europe/Berlin`. UTC when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Why, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

impl MaintenanceKeys {
    pub(super) fn compile(
        &self,
        name: &str,
        at: &Path,
        compile: &mut Compile<'_>,
    ) -> Option<Maintenance> {
        if self.matchers.is_empty() {
            let message = format!("the key `matchers` is missing {}", at.place());
            let hint = "for every alert write `matchers = ['alertname=~\".+\"']`".to_owned();
            let finding = Finding::new(Code::MissingKey, at.clone(), message);
            compile.found(finding.at_key().hint(hint));
        }
        let matchers = compile.matchers(&at.key("matchers"), &self.matchers);
        let window = self.zone(at, compile).and_then(|zone| match &self.rrule {
            Some(rule) => self.recurring(rule, &zone, at, compile),
            None => self.fixed(&zone, at, compile),
        })?;
        let comment = self.comment.as_str().into();
        Some(Maintenance { name: name.into(), matchers, window, comment })
    }

    fn zone(&self, at: &Path, compile: &mut Compile<'_>) -> Option<TimeZone> {
        let Some(name) = &self.time_zone else { return Some(TimeZone::UTC) };
        let zone = TimeZone::get(name).ok();
        if zone.is_none() {
            let at = at.key("time_zone");
            let message = format!("{}: there is no time zone {name:?}", at.subject());
            let hint = "IANA's names are such as `Europe/Berlin`".to_owned();
            compile.found(Finding::new(Code::BadValue, at, message).hint(hint));
        }
        zone
    }

    fn fixed(
        &self,
        zone: &TimeZone,
        at: &Path,
        compile: &mut Compile<'_>,
    ) -> Option<MaintenanceWindow> {
        if self.duration.is_some() {
            let message = "`duration` belongs to `rrule`; a window that comes once has `ends_at`";
            let finding = Finding::new(Code::Contradiction, at.key("duration"), message);
            compile.found(finding.at_key());
        }
        let starts_at = given("starts_at", self.starts_at.as_deref(), zone, at, compile);
        let ends_at = given("ends_at", self.ends_at.as_deref(), zone, at, compile);
        let (starts_at, ends_at) = (starts_at?, ends_at?);
        match MaintenanceWindow::fixed(starts_at, ends_at) {
            Ok(window) => Some(window),
            Err(why) => {
                let at = at.key("ends_at");
                let message = format!("{}: {why}", at.subject());
                compile.found(Finding::new(Code::Contradiction, at, message));
                None
            }
        }
    }

    fn recurring(
        &self,
        rule: &str,
        zone: &TimeZone,
        at: &Path,
        compile: &mut Compile<'_>,
    ) -> Option<MaintenanceWindow> {
        if self.ends_at.is_some() {
            let message =
                "`ends_at` belongs to a window that comes once; `rrule` ends by `UNTIL` or `COUNT`";
            let finding = Finding::new(Code::Contradiction, at.key("ends_at"), message);
            compile.found(finding.at_key());
        }
        let duration = self.duration.map(|duration| duration.0);
        if duration.is_none() {
            let message = format!("the key `duration` is missing {}", at.place());
            compile.found(Finding::new(Code::MissingKey, at.clone(), message).at_key());
        }
        let mut lines = rule.to_owned();
        if let Some(text) = self.starts_at.as_deref() {
            let Some(first) = moment(text, zone) else {
                compile.found(no_time(at.key("starts_at"), text));
                return None;
            };
            let first = first.to_zoned(zone.clone());
            lines = format!("DTSTART:{}\n{rule}", first.strftime("%Y%m%dT%H%M%S"));
        }
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        match MaintenanceWindow::recurring(&lines, zone, duration?) {
            Ok(window) => Some(window),
            Err(why) => {
                let at = at.key("rrule");
                let message = format!("{}: {why}", at.subject());
                compile.found(Finding::new(Code::BadValue, at, message));
                None
            }
        }
    }
}

/// A moment that must be given.
fn given(
    key: &str,
    text: Option<&str>,
    zone: &TimeZone,
    at: &Path,
    compile: &mut Compile<'_>,
) -> Option<Timestamp> {
    let Some(text) = text else {
        let message = format!("the key `{key}` is missing {}", at.place());
        let hint = "a window has `starts_at` and `ends_at`, or `rrule` and `duration`";
        let finding = Finding::new(Code::MissingKey, at.clone(), message);
        compile.found(finding.at_key().hint(hint.to_owned()));
        return None;
    };
    let read = moment(text, zone);
    if read.is_none() {
        compile.found(no_time(at.key(key), text));
    }
    read
}

/// RFC 3339; what has no offset is meant in the zone.
fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok();
    text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()))
}

fn no_time(at: Path, text: &str) -> Finding {
    let shown: String = text.chars().take(40).collect();
    let message = format!("{}: `{shown}` is not a time", at.subject());
    let hint = "write it like 2026-03-01T22:00:00+01:00".to_owned();
    Finding::new(Code::BadValue, at, message).hint(hint)
}
