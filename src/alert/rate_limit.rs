//! At most so many notices in a time; what is held back is told in a sum with the next that goes.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use super::{ingest::after, spec::RateLimit};
use crate::model::{Fingerprint, Lane};

/// The limits' memory, by receiver and integration: each way of telling has its own budget.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    budgets: HashMap<(Arc<str>, Arc<str>, u16), Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    /// When the latest notices went; at most as many as the limit.
    sent: VecDeque<Timestamp>,
    /// Alerts held back since; never more than there are alerts.
    held: HashSet<Fingerprint>,
}

impl RateLimits {
    /// Asks for one notice. Says how many alerts were held back before it.
    ///
    /// # Errors
    /// From when on the budget has room again.
    pub(super) fn take(
        &mut self,
        lane: &Lane,
        limit: RateLimit,
        alerts: impl Iterator<Item = Fingerprint>,
        now: Timestamp,
    ) -> Result<u64, Timestamp> {
        let whose = (Arc::clone(&lane.receiver), Arc::clone(&lane.kind), lane.integration);
        let budget = self.budgets.entry(whose).or_default();
        while budget.sent.front().is_some_and(|sent| after(*sent, limit.per) <= now) {
            budget.sent.pop_front();
        }
        let most = usize::try_from(limit.notices).unwrap_or(usize::MAX);
        if budget.sent.len() >= most {
            budget.held.extend(alerts);
            let oldest = budget.sent.front().copied().unwrap_or(now);
            return Err(after(oldest, limit.per));
        }
        budget.sent.push_back(now);
        // The alerts of this notice are told by it.
        for alert in alerts {
            budget.held.remove(&alert);
        }
        let held = u64::try_from(budget.held.len()).unwrap_or(u64::MAX);
        budget.held.clear();
        Ok(held)
    }

    /// Forgets receivers that are gone.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.budgets.retain(|(receiver, ..), _| keep(receiver));
    }
}
