//! The variables of a dashboard, asked of Prometheus and chosen as for somebody who opens it.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::{
    super::prometheus::Prometheus,
    Dashboard,
    text::{Scope, Window, encoded},
};

/// So many values of a variable are tried where it holds one at a time.
const TRIED: usize = 80;

/// By their names.
pub(crate) type Variables = BTreeMap<String, Choice>;

/// What is chosen of a variable.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    name: String,
    values: Vec<String>,
    /// Whether it is everything that is chosen.
    is_all: bool,
    /// What stands for everything, where the dashboard says so.
    pattern: Option<String>,
    /// Whether queries compare it with `=~`.
    is_pattern: bool,
}

impl Choice {
    /// A variable that holds one value.
    pub(super) fn only(name: &str, value: &str) -> Self {
        let values = vec![value.to_owned()];
        Self { name: name.to_owned(), values, is_all: false, pattern: None, is_pattern: false }
    }

    /// All of these; `pattern` stands for them, where the dashboard says so.
    pub(super) fn many(name: &str, values: &[&str], pattern: Option<&str>) -> Self {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let pattern = pattern.map(str::to_owned);
        Self { name: name.to_owned(), values, is_all: pattern.is_some(), pattern, is_pattern: true }
    }

    /// Whether this is one of the values that can be chosen.
    pub(crate) fn holds(&self, value: &str) -> bool {
        self.values.iter().any(|one| one == value)
    }

    /// How it stands in a query, or in what the format says. `None` for a format nobody knows.
    pub(super) fn text(&self, format: Option<&str>) -> Option<String> {
        match format {
            Some("queryparam") => {
                let value = |value: &str| format!("var-{}={}", self.name, encoded(value, format));
                if self.is_all {
                    return Some(format!("var-{}=$__all", self.name));
                }
                return Some(
                    self.values.iter().map(|one| value(one)).collect::<Vec<_>>().join("&"),
                );
            }
            Some("text") if self.is_all => return Some("All".to_owned()),
            _ => {}
        }
        if let Some(pattern) = &self.pattern {
            return Some(pattern.clone());
        }
        let join = |separator: &str, each: &dyn Fn(&str) -> String| {
            self.values.iter().map(|value| each(value)).collect::<Vec<_>>().join(separator)
        };
        let alternatives = |each: &dyn Fn(&str) -> String| {
            let joined = join("|", each);
            if self.values.len() == 1 { joined } else { format!("({joined})") }
        };
        Some(match format {
            None if self.is_pattern => {
                alternatives(&|value| regex::escape(value).replace('\\', "\\\\"))
            }
            None => join("", &|value| value.replace('\\', "\\\\").replace('"', "\\\"")),
            Some("regex") => alternatives(&|value| regex::escape(value)),
            Some("pipe") => join("|", &str::to_owned),
            Some("csv" | "raw") => join(",", &str::to_owned),
            Some("percentencode") => join(",", &|value| encoded(value, format)),
            Some("text") => join(" + ", &str::to_owned),
            _ => return None,
        })
    }
}

impl Dashboard {
    /// Every way in which its variables can be chosen: everything, where a variable can hold everything, else each of its
    /// values in turn. Complaints of variables that have none go to `told`.
    pub(crate) fn choices(
        &self,
        prometheus: &Prometheus,
        window: Window,
        told: &mut Vec<String>,
    ) -> Vec<Variables> {
        let mut ways = vec![Variables::new()];
        for json in self.json["templating"]["list"].as_array().into_iter().flatten() {
            let name = json["name"].as_str().unwrap();
            let mut next = Vec::new();
            for way in ways {
                let values = values(json, prometheus, &way, window).unwrap_or_else(|why| {
                    told.push(format!("{}: the variable {name}: {why}", self.uid));
                    Vec::new()
                });
                for choice in chosen(json, values) {
                    let mut way = way.clone();
                    way.insert(name.to_owned(), choice);
                    next.push(way);
                }
            }
            ways = next;
        }
        ways
    }

    /// Whether it can be opened with these parameters of an address, `var-check=website` and the like.
    pub(crate) fn opens_with(
        &self,
        parameters: &[(String, String)],
        prometheus: &Prometheus,
        window: Window,
    ) -> Result<(), String> {
        let mut known = Variables::new();
        let list = self.json["templating"]["list"].as_array();
        for json in list.into_iter().flatten() {
            let name = json["name"].as_str().unwrap();
            let given = parameters.iter().filter(|(parameter, _)| parameter == name);
            let given: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
            let values = values(json, prometheus, &known, window)?;
            let stands_for_all = |value: &str| value == "$__all" || json["allValue"] == value;
            // Of what does not have the label: the variables that follow are asked for it.
            let is_absent = |value: &str| value.is_empty() && is_optional(json);
            for value in &given {
                let is_known = stands_for_all(value)
                    || is_absent(value)
                    || values.iter().any(|known| known == value);
                if !is_known && json["type"] != "datasource" {
                    return Err(format!("{value:?} is no value of its variable {name}"));
                }
            }
            let all = given.is_empty() || given.iter().any(|value| stands_for_all(value));
            let choice = if all {
                chosen(json, values).into_iter().next()
            } else {
                let is_pattern = json["multi"] == true || json["includeAll"] == true;
                Some(Choice { is_pattern, ..Choice::many(name, &given, None) })
            };
            let choice = choice.ok_or_else(|| format!("no value of its variable {name}"))?;
            known.insert(name.to_owned(), choice);
        }
        let unknown = parameters.iter().find(|(name, _)| !known.contains_key(name));
        unknown.map_or(Ok(()), |(name, _)| Err(format!("it has no variable {name}")))
    }
}

/// Ways in which one value alone is chosen where everything can be chosen: the first.
pub(crate) fn narrow(ways: &[Variables]) -> Vec<Variables> {
    let Some(first) = ways.first() else { return Vec::new() };
    let all = first.iter().filter(|(_, choice)| choice.is_all);
    let narrowed = all.filter_map(|(name, choice)| {
        let mut way = first.clone();
        let values = vec![choice.values.first()?.clone()];
        way.insert(name.clone(), Choice { values, is_all: false, pattern: None, ..choice.clone() });
        Some(way)
    });
    narrowed.collect()
}

/// What can be chosen.
fn values(
    json: &Value,
    prometheus: &Prometheus,
    chosen: &Variables,
    window: Window,
) -> Result<Vec<String>, String> {
    let query = json["query"].as_str().or_else(|| json["query"]["query"].as_str()).unwrap_or("");
    let values: Vec<String> = match json["type"].as_str().unwrap() {
        "datasource" => vec!["prometheus".to_owned()],
        "custom" | "interval" => query.split(',').map(|value| value.trim().to_owned()).collect(),
        "constant" | "textbox" => return Ok(vec![query.to_owned()]),
        "query" => asked(json, query, prometheus, chosen, window)?,
        other => return Err(format!("nobody here knows the type {other}")),
    };
    if values.is_empty() && !is_optional(json) {
        Err(format!("no value of {query}"))
    } else {
        Ok(values)
    }
}

/// Where nothing has the label, a pattern that matches its absence stands for all.
fn is_optional(json: &Value) -> bool {
    json["includeAll"] == true && json["allValue"] == ".*"
}

fn asked(
    json: &Value,
    query: &str,
    prometheus: &Prometheus,
    chosen: &Variables,
    window: Window,
) -> Result<Vec<String>, String> {
    let scope = Scope { variables: chosen, window, row: BTreeMap::new() };
    let query = scope.fill(query).map_err(|unknown| format!("nobody knows {unknown:?}"))?;
    let inside =
        |function: &str| query.trim().strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
    let mut values = if let Some(arguments) = inside("label_values") {
        match arguments.rsplit_once(',') {
            Some((selector, label)) => prometheus.label_values(Some(selector.trim()), label.trim()),
            None => prometheus.label_values(None, arguments.trim()),
        }
    } else if let Some(expression) = inside("query_result") {
        let answer = prometheus.instant(expression);
        if !answer.complaints.is_empty() {
            return Err(format!("{:?}", answer.complaints));
        }
        answer.rows.iter().map(row_text).collect()
    } else {
        return Err(format!("nobody here knows {query}"));
    };
    if let Some(pattern) = json["regex"].as_str().filter(|pattern| !pattern.is_empty()) {
        let pattern = Regex::new(pattern.trim_matches('/')).map_err(|error| error.to_string())?;
        let kept = values.iter().filter_map(|value| {
            let found = pattern.captures(value)?;
            Some(found.get(1).or(found.get(0))?.as_str().to_owned())
        });
        values = kept.collect();
        values.sort();
        values.dedup();
    }
    Ok(values)
}

/// As `query_result` shows a row: `name{label="value"} 1 1700000000000`.
fn row_text(row: &Value) -> String {
    let metric = row["metric"].as_object().unwrap();
    let labels = metric.iter().filter(|(name, _)| *name != "__name__");
    let labels: Vec<_> = labels.map(|(name, value)| format!("{name}={value}")).collect();
    let name = metric.get("__name__").and_then(Value::as_str).unwrap_or_default();
    let value = row["value"][1].as_str().unwrap();
    format!("{name}{{{}}} {value} {}", labels.join(","), row["value"][0])
}

/// Everything, or each value in turn.
fn chosen(json: &Value, values: Vec<String>) -> Vec<Choice> {
    let name = json["name"].as_str().unwrap().to_owned();
    let is_pattern = json["multi"] == true || json["includeAll"] == true;
    if json["includeAll"] == true {
        let pattern = json["allValue"].as_str().filter(|pattern| !pattern.is_empty());
        let pattern = pattern.map(str::to_owned);
        return vec![Choice { name, values, is_all: true, pattern, is_pattern }];
    }
    if json["multi"] == true {
        return vec![Choice { name, values, is_all: false, pattern: None, is_pattern }];
    }
    values.iter().take(TRIED).map(|value| Choice::only(&name, value)).collect()
}
