//! From what somebody posted to an alert, and from two tellings of one alert to one.

use std::time::Duration;

use jiff::Timestamp;

use super::PostedAlert;
use crate::model::{
    Alert, AlertSource, Overlays, Pairs,
    matcher::{Quoted, Syntax},
};

/// Go's zero time in seconds: clients send it for "not set".
const GO_ZERO: i64 = -62_135_596_800;

/// Checks a posted alert and fills in what was left out, as Alertmanager's API does.
///
/// # Errors
/// What is wrong with it, in Alertmanager's words.
pub(super) fn checked(
    posted: PostedAlert,
    source: AlertSource,
    rules: Rules,
    now: Timestamp,
) -> Result<Alert, String> {
    let (starts_at, ends_at, timeout) = rules.times(&posted, now);
    let labels = without_empty(posted.labels);
    if ends_at < starts_at {
        return Err("start time must be before end time".to_owned());
    }
    if labels.is_empty() {
        return Err("at least one label pair required".to_owned());
    }
    rules.check_names(&labels).map_err(|error| format!("invalid label set: {error}"))?;
    rules
        .check_names(&posted.annotations)
        .map_err(|error| format!("invalid annotations: {error}"))?;
    Ok(Alert {
        labels,
        annotations: posted.annotations,
        starts_at,
        ends_at,
        updated_at: now,
        generator_url: posted.generator_url,
        timeout,
        source,
        overlays: Overlays::default(),
        pushed: false,
    })
}

/// What the configuration says of posted alerts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How long an alert fires whose sender did not say until when.
    pub(super) resolve_timeout: Duration,
    /// Which names there are.
    pub(super) syntax: Syntax,
}

impl Rules {
    /// When a posted alert starts and ends, and whether the end is ours.
    pub(super) fn times(
        self,
        posted: &PostedAlert,
        now: Timestamp,
    ) -> (Timestamp, Timestamp, bool) {
        let told = |at: Option<Timestamp>| at.filter(|at| at.as_second() != GO_ZERO);
        let (starts_at, ends_at) = (told(posted.starts_at), told(posted.ends_at));
        (
            starts_at.or(ends_at).unwrap_or(now),
            ends_at.unwrap_or_else(|| after(now, self.resolve_timeout)),
            ends_at.is_none(),
        )
    }

    fn check_names(self, pairs: &Pairs) -> Result<(), String> {
        let bad = pairs.iter().find(|(name, _)| !self.syntax.accepts_name(name));
        bad.map_or(Ok(()), |(name, _)| Err(format!("invalid name {}", Quoted(name))))
    }
}

/// A moment later, at most the last one there is.
pub(super) fn after(at: Timestamp, time: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(time)
        .ok()
        .and_then(|time| at.checked_add(time).ok())
        .unwrap_or(Timestamp::MAX)
}

fn without_empty(labels: Pairs) -> Pairs {
    if labels.iter().all(|(_, value)| !value.is_empty()) {
        return labels;
    }
    Pairs::new(labels.iter().filter(|(_, value)| !value.is_empty()))
}

/// What is known of an alert after it was told again. Where the two times overlap they are one incident: it began with
/// the earlier start, and an end that was said outlives one that was guessed. Otherwise the newer stands alone.
pub(super) fn merged(known: &Alert, told: Alert, now: Timestamp) -> Alert {
    let overlap = (told.ends_at > known.starts_at && told.ends_at < known.ends_at)
        || (told.starts_at > known.starts_at && told.starts_at < known.ends_at);
    if !overlap {
        return told;
    }
    if told.updated_at < known.updated_at {
        // The clock was set back in between.
        return joined(&told, known.clone(), now);
    }
    joined(known, told, now)
}

fn joined(older: &Alert, newer: Alert, now: Timestamp) -> Alert {
    let keeps_older_end = older.ends_at > newer.ends_at
        && if newer.is_resolved(now) { older.is_resolved(now) } else { !older.timeout };
    Alert {
        starts_at: older.starts_at.min(newer.starts_at),
        ends_at: if keeps_older_end { older.ends_at } else { newer.ends_at },
        ..newer
    }
}

/// Whether a change must be on disk: everything but a mere extension.
pub(super) fn is_news(known: &Alert, told: &Alert, now: Timestamp) -> bool {
    let resolved = told.is_resolved(now);
    known.is_resolved(now) != resolved
        || (resolved && known.ends_at != told.ends_at)
        || known.starts_at != told.starts_at
        || known.annotations != told.annotations
        || known.generator_url != told.generator_url
        || known.overlays != told.overlays
        || known.source != told.source
}
