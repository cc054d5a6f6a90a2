//! How often what has happened.

use std::collections::HashMap;

use super::log::Event;
use crate::cluster::pool::Word;

/// Rows at most; a cluster of a thousand namespaces in trouble has some thousands.
const ROWS: usize = 5000;

/// What stands where a row has no place of its own any more.
const OTHER: &str = "other";

/// What events are counted by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    event_type: Word,
    reason: Word,
    kind: Word,
    namespace: Word,
    component: Word,
}

impl Row {
    /// The row of an event.
    pub(super) fn of(event: &Event) -> Self {
        Self {
            event_type: event.event_type.clone(),
            reason: event.reason.clone(),
            kind: event.kind.clone(),
            namespace: event.namespace.clone(),
            component: event.component.clone(),
        }
    }

    /// Of those that have no place: whether something is wrong stays told apart.
    fn other(&self) -> Self {
        let other = Word::new(OTHER);
        let is_usual = matches!(&*self.event_type, "Normal" | "Warning");
        Self {
            event_type: if is_usual { self.event_type.clone() } else { other.clone() },
            reason: other.clone(),
            kind: other.clone(),
            namespace: other.clone(),
            component: other,
        }
    }

    /// Its labels.
    pub(super) fn labels(&self) -> [(&'static str, &str); 5] {
        [
            ("event_type", &self.event_type),
            ("reason", &self.reason),
            ("kind", &self.kind),
            ("namespace", &self.namespace),
            ("component", &self.component),
        ]
    }
}

/// The counter. A row stays for ever, since a counter that goes and comes back has lost what it counted.
#[derive(Default)]
pub(super) struct Counts(HashMap<Row, u64>);

impl Counts {
    /// Counts an event so many times.
    pub(super) fn add(&mut self, row: Row, times: u64) {
        let has_place = self.0.len() < ROWS || self.0.contains_key(&row);
        let row = if has_place { row } else { row.other() };
        let count = self.0.entry(row).or_default();
        *count = count.saturating_add(times);
    }

    /// All rows, in order.
    pub(super) fn rows(&self) -> Vec<(Row, u64)> {
        let mut rows: Vec<_> = self.0.iter().map(|(row, count)| (row.clone(), *count)).collect();
        rows.sort_by(|(a, _), (b, _)| a.labels().cmp(&b.labels()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_place_is_counted_together() {
        let row = |event_type: &str, reason: String| Row {
            event_type: Word::new(event_type),
            reason: Word::new(reason.as_str()),
            ..Row::default()
        };
        let mut counts = Counts::default();
        for at in 0..ROWS + 10 {
            let event_type = if at % 2 == 0 { "Normal" } else { "Warning" };
            counts.add(row(event_type, at.to_string()), 2);
        }
        counts.add(row("Strange", "x".to_owned()), 1);
        counts.add(row("Normal", "0".to_owned()), 1);
        let rows = counts.rows();
        assert_eq!(rows.len(), ROWS + 3);
        let count = |event_type: &str, reason: &str| {
            let wanted = [("event_type", event_type), ("reason", reason)];
            let found = rows.iter().filter(|(row, _)| row.labels()[..2] == wanted);
            found.map(|(_, count)| *count).sum::<u64>()
        };
        assert_eq!(count("Normal", OTHER), 10);
        assert_eq!(count("Warning", OTHER), 10);
        assert_eq!(count(OTHER, OTHER), 1);
        assert_eq!(count("Normal", "0"), 3);
    }
}
