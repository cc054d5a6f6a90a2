use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::metrics::Counters;
use crate::model::PushAlert;

/// As Prometheus: so many alerts wait for a target, then the oldest go. With labels shared that is a few megabytes.
pub(super) const CAPACITY: usize = 10_000;

/// What waits for one target.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    counters: Counters,
}

#[derive(Default)]
struct Waiting {
    alerts: VecDeque<PushAlert>,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(counters: Counters) -> Self {
        counters.capacity(CAPACITY);
        Self { waiting: Mutex::default(), changed: Notify::new(), counters }
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes alerts; where there is no room the oldest are dropped.
    pub(super) fn add(&self, alerts: &[PushAlert]) {
        let mut waiting = self.waiting.lock();
        waiting.alerts.extend(alerts.iter().cloned());
        let over = waiting.alerts.len().saturating_sub(CAPACITY);
        waiting.alerts.drain(..over);
        self.counters.dropped(over);
        self.counters.length(waiting.alerts.len());
        drop(waiting);
        self.changed.notify_one();
    }

    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// The oldest, so many at most; waits for the first. `None` when it is closed.
    pub(super) async fn next(&self, most: usize) -> Option<Vec<PushAlert>> {
        loop {
            {
                let mut waiting = self.waiting.lock();
                if waiting.is_closed {
                    return None;
                }
                if !waiting.alerts.is_empty() {
                    let count = waiting.alerts.len().min(most);
                    let batch = waiting.alerts.drain(..count).collect();
                    self.counters.length(waiting.alerts.len());
                    return Some(batch);
                }
            }
            self.changed.notified().await;
        }
    }
}
