//! How an object writes its rows.

use smallvec::SmallVec;

use super::{
    condition::Condition,
    keys::label_names,
    object::{Meta, Owner},
    wire::Time,
};
use crate::model::{Histogram, LabelSet, Pairs, Sink};

/// Labels of one row; more than these cost an allocation.
type Labels<'a> = SmallVec<[(&'a str, &'a str); 16]>;

/// Writes rows of one object in one family. Each begins with the labels that say whose they are.
pub struct Rows<'r> {
    sink: &'r mut dyn Sink,
    /// These labels, written once for all families.
    identity: &'r str,
    /// The same, for formats that want them one by one.
    pairs: &'r dyn Fn() -> LabelSet,
    /// Whether rows are left out that are 0 because a sibling is 1.
    lean: bool,
}

impl<'r> Rows<'r> {
    /// Rows that begin with these labels.
    pub fn new(
        sink: &'r mut dyn Sink,
        identity: &'r str,
        pairs: &'r dyn Fn() -> LabelSet,
        lean: bool,
    ) -> Self {
        Self { sink, identity, pairs, lean }
    }

    /// A row with more labels.
    pub fn row(&mut self, labels: &[(&str, &str)], value: f64) {
        self.sink.row(self.identity, self.pairs, labels, value);
    }

    /// A histogram with more labels.
    pub fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        self.sink.histogram(&(self.pairs)(), labels, histogram);
    }

    /// A row without more labels.
    pub fn value(&mut self, value: impl Number) {
        self.row(&[], value.float());
    }

    /// A row if there is a value.
    pub fn value_of(&mut self, value: Option<impl Number>) {
        if let Some(value) = value {
            self.value(value);
        }
    }

    /// A row that is always 1.
    pub fn info(&mut self, labels: &[(&str, &str)]) {
        self.row(labels, 1.0);
    }

    /// A moment in seconds since the epoch, if it is set.
    pub fn time(&mut self, at: Time) {
        self.value_of(at.get());
    }

    /// A row for each of some words: 1 for the one that is, 0 for the others.
    pub fn one_of(&mut self, label: &str, words: &[&str], is: &str) {
        for word in words {
            self.choice(&[(label, word)], *word == is);
        }
    }

    /// A row for each status that a condition may have: 1 for the one it has.
    pub fn status(&mut self, labels: &[(&str, &str)], label: &str, status: &str) {
        for (word, is) in [("true", "True"), ("false", "False"), ("unknown", "Unknown")] {
            let mut all = SmallVec::<[(&str, &str); 4]>::from_slice(labels);
            all.push((label, word));
            self.choice(&all, status == is);
        }
    }

    /// One of several rows of which one is 1.
    fn choice(&mut self, labels: &[(&str, &str)], is: bool) {
        if is || !self.lean {
            self.row(labels, is.float());
        }
    }

    /// Three rows for each condition, by type and status.
    pub fn conditions(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            self.status(&[("condition", &condition.kind)], "status", &condition.status);
        }
    }

    /// A row for each owner; without one a row with empty labels. `is_controller` adds whether it manages the object.
    pub fn owners(&mut self, meta: &Meta, is_controller: bool) {
        let mut row = |kind: &str, name: &str, controller: &str| {
            let labels =
                [("owner_kind", kind), ("owner_name", name), ("owner_is_controller", controller)];
            self.info(if is_controller { &labels } else { &labels[..2] });
        };
        if meta.owners.is_empty() {
            return row("", "", "");
        }
        for owner in meta.owners.iter() {
            row(&owner.kind, &owner.name, if owner.is_controller() { "true" } else { "false" });
        }
    }

    /// A row with all pairs as labels, if pairs of this kind are shown at all.
    pub fn pairs(&mut self, prefix: &str, pairs: Option<&Pairs>) {
        if let Some(pairs) = pairs {
            self.mapped(prefix, pairs.iter());
        }
    }

    /// A row with pairs, sorted by their keys, as labels.
    pub fn mapped<'p>(
        &mut self,
        prefix: &str,
        pairs: impl Iterator<Item = (&'p str, &'p str)> + Clone,
    ) {
        let names = label_names(prefix, pairs.clone().map(|(key, _)| key));
        let values = pairs.map(|(_, value)| value);
        let labels: Labels<'_> = names.iter().map(String::as_str).zip(values).collect();
        self.info(&labels);
    }
}

impl Meta {
    /// The owner that manages the object.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.is_controller())
    }
}

/// What a value can be.
pub trait Number {
    /// As a sample's value.
    fn float(self) -> f64;
}

impl Number for f64 {
    fn float(self) -> f64 {
        self
    }
}

impl Number for bool {
    fn float(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl Number for i32 {
    fn float(self) -> f64 {
        self.into()
    }
}

impl Number for i64 {
    #[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
    fn float(self) -> f64 {
        self as f64
    }
}

impl Number for usize {
    #[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
    fn float(self) -> f64 {
        self as f64
    }
}
