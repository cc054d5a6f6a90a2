//! Conditions of a status, as a check wants them.

use std::collections::BTreeMap;

use super::scene::Verdict;
use crate::{
    cluster::condition::Condition,
    model::{Failure, Reason},
};

/// Whether all conditions are there, with the status that is wanted. `of` says whose they are.
pub(super) fn hold(wanted: &BTreeMap<String, String>, found: &[Condition], of: &str) -> Verdict {
    for (kind, status) in wanted {
        if let Some(why) = wrong(kind, status, found) {
            return Err(Failure::new(Reason::ConditionMismatch, format!("{of}{why}")));
        }
    }
    Ok(())
}

/// What is wrong with one, in words.
pub(super) fn wrong(kind: &str, status: &str, found: &[Condition]) -> Option<String> {
    let Some(own) = found.iter().find(|own| *own.kind == *kind) else {
        return Some(format!("there is no condition {kind}, wanted {status}"));
    };
    if *own.status == *status {
        return None;
    }
    let because = if own.reason.is_empty() { "" } else { " because of " };
    Some(format!("{kind} is {}{because}{}, wanted {status}", &*own.status, &*own.reason))
}
