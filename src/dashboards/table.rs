//! Tables: which columns, in which order, how they are called, and where a row leads.

use serde_json::{Map, Value, json};

use super::{
    colour::PLAIN,
    link::Link,
    panel::{Panel, Says},
    query::{Shape, letter},
    unit::Unit,
};

/// A column. What Prometheus calls it is a label's name, or `Value #A` for the numbers of the first query.
#[derive(Debug, Clone)]
pub(super) struct Column {
    source: String,
    title: &'static str,
    unit: Unit,
    mappings: Value,
    steps: Option<Value>,
    width: Option<u32>,
}

/// A table before it is a panel.
#[derive(Debug, Clone)]
pub(super) struct Table {
    panel: Panel,
    columns: Vec<Column>,
    queries: usize,
    link: Option<(&'static str, Link)>,
    hidden: Vec<&'static str>,
}

impl Column {
    /// A label's words.
    pub(super) fn label(label: &str, title: &'static str) -> Self {
        Self {
            source: label.to_owned(),
            title,
            unit: Unit::Word,
            mappings: json!([]),
            steps: None,
            width: None,
        }
    }

    /// The numbers of the query that is asked next.
    fn number(query: usize, title: &'static str, unit: Unit) -> Self {
        Self { source: format!("Value #{}", letter(query)), unit, ..Self::label("", title) }
    }

    pub(super) fn width(mut self, width: u32) -> Self {
        self.width = Some(width);
        self
    }

    /// Words for its values, and a cell in the colour of each.
    pub(super) fn words(mut self, mappings: Value) -> Self {
        self.mappings = mappings;
        self.steps.get_or_insert_with(|| steps(PLAIN, &[]));
        self
    }

    /// A cell in the colour of its value.
    pub(super) fn steps(mut self, base: &str, above: &[(f64, &str)]) -> Self {
        self.steps = Some(steps(base, above));
        self
    }

    fn properties(&self) -> Vec<(&'static str, Value)> {
        // What a table says without rows would stand in each empty cell too.
        let mut properties = vec![("unit", json!(self.unit.id())), ("noValue", json!("-"))];
        if self.mappings != json!([]) {
            properties.push(("mappings", self.mappings.clone()));
        }
        if let Some(steps) = &self.steps {
            properties.push(("thresholds", steps.clone()));
            properties.push(("custom.cellOptions", json!({ "type": "color-text" })));
        }
        if let Some(width) = self.width {
            properties.push(("custom.width", json!(width)));
        }
        properties
    }
}

fn steps(base: &str, above: &[(f64, &str)]) -> Value {
    let first = std::iter::once(json!({ "color": base, "value": null }));
    let above = above.iter().map(|(from, colour)| json!({ "color": colour, "value": from }));
    json!({ "mode": "absolute", "steps": first.chain(above).collect::<Vec<_>>() })
}

impl Table {
    /// A table without rows.
    pub(super) fn new(says: Says) -> Self {
        let options = json!({ "cellHeight": "sm", "frameIndex": 0, "showHeader": true });
        let panel = Panel::new("table", Shape::Rows, says, options)
            .unit(Unit::Plain)
            .custom("align", "auto")
            .custom("cellOptions", json!({ "type": "auto" }))
            .custom("filterable", true);
        Self { panel, columns: Vec::new(), queries: 0, link: None, hidden: vec!["Time"] }
    }

    /// Labels as columns.
    pub(super) fn labels(mut self, labels: &[(&str, &'static str)]) -> Self {
        self.columns.extend(labels.iter().map(|(label, title)| Column::label(label, title)));
        self
    }

    /// A label as a column of its own kind.
    pub(super) fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// A question, and its numbers as a column.
    pub(super) fn ask(
        mut self,
        expr: impl Into<String>,
        title: &'static str,
        unit: Unit,
        look: impl FnOnce(Column) -> Column,
    ) -> Self {
        self.panel = self.panel.ask(expr, "");
        self.columns.push(look(Column::number(self.queries, title, unit)));
        self.queries += 1;
        self
    }

    /// A question whose labels matter, and whose number, always 1, does not.
    pub(super) fn ask_labels(mut self, expr: impl Into<String>) -> Self {
        self.panel = self.panel.ask(expr, "");
        self.queries += 1;
        self.hidden.push("Value");
        self
    }

    /// Where the column of this title leads.
    pub(super) fn link(mut self, title: &'static str, link: Link) -> Self {
        self.link = Some((title, link));
        self
    }

    /// A label that is not shown.
    pub(super) fn hide(mut self, label: &'static str) -> Self {
        self.hidden.push(label);
        self
    }

    /// What stands there while there are no rows.
    pub(super) fn none(mut self, words: &'static str) -> Self {
        self.panel = self.panel.none(words);
        self
    }

    pub(super) fn weight(mut self, weight: u32) -> Self {
        self.panel = self.panel.weight(weight);
        self
    }

    /// Sorted by the column of this title.
    pub(super) fn sorted_by(mut self, title: &str, is_falling: bool) -> Self {
        let by = json!([{ "desc": is_falling, "displayName": title }]);
        self.panel = self.panel.option("sortBy", by);
        self
    }

    /// As a panel. Of several queries the rows with equal labels become one; the numbers of one alone have no letter.
    pub(super) fn panel(mut self) -> Panel {
        if self.queries == 1 {
            let numbers = self.columns.iter_mut().filter(|column| column.source == "Value #A");
            numbers.for_each(|column| "Value".clone_into(&mut column.source));
        }
        let (mut order, mut names) = (Map::new(), Map::new());
        for (at, column) in self.columns.iter().enumerate() {
            order.insert(column.source.clone(), at.into());
            names.insert(column.source.clone(), column.title.into());
        }
        let hidden: Map<String, Value> =
            self.hidden.iter().map(|label| ((*label).to_owned(), true.into())).collect();
        let mut panel = self.panel;
        if self.queries > 1 {
            panel = panel.transform("merge", json!({}));
        }
        panel = panel.transform(
            "organize",
            json!({ "excludeByName": hidden, "indexByName": order, "renameByName": names }),
        );
        for column in &self.columns {
            let mut properties = column.properties();
            if let Some((title, link)) = &self.link
                && *title == column.title
            {
                properties.push(("links", json!([link.json()])));
            }
            panel = panel.for_name(column.title, properties);
        }
        panel
    }
}
