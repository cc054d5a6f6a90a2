use crate::model::{Desc, Fact, LabelSet, Sink};

/// What a run measured, by name: the declarations are each kind's own.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a>(pub(super) &'a [Fact]);

impl<'a> Facts<'a> {
    /// Every fact of a family, in the order in which they were measured.
    pub(super) fn all(self, family: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.0.iter().filter(move |fact| fact.desc.name == family)
    }

    /// The value of the first one.
    pub(super) fn value(self, family: &'a str) -> Option<f64> {
        self.all(family).next().map(|fact| fact.value)
    }

    /// A label of the first one; absent where it is empty.
    pub(super) fn text(self, family: &'a str, label: &str) -> Option<&'a str> {
        self.all(family).next().and_then(|fact| text(fact, label)).filter(|text| !text.is_empty())
    }

    /// Whether one of them has this label.
    pub(super) fn has(self, family: &'a str, label: &str, wanted: &str) -> bool {
        self.all(family).any(|fact| text(fact, label) == Some(wanted))
    }
}

/// A label of a fact.
pub(super) fn text<'a>(fact: &'a Fact, label: &str) -> Option<&'a str> {
    let at = fact.desc.labels.iter().position(|name| *name == label)?;
    fact.labels.get(at).map(|text| &**text)
}

/// Label names and values of a row.
pub(super) type Labels<'a> = Vec<(&'a str, &'a str)>;

/// Rows on their way to an answer.
pub(super) struct Page<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    desc: &'static Desc,
    labels: Labels<'a>,
    value: f64,
}

impl<'a> Page<'a> {
    pub(super) fn new() -> Self {
        Self { rows: Vec::with_capacity(32) }
    }

    /// A row without labels.
    pub(super) fn add(&mut self, desc: &'static Desc, value: f64) {
        self.labelled(desc, Labels::new(), value);
    }

    /// A row for a phase.
    pub(super) fn phase(&mut self, desc: &'static Desc, phase: &'static str, value: f64) {
        self.labelled(desc, vec![("phase", phase)], value);
    }

    /// A row with labels.
    pub(super) fn labelled(&mut self, desc: &'static Desc, labels: Labels<'a>, value: f64) {
        self.rows.push(Row { desc, labels, value });
    }

    /// By name, then by labels; a row that comes twice would make Prometheus refuse the whole answer, so it comes once.
    pub(super) fn write(mut self, sink: &mut impl Sink) {
        self.rows.sort_by(|one, other| {
            (one.desc.name, &one.labels).cmp(&(other.desc.name, &other.labels))
        });
        self.rows.dedup_by(|one, other| {
            (one.desc.name, &one.labels) == (other.desc.name, &other.labels)
        });
        let (none, mut begun) = (LabelSet::default(), "");
        for row in &self.rows {
            if row.desc.name != begun {
                begun = row.desc.name;
                sink.family(row.desc.name, row.desc.help, row.desc.kind);
            }
            sink.sample(&none, &row.labels, row.value);
        }
    }
}
