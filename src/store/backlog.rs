use std::collections::VecDeque;

use crate::model::{Pairs, Record};

/// Records that wait for the disk: at some 300 bytes each besides their texts, 30 MB at the most.
const MOST: usize = 100_000;

/// Bytes of strangers' texts in them; one record is as large as a request at the most.
const ROOM: usize = 64 << 20;

/// What could not be written, in its order: the disk follows the memory once it can be written again.
#[derive(Default)]
pub(super) struct Backlog {
    records: VecDeque<Record>,
    /// Their texts, in bytes.
    size: usize,
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
        let size: usize = records.iter().map(texts).sum();
        let fits = records.len() <= MOST - self.records.len() && size <= ROOM - self.size;
        let lost = if fits { 0 } else { records.len() };
        if fits {
            self.size += size;
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
        let gone = self.records.drain(..count.min(self.records.len()));
        self.size -= gone.map(|record| texts(&record)).sum::<usize>();
    }
}

/// What of a record a stranger may have made long.
fn texts(record: &Record) -> usize {
    let pairs = |pairs: &Pairs| -> usize {
        pairs.iter().map(|(name, value)| name.len() + value.len()).sum()
    };
    let of = |labels, annotations| -> usize { pairs(labels) + pairs(annotations) };
    match record {
        Record::Alert(alert) => of(&alert.labels, &alert.annotations) + alert.generator_url.len(),
        Record::Silence(silence) => {
            let matchers = silence.matchers.iter();
            silence.comment.len() + matchers.map(|matcher| matcher.to_string().len()).sum::<usize>()
        }
        Record::Outbox(notice) => {
            notice.alerts.iter().map(|alert| of(&alert.labels, &alert.annotations)).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Alert, AlertSource, Overlays};

    fn alert(size: usize) -> Record {
        let now = jiff::Timestamp::UNIX_EPOCH;
        Record::Alert(
            Alert {
                labels: Pairs::new([("a", "b")]),
                annotations: Pairs::new([("text", "x".repeat(size))]),
                starts_at: now,
                ends_at: now,
                updated_at: now,
                generator_url: "".into(),
                timeout: false,
                source: AlertSource::Api,
                overlays: Overlays::default(),
                pushed: false,
            }
            .into(),
        )
    }

    #[test]
    fn it_is_bounded_by_number_and_by_texts() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.take(vec![alert(ROOM / 2), alert(ROOM / 4)]), 0);
        assert_eq!(backlog.take(vec![alert(ROOM / 4), alert(0)]), 2, "as a whole or not at all");
        backlog.drop_first(1);
        assert_eq!(backlog.take(vec![alert(ROOM / 4), alert(0)]), 0);
        assert_eq!((backlog.len(), backlog.reset()), (3, 2));
        backlog.drop_first(3);
        assert_eq!(backlog.size, 0);
        assert_eq!(
            backlog
                .take((0..MOST).map(|_| Record::AlertGone(crate::model::Fingerprint(1))).collect()),
            0
        );
        assert_eq!(backlog.take(vec![alert(0)]), 1);
    }
}
