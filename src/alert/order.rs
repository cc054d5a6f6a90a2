//! Alertmanager's orders: of label sets, of alerts, of fingerprints.

use std::cmp::Ordering;

use crate::model::{Fingerprint, Pairs};

/// Prometheus' `LabelSet.Before`: fewer labels first; then, name by name, the one that lacks a name, or has the smaller
/// value.
pub(super) fn labels(one: &Pairs, other: &Pairs) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| {
        for ((name, value), (other_name, other_value)) in one.iter().zip(other) {
            // The smaller name is one that the other side lacks, and who lacks a name comes first.
            match other_name.cmp(name).then_with(|| value.cmp(other_value)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        Ordering::Equal
    })
}

/// What alerts are sorted by before their labels: `job`, then `instance`, those without it last.
pub(super) fn alert_key(labels: &Pairs) -> [(bool, &str); 2] {
    ["job", "instance"].map(|name| {
        let value = labels.get(name);
        (value.is_none(), value.unwrap_or_default())
    })
}

/// Sorts what has labels as Alertmanager sorts alerts.
pub(super) fn sort_alerts<T>(alerts: &mut Vec<T>, labels_of: impl Fn(&T) -> &Pairs) {
    let mut places: Vec<usize> = (0..alerts.len()).collect();
    {
        let keys: Vec<_> = alerts.iter().map(|alert| alert_key(labels_of(alert))).collect();
        places.sort_by(|one, other| match (keys.get(*one), keys.get(*other)) {
            (Some(key), Some(other_key)) => key.cmp(other_key).then_with(|| {
                match (alerts.get(*one), alerts.get(*other)) {
                    (Some(one), Some(other)) => labels(labels_of(one), labels_of(other)),
                    _ => Ordering::Equal,
                }
            }),
            _ => Ordering::Equal,
        });
    }
    let mut taken: Vec<Option<T>> = std::mem::take(alerts).into_iter().map(Some).collect();
    alerts.extend(places.into_iter().filter_map(|at| taken.get_mut(at)?.take()));
}

/// Whether every one of `few` is among `many`; both sorted.
pub(super) fn is_subset(few: &[Fingerprint], many: &[Fingerprint]) -> bool {
    few.len() <= many.len() && few.iter().all(|one| many.binary_search(one).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Pairs {
        text.split(' ').filter_map(|pair| pair.split_once('=')).collect()
    }

    #[test]
    fn labels_are_ordered_as_in_go() {
        for (smaller, larger) in [
            ("z=1", "a=1 b=1"),
            ("a=1", "a=2"),
            // `a` is missing on the left.
            ("b=1", "a=1"),
            ("a=1 c=1", "a=1 b=1"),
        ] {
            assert_eq!(labels(&pairs(smaller), &pairs(larger)), Ordering::Less, "{smaller} {larger}");
            assert_eq!(labels(&pairs(larger), &pairs(smaller)), Ordering::Greater);
        }
        assert_eq!(labels(&pairs("a=1"), &pairs("a=1")), Ordering::Equal);
    }

    #[test]
    fn alerts_are_ordered_by_job_and_instance_first() {
        let mut alerts: Vec<Pairs> =
            ["a=1", "job=b", "job=a instance=2", "job=a", "job=a instance=1 x=1", "instance=0"]
                .map(pairs)
                .into();
        sort_alerts(&mut alerts, |alert| alert);
        let sorted: Vec<Pairs> =
            ["job=a instance=1 x=1", "job=a instance=2", "job=a", "job=b", "instance=0", "a=1"]
                .map(pairs)
                .into();
        assert_eq!(alerts, sorted);
    }
}
