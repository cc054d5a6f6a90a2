use super::{Histogram, LabelSet};

/// What a family measures, as its `# TYPE` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A value that may fall. `_info` families are gauges that are always 1.
    Gauge,
    /// A value that only grows; the family's name ends in `_total`.
    Counter,
    /// Observations in buckets, classic and native.
    Histogram,
}

/// A family: its name, meaning, type and label names. Declared once, as a `static`, in the file that measures it.
#[derive(Debug)]
pub struct Desc {
    /// The full name, `_total` included for a counter.
    pub name: &'static str,
    /// The help text: what is measured, with its unit.
    pub help: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// Names of the labels a sample adds to those of its check.
    pub labels: &'static [&'static str],
    /// Whether `/metrics` shows it. The others serve the terminal and the API.
    pub exported: bool,
}

impl Desc {
    /// A gauge without labels of its own.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricKind::Gauge, labels: &[], exported: true }
    }

    /// A counter without labels of its own.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricKind::Counter, labels: &[], exported: true }
    }

    /// A histogram without labels of its own.
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricKind::Histogram, labels: &[], exported: true }
    }

    /// The same family with label names.
    #[must_use]
    pub const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self
    }

    /// The same family, kept out of `/metrics`.
    #[must_use]
    pub const fn internal(mut self) -> Self {
        self.exported = false;
        self
    }
}

/// How a view writes its series. One implementation per exposition format.
///
/// `family` comes before the samples of that family, and each family once. `extra` are labels beyond the set; their
/// values are escaped by the sink. A family without samples leaves no trace.
pub trait Sink {
    /// Begins a family. By its parts, because the families of self metrics are not declared as a [`Desc`].
    fn family(&mut self, name: &str, help: &str, kind: MetricKind);
    /// One gauge or counter of the family begun last.
    fn sample(&mut self, labels: &LabelSet, extra: &[(&str, &str)], value: f64);
    /// The same for a row whose first labels are written already, as in [`LabelSet::text`]; `pairs` are these labels again, for
    /// formats that want them one by one.
    fn row(
        &mut self,
        _text: &str,
        pairs: &dyn Fn() -> LabelSet,
        extra: &[(&str, &str)],
        value: f64,
    ) {
        self.sample(&pairs(), extra, value);
    }
    /// One histogram of the family begun last.
    fn histogram(&mut self, labels: &LabelSet, extra: &[(&str, &str)], histogram: &Histogram);
}
