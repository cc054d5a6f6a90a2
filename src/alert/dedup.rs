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

    /// Whose end a lane is owed once it was told this: alerts that it was told of before and that are hidden now. It hears
    /// of them when they are shown again: of the fire as of a new one, of the end in any case.
    pub(super) fn owed(&self, before: Option<&Notified>) -> Vec<Fingerprint> {
        let Some(before) = before else { return Vec::new() };
        let is_in = |list: &[Fingerprint], one: &Fingerprint| list.binary_search(one).is_ok();
        let known = |one: &&Fingerprint| is_in(&before.firing, one) || is_in(&before.owed, one);
        self.hidden.iter().filter(known).copied().collect()
    }
}

/// Why the lane is to be told, or `None`: Alertmanager's rules, asked in its order. They differ in one thing: the end of an
/// alert is not lost that was told as firing, and was hidden when its group was told again.
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
        let over = told.firing.iter().any(|one| content.hidden.binary_search(one).is_err())
            || told.owed.iter().any(|one| content.resolved.binary_search(one).is_ok());
        return over.then_some(NoticeReason::AllResolved);
    }
    if send_resolved && !is_subset(&content.resolved, &told.resolved) {
        return Some(NoticeReason::SomeResolved);
    }
    (after(told.at, repeat) <= now).then_some(NoticeReason::Repeat)
}
