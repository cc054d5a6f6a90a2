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
fn alert_key(labels: &Pairs) -> [(bool, &str); 2] {
    ["job", "instance"].map(|name| {
        let value = labels.get(name);
        (value.is_none(), value.unwrap_or_default())
    })
}

/// Sorts what has labels as Alertmanager sorts alerts. Cheap if it is nearly sorted.
pub(super) fn sort_alerts<'l, T: Copy>(alerts: &mut [T], labels_of: impl Fn(T) -> &'l Pairs) {
    let keyed = alerts.iter().map(|alert| {
        let labels = labels_of(*alert);
        (alert_key(labels), labels, *alert)
    });
    let mut keyed: Vec<_> = keyed.collect();
    keyed.sort_by(|(key, own, _), (other_key, other, _)| {
        key.cmp(other_key).then_with(|| labels(own, other))
    });
    for (place, (_, _, alert)) in alerts.iter_mut().zip(keyed) {
        *place = alert;
    }
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
            assert_eq!(
                labels(&pairs(smaller), &pairs(larger)),
                Ordering::Less,
                "{smaller} {larger}"
            );
            assert_eq!(labels(&pairs(larger), &pairs(smaller)), Ordering::Greater);
        }
        assert_eq!(labels(&pairs("a=1"), &pairs("a=1")), Ordering::Equal);
    }

    #[test]
    fn alerts_are_ordered_by_job_and_instance_first() {
        let alerts =
            ["a=1", "job=b", "job=a instance=2", "job=a", "job=a instance=1 x=1", "instance=0"];
        let labels = alerts.map(pairs);
        let mut places = [0, 1, 2, 3, 4, 5];
        sort_alerts(&mut places, |at| &labels[at]);
        assert_eq!(places, [4, 2, 3, 1, 5, 0]);
    }
}
