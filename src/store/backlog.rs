use std::collections::VecDeque;

use crate::model::Record;

/// Records that wait for the disk: at some 300 bytes each, with what they share, 30 MB at the most.
const MOST: usize = 100_000;

/// What could not be written, in its order: the disk follows the memory once it can be written again.
#[derive(Default)]
pub(super) struct Backlog(VecDeque<Record>);

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes more; returns how many did not fit. The newest are given up, because what is on disk must have happened in
    /// its order.
    pub(super) fn take(&mut self, records: Vec<Record>) -> usize {
        let room = MOST - self.0.len();
        let lost = records.len().saturating_sub(room);
        self.0.extend(records.into_iter().take(room));
        lost
    }

    /// The next few, the oldest first.
    pub(super) fn next(&self, most: usize) -> impl Iterator<Item = &Record> {
        self.0.iter().take(most)
    }

    /// Those are written, or given up.
    pub(super) fn drop_first(&mut self, count: usize) {
        self.0.drain(..count.min(self.0.len()));
    }
}
