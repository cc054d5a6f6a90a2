//! The table `maintenance`, as windows.

use std::time::Duration;

use serde_json::Value;
use toml::Table;

use super::{Database, Row, cron, monitor::Names, section};
use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, matcher, words},
};

/// Adds every window.
pub(super) fn all(database: &Database<'_>, names: &Names, draft: &mut Draft) {
    for row in database.rows("maintenance") {
        window(row, database, names, draft);
    }
}

fn window(row: &Row, database: &Database<'_>, names: &Names, draft: &mut Draft) {
    let mut own = section(row);
    own.drop(&["id", "user_id", "last_start_date"]);
    let title = own.text("title").unwrap_or_default();
    let mut piece = Piece { subject: format!("maintenance {title:?}"), ..Piece::default() };
    for line in own.text("description").iter().flat_map(|text| text.lines()) {
        piece.comments.push(line.to_owned());
    }
    if own.flag("active") == Some(false) {
        piece.off = Some("it was paused".to_owned());
    }
    let zone = match own.text("timezone").filter(|zone| zone != "SAME_AS_SERVER") {
        Some(zone) => zone,
        None => database
            .setting("serverTimezone")
            .and_then(|zone| zone.as_str().map(str::to_owned))
            .unwrap_or_else(|| "UTC".to_owned()),
    };
    let id = row.get("id").cloned().unwrap_or_default();
    let links = database.of("monitor_maintenance", "maintenance_id", &id);
    let ids = links.filter_map(|link| link.get("monitor_id").and_then(Value::as_i64));
    let mut checks: Vec<String> = ids.filter_map(|id| names.get(&id)).flatten().cloned().collect();
    checks.sort_unstable();
    checks.dedup();
    let strategy = own.text("strategy").unwrap_or_default();
    let when = match strategy.as_str() {
        "manual" => Err("it lasts until somebody ends it: a silence does that".to_owned()),
        _ if checks.is_empty() => Err("none of its monitors was converted".to_owned()),
        "single" => once(&mut own),
        other => again(other, &mut own),
    };
    own.drop(&[
        "start_date",
        "end_date",
        "start_time",
        "end_time",
        "weekdays",
        "days_of_month",
        "interval_day",
        "cron",
        "duration",
    ]);
    piece.remarks.extend(own.rest());
    match when {
        Ok(keys) => {
            put(&mut piece.common, "matchers", vec![matcher(&checks)]);
            piece.common.extend(keys);
            if zone != "UTC" {
                put(&mut piece.common, "time_zone", zone.as_str());
            }
            piece.name = draft.name("maintenance", &title);
            draft.maintenance(piece);
        }
        Err(why) => {
            piece.remarks.insert(0, format!("not converted ({strategy}): {why}"));
            draft.lost(piece.subject, piece.remarks);
        }
    }
}

/// `2026-03-01 22:00:00` as the configuration writes it.
fn moment(text: &str) -> Option<String> {
    let text = text.trim().replacen(' ', "T", 1);
    let text = if text.len() == "2026-03-01T22:00".len() { format!("{text}:00") } else { text };
    let read: jiff::civil::DateTime = text.trim_end_matches('Z').parse().ok()?;
    Some(read.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

fn once(own: &mut Section<'_>) -> Result<Table, String> {
    let mut keys = Table::new();
    for (theirs, ours) in [("start_date", "starts_at"), ("end_date", "ends_at")] {
        let text = own.text(theirs).unwrap_or_default();
        let read = moment(&text).ok_or_else(|| format!("`{theirs}`: {text:?} is no time"))?;
        put(&mut keys, ours, read);
    }
    Ok(keys)
}

fn again(strategy: &str, own: &mut Section<'_>) -> Result<Table, String> {
    let clock = |text: Option<String>| {
        let text = text?;
        let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
        let (hour, minute) = (parts.next()??, parts.next()??);
        (hour < 24 && minute < 60).then_some((hour, minute))
    };
    let start = clock(own.text("start_time"));
    let end = clock(own.text("end_time"));
    let lasts = own
        .number("duration")
        .filter(|own| *own > 0.0)
        .and_then(|own| Duration::try_from_secs_f64(own).ok());
    let between = start.zip(end).map(|(start, end)| {
        let minutes = (end.0 * 60 + end.1 + 24 * 60 - start.0 * 60 - start.1) % (24 * 60);
        Duration::from_mins(minutes)
    });
    let duration = lasts
        .or(between)
        .filter(|own| !own.is_zero())
        .ok_or("it does not say how long it lasts")?;
    let at = |rule: &str| {
        let (hour, minute) = start.ok_or("it does not say when it starts")?;
        Ok::<_, String>(format!("{rule};BYHOUR={hour};BYMINUTE={minute};BYSECOND=0"))
    };
    let first = own.text("start_date").and_then(|text| moment(&text));
    let mut rule = match strategy {
        "recurring-interval" => {
            at(&format!("FREQ=DAILY;INTERVAL={}", own.count("interval_day").unwrap_or(1).max(1)))?
        }
        "recurring-weekday" => at(&format!("FREQ=WEEKLY;BYDAY={}", weekdays(own)?))?,
        "recurring-day-of-month" => {
            at(&format!("FREQ=MONTHLY;BYMONTHDAY={}", days_of_month(own)?))?
        }
        "cron" => cron::rule(&own.text("cron").unwrap_or_default())?,
        other => return Err(format!("noroshi knows no strategy {other:?}")),
    };
    if let Some(last) = own.text("end_date").and_then(|text| moment(&text)) {
        rule.push_str(";UNTIL=");
        rule.extend(last.chars().filter(|c| !matches!(c, '-' | ':')));
    }
    let mut keys = Table::new();
    if let Some(first) = first {
        put(&mut keys, "starts_at", first);
    } else if rule.contains("INTERVAL=") && !rule.contains("INTERVAL=1;") {
        return Err("it does not say which day it counts from".to_owned());
    }
    put(&mut keys, "rrule", rule);
    put(&mut keys, "duration", words(duration));
    Ok(keys)
}

fn list(own: &mut Section<'_>, key: &str) -> Vec<String> {
    let text = own.text(key).unwrap_or_default();
    let values: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
    values
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

fn weekdays(own: &mut Section<'_>) -> Result<String, String> {
    let days = list(own, "weekdays");
    let words: Option<Vec<&str>> =
        days.iter().map(|day| Some(cron::RULE_DAYS[day.parse::<usize>().ok()? % 7])).collect();
    words
        .filter(|words| !words.is_empty())
        .map(|words| words.join(","))
        .ok_or_else(|| "it names no day of the week".to_owned())
}

fn days_of_month(own: &mut Section<'_>) -> Result<String, String> {
    let days = list(own, "days_of_month");
    let words: Option<Vec<String>> = days
        .iter()
        .map(|day| match day.strip_prefix("lastDay") {
            Some(number) => Some(format!("-{}", number.parse::<u8>().ok()?)),
            None => Some(day.parse::<u8>().ok()?.to_string()),
        })
        .collect();
    words
        .filter(|words| !words.is_empty())
        .map(|words| words.join(","))
        .ok_or_else(|| "it names no day of the month".to_owned())
}
