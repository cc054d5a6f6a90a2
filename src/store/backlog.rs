use std::collections::VecDeque;

use crate::model::Record;

/// Records that wait for the disk: at some 300 bytes each, with what they share, 30 MB at the most.
const MOST: usize = 100_000;

/// What could not be written, in its order: the disk follows the memory once it can be written again.
#[derive(Default)]
pub(super) struct Backlog {
    records: VecDeque<Record>,
    given_up: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Takes a commit as a whole, or not at all where it does not fit; returns how many records were given up. The newest are,
    /// because what is on disk must have happened in its order.
    pub(super) fn take(&mut self, records: Vec<Record>) -> usize {
        let lost = if records.len() > MOST - self.records.len() { records.len() } else { 0 };
        if lost == 0 {
            self.records.extend(records);
        }
        self.given_up += lost;
        lost
    }

    /// How many records were given up since the last time.
    pub(super) fn reset(&mut self) -> usize {
        std::mem::take(&mut self.given_up)
    }

    /// The next few, the oldest first.
    pub(super) fn next(&self, most: usize) -> impl Iterator<Item = &Record> {
        self.records.iter().take(most)
    }

    /// Those are written, or given up.
    pub(super) fn drop_first(&mut self, count: usize) {
        self.records.drain(..count.min(self.records.len()));
    }
}
