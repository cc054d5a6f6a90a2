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

/// The new set with the old checks in place of their equals: what stays lies in memory once. Both are sorted by name.
pub fn kept(from: &[Check], to: Vec<Check>) -> Vec<Check> {
    let mut from = from.iter().peekable();
    let keep = |new: Check| {
        while from.next_if(|old| old.settings.id < new.settings.id).is_some() {}
        from.next_if(|old| **old == new).cloned().unwrap_or(new)
    };
    to.into_iter().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use figment::value::Value;

    use super::*;
    use crate::{
        model::{CheckId, CheckSettings},
        probe::spec::KINDS,
    };

    fn check(name: &str, address: &str) -> Check {
        let tcp = KINDS.iter().find(|kind| kind.word == "tcp").unwrap();
        let value = Value::serialize(BTreeMap::from([("address", address)])).unwrap();
        let settings = CheckSettings::new(CheckId::new(name), "tcp", address, name);
        Check { settings: Arc::new(settings), spec: Arc::new((tcp.parse)(&value).unwrap()) }
    }

    #[test]
    fn what_stays_is_the_old_value_and_what_changed_the_new_one() {
        let old = ["a", "b", "d", "e"].map(|name| check(name, "127.0.0.1:1"));
        let mut new = ["b", "c", "d", "e"].map(|name| check(name, "127.0.0.1:1"));
        new[2] = check("d", "127.0.0.1:2");
        let kept = kept(&old, new.to_vec());
        assert_eq!(kept, new);
        let same = |one: &Check, other: &Check| Arc::ptr_eq(&one.spec, &other.spec);
        assert!(same(&kept[0], &old[1]) && same(&kept[3], &old[3]));
        assert!(same(&kept[1], &new[1]) && same(&kept[2], &new[2]));
    }
}
