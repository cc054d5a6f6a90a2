use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    clock,
    model::{CheckSettings, MaintenanceWindow, Matcher, Pairs, matcher},
};

/// A planned time of work on checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// All must match the labels of a check's alert, the check's own labels among them.
    pub matchers: Arc<[Matcher]>,
    /// When.
    pub window: MaintenanceWindow,
}

/// The longest pause between two looks at the calendar, which may be set anew meanwhile.
const LOOK: Duration = Duration::from_mins(1);

/// What is planned, and what of it is going on.
#[derive(Debug, Default)]
pub(super) struct Plans {
    planned: Arc<[Planned]>,
    going_on: Vec<bool>,
    /// When that changes; `None` if never.
    next: Option<Timestamp>,
}

impl Plans {
    pub(super) fn replace(&mut self, planned: Arc<[Planned]>, now: Timestamp) {
        *self = Self { going_on: Vec::new(), planned, next: None };
        self.look(now);
    }

    /// Looks at the calendar; true if anything began or ended.
    pub(super) fn look(&mut self, now: Timestamp) -> bool {
        let windows = || self.planned.iter().map(|planned| &planned.window);
        let going_on: Vec<bool> =
            windows().map(|window| window.occurrence_at(now).is_some()).collect();
        self.next = windows().filter_map(|window| edge(window, now)).min();
        std::mem::replace(&mut self.going_on, going_on) != self.going_on
    }

    /// How long until the next look; `None` if nothing will ever begin or end.
    pub(super) fn pause(&self, now: Timestamp) -> Option<Duration> {
        self.next.map(|next| clock::between(now, next).min(LOOK))
    }

    /// Whether work on this check goes on.
    pub(super) fn cover(&self, settings: &CheckSettings) -> bool {
        // Most of the time nothing does, and no labels need to be put together.
        if !self.going_on.contains(&true) {
            return false;
        }
        let labels = labels(settings);
        let going_on = self.planned.iter().zip(&self.going_on).filter(|(_, going_on)| **going_on);
        going_on.into_iter().any(|(planned, _)| matcher::all_match(&planned.matchers, &labels))
    }
}

/// When a window begins or ends next.
fn edge(window: &MaintenanceWindow, now: Timestamp) -> Option<Timestamp> {
    let end = window.occurrence_at(now).map(|(_, end)| end);
    let start = window.next_after(now).map(|(start, _)| start);
    end.into_iter().chain(start).min()
}

/// The labels of the check's alert, and its own: people write maintenance as they write silences.
fn labels(settings: &CheckSettings) -> Pairs {
    let severity = settings.labels.get("severity").map_or("warning", |severity| severity);
    let own = [
        ("alertname", "NoroshiCheckDown"),
        ("check", settings.id.as_str()),
        ("group", &settings.group),
        ("severity", severity),
    ];
    let users = settings.labels.iter().map(|(name, value)| (&**name, &**value));
    users.chain(own).collect()
}
