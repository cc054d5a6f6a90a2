//! One panel: what it shows, in which unit, and when it is red.

use serde_json::{Value, json};

use super::{
    colour::PLAIN,
    link::Link,
    query::{Query, Shape, datasource},
    unit::Unit,
};

/// A panel without its place.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    kind: &'static str,
    title: &'static str,
    description: String,
    unit: Unit,
    none: &'static str,
    shape: Shape,
    queries: Vec<Query>,
    steps: Vec<(f64, &'static str)>,
    base: &'static str,
    colour: Value,
    mappings: Value,
    links: Vec<Link>,
    limits: (Option<f64>, Option<f64>),
    decimals: Option<u8>,
    points: Option<u32>,
    custom: Value,
    options: Value,
    overrides: Vec<Value>,
    transformations: Vec<Value>,
    /// Its share of the line it stands in.
    weight: u32,
}

/// What every panel says of itself: its title, what it shows, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Says(
    /// The title.
    pub(super) &'static str,
    /// One sentence: what it shows.
    pub(super) &'static str,
    /// One sentence: what to do when it is red, or not as it should be.
    pub(super) &'static str,
);

impl Panel {
    /// A panel of one of Grafana's kinds, with that kind's options.
    pub(super) fn new(kind: &'static str, shape: Shape, says: Says, options: Value) -> Self {
        Self {
            kind,
            title: says.0,
            description: format!("{} {}", says.1, says.2),
            unit: Unit::Count,
            none: "no data",
            shape,
            queries: Vec::new(),
            steps: Vec::new(),
            base: PLAIN,
            colour: json!({ "mode": "thresholds" }),
            mappings: json!([]),
            links: Vec::new(),
            limits: (None, None),
            decimals: None,
            points: None,
            custom: json!({}),
            options,
            overrides: Vec::new(),
            transformations: Vec::new(),
            weight: 1,
        }
    }

    /// One more question, and how its answers are called.
    pub(super) fn ask(mut self, expr: impl Into<String>, legend: &str) -> Self {
        self.queries.push(Query::new(self.shape, expr, legend));
        self
    }

    pub(super) fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// What stands there while there is nothing to show.
    pub(super) fn none(mut self, words: &'static str) -> Self {
        self.none = words;
        self
    }

    /// Colours from values on, the lowest first; below the first the base colour.
    pub(super) fn steps(mut self, base: &'static str, steps: &[(f64, &'static str)]) -> Self {
        self.base = base;
        self.steps = steps.to_vec();
        self
    }

    /// Words for values.
    pub(super) fn words(mut self, mappings: Value) -> Self {
        self.mappings = mappings;
        self
    }

    pub(super) fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    pub(super) fn min(mut self, min: f64) -> Self {
        self.limits.0 = Some(min);
        self
    }

    pub(super) fn max(mut self, max: f64) -> Self {
        self.limits.1 = Some(max);
        self
    }

    pub(super) fn decimals(mut self, decimals: u8) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// At most so many steps: fewer, but each one is seen.
    pub(super) fn points(mut self, points: u32) -> Self {
        self.points = Some(points);
        self
    }

    pub(super) fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Colours by series instead of by value.
    pub(super) fn coloured_by_name(mut self) -> Self {
        self.colour = json!({ "mode": "palette-classic-by-name" });
        self
    }

    pub(super) fn custom(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.custom[key] = value.into();
        self
    }

    pub(super) fn option(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.options[key] = value.into();
        self
    }

    /// Other properties of the series or column of this name.
    pub(super) fn for_name(mut self, name: &str, properties: Vec<(&str, Value)>) -> Self {
        self.overrides.push(for_matched("byName", name, properties));
        self
    }

    /// Other properties of what the query of this letter answers.
    pub(super) fn for_query(mut self, letter: &str, properties: Vec<(&str, Value)>) -> Self {
        self.overrides.push(for_matched("byFrameRefID", letter, properties));
        self
    }

    pub(super) fn transform(mut self, id: &str, options: Value) -> Self {
        self.transformations.push(json!({ "id": id, "options": options }));
        self
    }

    /// Its share of the line it stands in.
    pub(super) fn share(&self) -> u32 {
        self.weight
    }

    /// As Grafana has it, at its place.
    pub(super) fn json(&self, id: u32, place: &Value) -> Value {
        let targets = self.queries.iter().enumerate().map(|(at, query)| query.json(at));
        let mut json = json!({
            "datasource": datasource(),
            "description": self.description,
            "fieldConfig": { "defaults": self.defaults(), "overrides": self.overrides },
            "gridPos": place,
            "id": id,
            "options": self.options,
            "targets": targets.collect::<Vec<_>>(),
            "title": self.title,
            "type": self.kind,
        });
        if !self.transformations.is_empty() {
            json["transformations"] = self.transformations.clone().into();
        }
        if let Some(points) = self.points {
            json["maxDataPoints"] = points.into();
        }
        json
    }

    fn defaults(&self) -> Value {
        let base = std::iter::once(json!({ "color": self.base, "value": null }));
        let above =
            self.steps.iter().map(|(from, colour)| json!({ "color": colour, "value": from }));
        let mut defaults = json!({
            "color": self.colour,
            "custom": self.custom,
            "noValue": self.none,
            "thresholds": { "mode": "absolute", "steps": base.chain(above).collect::<Vec<_>>() },
            "unit": self.unit.id(),
        });
        if !self.links.is_empty() {
            defaults["links"] = self.links.iter().map(Link::json).collect();
        }
        if self.mappings != json!([]) {
            defaults["mappings"] = self.mappings.clone();
        }
        if let Some(min) = self.limits.0 {
            defaults["min"] = min.into();
        }
        if let Some(max) = self.limits.1 {
            defaults["max"] = max.into();
        }
        if let Some(decimals) = self.decimals {
            defaults["decimals"] = decimals.into();
        }
        defaults
    }
}

fn for_matched(matcher: &str, of: &str, properties: Vec<(&str, Value)>) -> Value {
    let properties = properties.into_iter().map(|(id, value)| json!({ "id": id, "value": value }));
    json!({
        "matcher": { "id": matcher, "options": of },
        "properties": properties.collect::<Vec<_>>(),
    })
}
