//! Whether the keys of a maintenance window make one.

use jiff::{civil::DateTime, tz::TimeZone};
use toml::Table;

use crate::model::{MaintenanceWindow, PromDuration, WindowError};

/// # Errors
/// Why they make none.
pub(super) fn loads(keys: &Table) -> Result<(), String> {
    read(keys).map(drop).map_err(|why| why.to_string())
}

fn read(keys: &Table) -> Result<MaintenanceWindow, WindowError> {
    let text = |key: &str| keys.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let name = if text("time_zone").is_empty() { "UTC" } else { text("time_zone") };
    let zone = TimeZone::get(name).map_err(|_| WindowError::TimeZone(name.to_owned()))?;
    if keys.contains_key("rrule") {
        let duration: Option<PromDuration> = text("duration").parse().ok();
        let start: String = text("starts_at").chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let start = if start.is_empty() { start } else { format!("DTSTART:{start}\n") };
        let duration = duration.ok_or(WindowError::Duration)?.0;
        return MaintenanceWindow::recurring(&format!("{start}{}", text("rrule")), name, duration);
    }
    let moment = |key: &str| {
        let local: Option<DateTime> = text(key).parse().ok();
        let moment = local.and_then(|local| local.to_zoned(zone.clone()).ok());
        moment.map(|zoned| zoned.timestamp()).ok_or(WindowError::Empty)
    };
    MaintenanceWindow::fixed(moment("starts_at")?, moment("ends_at")?)
}
