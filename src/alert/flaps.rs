//! Alerts of others that change too often: held firing until they have been quiet.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{ingest::after, spec::FlapHold};
use crate::model::Alert;

/// The latest changes of one alert between firing and resolved; at most as many as make it flap.
#[derive(Debug, Default)]
pub(super) struct Flaps {
    changes: VecDeque<Timestamp>,
    /// Its sender says it is resolved, and we hold it.
    held: bool,
}

impl Flaps {
    /// Takes what an alert is about to become. While it flaps, a resolve is put off until it has been quiet.
    pub(super) fn take(&mut self, rule: FlapHold, known: &Alert, next: &mut Alert, now: Timestamp) {
        let (was, is) = (known.is_resolved(now) || self.held, next.is_resolved(now));
        if was == is {
            // A resolve that is told again neither counts nor ends the hold.
            if self.held && is && !known.is_resolved(now) {
                (next.ends_at, next.timeout) = (known.ends_at, true);
            }
            return;
        }
        self.held = false;
        self.changes.push_back(now);
        let most = usize::try_from(rule.changes.max(1)).unwrap_or(usize::MAX);
        while self.changes.len() > most {
            self.changes.pop_front();
        }
        let recent = self.changes.front().is_some_and(|first| now <= after(*first, rule.window));
        if is && recent && self.changes.len() == most {
            self.held = true;
            (next.ends_at, next.timeout) = (after(now, rule.hold), true);
        }
    }
}
