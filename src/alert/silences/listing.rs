//! What the API shows of silences.

use std::sync::Arc;

use jiff::Timestamp;

use super::Silences;
use crate::model::{Silence, SilenceState};

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
