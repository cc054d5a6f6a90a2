//! Whether a lane is to be told anything: the group as it is shown, against what the lane was last told.

use std::time::Duration;

use jiff::Timestamp;

use super::{ingest::after, order::is_subset};
use crate::model::{Fingerprint, NoticeReason, Notified};

/// A group at a flush. Each list is sorted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// Shown, and firing.
    pub(super) firing: Vec<Fingerprint>,
    /// Shown, and resolved.
    pub(super) resolved: Vec<Fingerprint>,
    /// Hidden from this flush, firing or not.
    pub(super) hidden: Vec<Fingerprint>,
}

impl Content {
    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.firing.is_empty() && self.resolved.is_empty()
    }

    /// What a lane knows to be firing once it was told this: what was shown, and what it was told before of alerts that
    /// are hidden now. Those it will hear of when they are shown again.
    pub(super) fn told_firing(&self, before: Option<&Notified>) -> Vec<Fingerprint> {
        let before = before.map(|told| &*told.firing).unwrap_or_default();
        let kept = self.hidden.iter().filter(|one| before.binary_search(one).is_ok());
        let mut firing: Vec<Fingerprint> = self.firing.iter().chain(kept).copied().collect();
        firing.sort_unstable();
        firing
    }
}

/// Why the lane is to be told, or `None`: Alertmanager's rules, asked in its order. They differ in one thing: an alert
/// that is hidden and was told as firing is neither new nor resolved, so that its resolve is not lost.
pub(super) fn reason(
    told: Option<&Notified>,
    content: &Content,
    send_resolved: bool,
    repeat: Duration,
    now: Timestamp,
) -> Option<NoticeReason> {
    let Some(told) = told else {
        return (!content.firing.is_empty()).then_some(NoticeReason::First);
    };
    if !is_subset(&content.firing, &told.firing) {
        // After a resolution the next alert opens a new sequence.
        return Some(if told.firing.is_empty() { NoticeReason::First } else { NoticeReason::New });
    }
    if content.firing.is_empty() {
        // Whatever `send_resolved` says: the log must learn of it.
        let over = told.firing.iter().any(|one| content.hidden.binary_search(one).is_err());
        return over.then_some(NoticeReason::AllResolved);
    }
    if send_resolved && !is_subset(&content.resolved, &told.resolved) {
        return Some(NoticeReason::SomeResolved);
    }
    (after(told.at, repeat) <= now).then_some(NoticeReason::Repeat)
}
