use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;

use super::entry::Entry;

/// The last results, and failures that fell out of them: as many again, so that what went wrong an hour ago is still
/// there after a hundred good probes.
pub(super) struct History {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    next: i64,
    recent: VecDeque<Result>,
    failures: VecDeque<Result>,
}

/// A result by its number.
type Result = (i64, Arc<Entry>);

impl History {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    pub(super) fn add(&self, entry: Entry) {
        let entry = Arc::new(entry.shortened());
        let mut kept = self.kept.lock();
        let id = kept.next;
        kept.next += 1;
        kept.recent.push_back((id, entry));
        // What falls out is dropped after the lock: other probes wait for it.
        let fallen = if kept.recent.len() > self.limit { kept.recent.pop_front() } else { None };
        let mut forgotten = None;
        match fallen {
            Some(fallen) if !fallen.1.passed() => {
                kept.failures.push_back(fallen);
                if kept.failures.len() > self.limit {
                    forgotten = kept.failures.pop_front();
                }
            }
            fallen => forgotten = fallen,
        }
        drop(kept);
        drop(forgotten);
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<Result> {
        let kept = self.kept.lock();
        kept.recent.iter().rev().chain(kept.failures.iter().rev()).cloned().collect()
    }

    pub(super) fn by_id(&self, id: i64) -> Option<Arc<Entry>> {
        let kept = self.kept.lock();
        let mut all = kept.failures.iter().chain(&kept.recent);
        all.find(|(own, _)| *own == id).map(|(_, entry)| Arc::clone(entry))
    }

    /// The newest of a target, of one module if that is named.
    pub(super) fn newest(&self, target: &str, module: &str) -> Option<Arc<Entry>> {
        let fits = |entry: &Entry| {
            *entry.target == *target && (module.is_empty() || *entry.module.name == *module)
        };
        let found = self.list().into_iter().find(|(_, entry)| fits(entry));
        found.map(|(_, entry)| entry)
    }
}
