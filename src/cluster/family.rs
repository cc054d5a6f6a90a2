//! Families of the objects of a kind, as a table: name, meaning, and the rows that one object has.

use super::{object::Object, rows::Rows};
use crate::model::MetricKind;

/// One family: what it means and how an object's rows in it are written.
pub struct Family<B: 'static> {
    /// What everybody may know of it.
    pub info: Info,
    /// Writes the rows of an object.
    pub rows: fn(&Object<B>, &mut Rows<'_>),
}

/// A family without its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// The name.
    pub name: &'static str,
    /// The help text, without what stands before it for stable families.
    pub help: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// What kube-state-metrics promises of it.
    pub stability: Stability,
    /// Whether it is written only where it is asked for by name.
    pub opt_in: bool,
}

/// How far a family may change, by kube-state-metrics' own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// It may change or go.
    Alpha,
    /// It stays as it is; its help text says so.
    Stable,
}

impl<B> Family<B> {
    const fn gauge(
        stability: Stability,
        name: &'static str,
        help: &'static str,
        rows: fn(&Object<B>, &mut Rows<'_>),
    ) -> Self {
        let info = Info { name, help, kind: MetricKind::Gauge, stability, opt_in: false };
        Self { info, rows }
    }

    /// A gauge that stays as it is.
    pub const fn stable(
        name: &'static str,
        help: &'static str,
        rows: fn(&Object<B>, &mut Rows<'_>),
    ) -> Self {
        Self::gauge(Stability::Stable, name, help, rows)
    }

    /// A gauge that may change.
    pub const fn alpha(
        name: &'static str,
        help: &'static str,
        rows: fn(&Object<B>, &mut Rows<'_>),
    ) -> Self {
        Self::gauge(Stability::Alpha, name, help, rows)
    }

    /// Labels of an object as labels of its row.
    pub const fn labels(stability: Stability, name: &'static str) -> Self {
        let help = "Labels of the object, as labels; those that are to be shown.";
        Self::gauge(stability, name, help, |object, rows| {
            rows.pairs("label", object.meta.labels.as_deref());
        })
    }

    /// Annotations of an object as labels of its row.
    pub const fn annotations(stability: Stability, name: &'static str) -> Self {
        let help = "Annotations of the object, as labels; those that are to be shown.";
        Self::gauge(stability, name, help, |object, rows| {
            rows.pairs("annotation", object.meta.annotations.as_deref());
        })
    }

    /// That an object exists.
    pub const fn exists(stability: Stability, name: &'static str) -> Self {
        Self::gauge(stability, name, "The object exists; always 1.", |_, rows| rows.info(&[]))
    }

    /// When an object was created.
    pub const fn created(stability: Stability, name: &'static str) -> Self {
        let help = "When the object was created, in seconds since the epoch.";
        Self::gauge(stability, name, help, |object, rows| rows.time(object.meta.created))
    }

    /// Since when an object is being deleted.
    pub const fn deleted(stability: Stability, name: &'static str) -> Self {
        let help = "Since when the object is being deleted, in seconds since the epoch.";
        Self::gauge(stability, name, help, |object, rows| rows.time(object.meta.deleted))
    }

    /// The generation of what is wanted.
    pub const fn generation(stability: Stability, name: &'static str) -> Self {
        let help = "Generation of the object: how often what is wanted of it has changed.";
        Self::gauge(stability, name, help, |object, rows| rows.value(object.meta.generation))
    }

    /// The version of an object; its kind must say that it shows it.
    pub const fn revision(stability: Stability, name: &'static str) -> Self {
        let help = "Version of the object, as a number.";
        Self::gauge(stability, name, help, |object, rows| rows.value_of(object.meta.revision))
    }

    /// The owners of an object, with whether they manage it.
    pub const fn owners(stability: Stability, name: &'static str) -> Self {
        let help = "Who owns the object.";
        Self::gauge(stability, name, help, |object, rows| rows.owners(&object.meta, true))
    }

    /// The same as a counter.
    #[must_use]
    pub const fn counter(mut self) -> Self {
        self.info.kind = MetricKind::Counter;
        self
    }

    /// The same, written only where it is asked for.
    #[must_use]
    pub const fn opt_in(mut self) -> Self {
        self.info.opt_in = true;
        self
    }
}

impl Info {
    /// The help text as it is written.
    pub fn help(&self) -> String {
        match self.stability {
            Stability::Stable => format!("[STABLE] {}", self.help),
            Stability::Alpha => self.help.to_owned(),
        }
    }
}
