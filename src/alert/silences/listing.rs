//! What the API shows of silences.

use std::{cmp::Ordering, sync::Arc};

use jiff::Timestamp;

use super::Silences;
use crate::{
    alert::filter,
    model::{Matcher, Silence, SilenceState},
};

/// How many there are in each state; planned ones are counted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SilenceCounts {
    /// They hide alerts.
    pub active: usize,
    /// They will.
    pub pending: usize,
    /// They did.
    pub expired: usize,
}

impl Silences {
    /// Those that pass the filter, in the API's order: active ones by their end, pending ones by their begin, ended ones
    /// from the last to the first.
    pub fn listed(&self, filter: &[Matcher], now: Timestamp) -> Vec<Arc<Silence>> {
        let passes = |silence: &&Arc<Silence>| filter::names(filter, &silence.matchers);
        let mut listed: Vec<Arc<Silence>> = self.all().filter(passes).cloned().collect();
        listed.sort_by(|one, other| order(one, other, now));
        listed
    }

    /// All of them, planned ones too, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.held.values().chain(self.planned.shown())
    }

    /// How many there are by state.
    pub fn counts(&self, now: Timestamp) -> SilenceCounts {
        let mut counts = SilenceCounts::default();
        for silence in self.all() {
            match silence.state(now) {
                SilenceState::Active => counts.active += 1,
                SilenceState::Pending => counts.pending += 1,
                SilenceState::Expired => counts.expired += 1,
            }
        }
        counts
    }
}

fn order(one: &Silence, other: &Silence, now: Timestamp) -> Ordering {
    let rank = |silence: &Silence| match silence.state(now) {
        SilenceState::Active => 0,
        SilenceState::Pending => 1,
        SilenceState::Expired => 2,
    };
    let within = match one.state(now) {
        SilenceState::Active => one.ends_at.cmp(&other.ends_at),
        SilenceState::Pending => one.starts_at.cmp(&other.starts_at),
        SilenceState::Expired => other.ends_at.cmp(&one.ends_at),
    };
    rank(one).cmp(&rank(other)).then(within).then(one.id.cmp(&other.id))
}
