//! Where checks come from: emits the desired set and its changes. Runs no probe.
//!
//! Today the configuration is the only source; each further one will be a file here that yields a set of checks.

use std::cmp::Ordering;

use crate::probe::spec::{Change, Check};

/// The steps that lead from one set to another; unchanged checks are not named. Both are sorted by name.
pub fn changes(from: &[Check], to: &[Check]) -> Vec<Change> {
    let (mut from, mut to) = (from.iter().peekable(), to.iter().peekable());
    let mut changes = Vec::new();
    loop {
        let order = match (from.peek(), to.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.settings.id.cmp(&new.settings.id),
        };
        match order {
            Ordering::Less => {
                changes.extend(from.next().map(|old| Change::Removed(old.settings.id.clone())));
            }
            Ordering::Greater => changes.extend(to.next().cloned().map(Change::Set)),
            Ordering::Equal => {
                if let (Some(old), Some(new)) = (from.next(), to.next())
                    && old != new
                {
                    changes.push(Change::Set(new.clone()));
                }
            }
        }
    }
}
