//! When which silence begins, ends or is forgotten: the next moment of each.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::SilenceId;

/// The moments, in order; a silence has one at most.
#[derive(Debug, Clone, Default)]
pub(super) struct Agenda {
    in_order: BTreeSet<(Timestamp, SilenceId)>,
    of: HashMap<SilenceId, Timestamp>,
}

impl Agenda {
    /// Puts a silence down for a moment, or for none, in place of the one it had.
    pub(super) fn set(&mut self, id: SilenceId, at: Option<Timestamp>) {
        let old = match at {
            Some(at) => self.of.insert(id, at),
            None => self.of.remove(&id),
        };
        if let Some(old) = old {
            self.in_order.remove(&(old, id));
        }
        if let Some(at) = at {
            self.in_order.insert((at, id));
        }
    }

    /// The first moment.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// The first silence whose moment has come; it has none any more.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<SilenceId> {
        let (_, id) = *self.in_order.first().filter(|(at, _)| *at <= now)?;
        self.set(id, None);
        Some(id)
    }
}
