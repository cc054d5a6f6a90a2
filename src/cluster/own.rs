//! What no peer shows, as a table: families over all objects of a kind.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{object::Object, rows::Rows};
use crate::model::Desc;

/// One family of ours: what it means and how its rows are written. Its rows begin with no labels but that of the cluster.
pub struct Own<B: 'static> {
    /// Name, meaning, type and labels.
    pub desc: Desc,
    /// Writes the rows of all objects.
    pub rows: fn(&All<'_, B>, &mut Rows<'_>),
}

/// The objects of a kind at one moment.
pub struct All<'a, B> {
    /// All of them, in no order.
    pub objects: &'a [Arc<Object<B>>],
    /// The moment.
    pub now: Timestamp,
}

impl<B> Own<B> {
    /// A gauge.
    pub const fn gauge(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        rows: fn(&All<'_, B>, &mut Rows<'_>),
    ) -> Self {
        Self { desc: Desc::gauge(name, help).labels(labels), rows }
    }

    /// A counter.
    pub const fn counter(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        rows: fn(&All<'_, B>, &mut Rows<'_>),
    ) -> Self {
        Self { desc: Desc::counter(name, help).labels(labels), rows }
    }

    /// A histogram.
    pub const fn histogram(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        rows: fn(&All<'_, B>, &mut Rows<'_>),
    ) -> Self {
        Self { desc: Desc::histogram(name, help).labels(labels), rows }
    }
}

/// Sums of something by a few words, in the order of these.
pub(super) struct Sums<'a, const N: usize>(BTreeMap<[Cow<'a, str>; N], f64>);

impl<'a, const N: usize> Sums<'a, N> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds to the sum under some words.
    pub(super) fn add(&mut self, words: [Cow<'a, str>; N], value: f64) {
        *self.0.entry(words).or_default() += value;
    }

    /// Writes a row for each sum, with the words as the values of these labels.
    pub(super) fn write(&self, labels: [&str; N], rows: &mut Rows<'_>) {
        for (words, value) in &self.0 {
            let pairs: [(&str, &str); N] = std::array::from_fn(|at| (labels[at], &*words[at]));
            rows.row(&pairs, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Histogram, LabelSet, MetricKind, Sink};

    /// Notes rows as they come.
    #[derive(Default)]
    struct Noted(Vec<String>);

    impl Sink for Noted {
        fn family(&mut self, _: &str, _: &str, _: MetricKind) {}
        fn sample(&mut self, labels: &LabelSet, extra: &[(&str, &str)], value: f64) {
            self.0.push(format!("{} {extra:?} {value}", labels.text()));
        }
        fn histogram(&mut self, _: &LabelSet, _: &[(&str, &str)], _: &Histogram) {}
    }

    #[test]
    fn sums_are_written_in_the_order_of_their_words() {
        let mut sums = Sums::new();
        for (words, value) in [(["b", "x"], 1.0), (["a", "y"], 2.0), (["b", "x"], 0.5)] {
            sums.add(words.map(Cow::Borrowed), value);
        }
        let (mut noted, cluster) = (Noted::default(), LabelSet::new([("cluster", "c")]));
        let pairs = || cluster.clone();
        sums.write(["k", "l"], &mut Rows::new(&mut noted, cluster.text(), &pairs, false));
        let row = |k: &str, l: &str, value: f64| {
            format!("cluster=\"c\" {:?} {value}", [("k", k), ("l", l)])
        };
        assert_eq!(noted.0, [row("a", "y", 2.0), row("b", "x", 1.5)]);
    }
}
