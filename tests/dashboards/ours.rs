//! What we ask of our dashboards beyond Grafana's linter.

use std::collections::BTreeSet;

use noroshi::model::BaseState;
use serde_json::Value;

use crate::{expression::selectors, linter::Rule, panels, questions, title, variables};

pub(crate) const RULES: [Rule; 11] = [
    ("head", head),
    ("variables", shared_variables),
    ("sizes", size),
    ("ids", ids),
    ("titles", titles_of_panels),
    ("places", places),
    ("words", words),
    ("thresholds", thresholds),
    ("states", states),
    ("columns", columns),
    ("clusters", clusters),
];

/// What `kubectl apply` can still write into its annotation, with the rest of a ConfigMap.
const LARGEST: usize = 200_000;

fn said(dashboard: &Value, complaint: impl std::fmt::Display) -> String {
    format!("{}: {complaint}", title(dashboard))
}

fn head(dashboard: &Value) -> Vec<String> {
    let uid = dashboard["uid"].as_str().unwrap();
    let is_well = [
        (dashboard["schemaVersion"] == 42, "schemaVersion"),
        ((8..=40).contains(&uid.len()) && uid.starts_with("noroshi-"), "uid"),
        (dashboard["tags"].as_array().unwrap().iter().any(|tag| tag == "noroshi"), "tags"),
        (dashboard.get("id").is_none() && dashboard.get("__inputs").is_none(), "id or __inputs"),
        (dashboard["graphTooltip"] == 1, "graphTooltip"),
        (dashboard["timezone"] == "browser", "timezone"),
        (dashboard["description"].as_str().is_some_and(|text| text.ends_with('.')), "description"),
        (
            dashboard["links"].as_array().unwrap().iter().any(|link| {
                link["type"] == "dashboards"
                    && link["tags"][0] == "noroshi"
                    && link["keepTime"] == true
                    && link["includeVars"] == true
            }),
            "links",
        ),
    ];
    is_well.iter().filter(|(well, _)| !well).map(|(_, what)| said(dashboard, what)).collect()
}

/// The same four first, so that all dashboards are used in one way.
fn shared_variables(dashboard: &Value) -> Vec<String> {
    let all = variables(dashboard);
    let names: Vec<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let mut complaints = Vec::new();
    if !names.starts_with(&["datasource", "cluster", "job", "instance"]) {
        complaints.push(said(dashboard, names.join(", ")));
    }
    // A series without the label matches `.*` alone.
    let cluster = all.iter().find(|one| one["name"] == "cluster");
    if cluster.is_none_or(|one| one["allValue"] != ".*" || one["includeAll"] != true) {
        complaints.push(said(dashboard, "cluster is needed"));
    }
    let choices = all.iter().filter_map(|one| one["query"]["query"].as_str());
    let asked: String = questions(dashboard).iter().map(|(_, expr)| *expr).chain(choices).collect();
    for name in &names[1..] {
        if !asked.contains(&format!("${name}\"")) {
            complaints.push(said(dashboard, format!("${name} chooses nothing")));
        }
    }
    for one in all {
        if one["description"].as_str().is_none_or(str::is_empty) {
            complaints.push(said(dashboard, format!("{} is not described", one["name"])));
        }
    }
    complaints
}

fn size(dashboard: &Value) -> Vec<String> {
    let length = format!("{dashboard:#}").len();
    if length < LARGEST { Vec::new() } else { vec![said(dashboard, length)] }
}

/// Rows and panels, in the order of the file.
fn all(dashboard: &Value) -> Vec<&Value> {
    let top = dashboard["panels"].as_array().unwrap().iter();
    top.flat_map(|panel| {
        let inside = panel["panels"].as_array().into_iter().flatten();
        std::iter::once(panel).chain(inside)
    })
    .collect()
}

fn ids(dashboard: &Value) -> Vec<String> {
    let ids: Vec<u64> = all(dashboard).iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    let wanted: Vec<u64> = (1..).take(ids.len()).collect();
    if ids == wanted { Vec::new() } else { vec![said(dashboard, format!("{ids:?}"))] }
}

/// A panel is called by its title, in a message and on a page.
fn titles_of_panels(dashboard: &Value) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = panels(dashboard).into_iter().map(|panel| panel["title"].as_str().unwrap());
    all.filter(|title| !seen.insert(*title)).map(|title| said(dashboard, title)).collect()
}

/// Nothing stands on anything else, and nothing beside the page. What is folded away has a page of its own.
fn places(dashboard: &Value) -> Vec<String> {
    let top = dashboard["panels"].as_array().unwrap();
    let folded = top.iter().filter_map(|row| row["panels"].as_array());
    let pages: Vec<&Vec<Value>> = std::iter::once(top).chain(folded).collect();
    let mut complaints = Vec::new();
    for page in pages {
        let mut taken = BTreeSet::new();
        for panel in page {
            let of = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            let (left, top, width, height) = (of("x"), of("y"), of("w"), of("h"));
            if width == 0 || height == 0 || left + width > 24 {
                complaints.push(said(dashboard, format!("{} is beside the page", panel["title"])));
            }
            for cell in (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y)))
            {
                if !taken.insert(cell) {
                    complaints.push(said(dashboard, format!("{} is on another", panel["title"])));
                    break;
                }
            }
        }
    }
    complaints
}

/// Two sentences, and something to read where there is nothing to show.
fn words(dashboard: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for panel in panels(dashboard) {
        let text = panel["description"].as_str().unwrap();
        if text.matches(". ").count() < 1 || !text.ends_with('.') {
            complaints.push(said(dashboard, format!("{}: {text}", panel["title"])));
        }
        let none = &panel["fieldConfig"]["defaults"]["noValue"];
        if none.as_str().is_none_or(str::is_empty) {
            complaints
                .push(said(dashboard, format!("{} says nothing without data", panel["title"])));
        }
    }
    complaints
}

/// Every value under a key, wherever it is.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if name == key {
                    found.push(inner);
                }
                under(inner, key, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| under(inner, key, found)),
        _ => {}
    }
}

fn thresholds(dashboard: &Value) -> Vec<String> {
    let mut all = Vec::new();
    under(&dashboard["panels"], "steps", &mut all);
    // A heatmap has steps too: how many colours there are.
    let lists = all.into_iter().filter_map(Value::as_array);
    let bad = lists.filter(|steps| {
        let values: Vec<Option<f64>> = steps.iter().map(|step| step["value"].as_f64()).collect();
        let rises = values[1..].windows(2).all(|pair| pair[0] < pair[1]);
        values[0].is_some() || values[1..].iter().any(Option::is_none) || !rises
    });
    bad.map(|steps| said(dashboard, format!("{steps:?}"))).collect()
}

/// A state has its word wherever its code is shown.
fn states(dashboard: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for panel in panels(dashboard) {
        let asks = panel["targets"].as_array().unwrap().iter().any(|target| {
            let expr = target["expr"].as_str().unwrap();
            let first = selectors(expr).unwrap_or_default().into_iter().next();
            // Where codes are compared, or counted, nobody sees them.
            !expr.contains("==")
                && first.and_then(|one| one.name).as_deref() == Some("noroshi_check_state")
        });
        let mut mappings = Vec::new();
        under(&panel["fieldConfig"], "options", &mut mappings);
        let has = |state: &BaseState| {
            let word = state.word().to_uppercase();
            let code = state.code().to_string();
            mappings.iter().any(|options| {
                options[&code]["text"] == word.as_str() && options[&code]["color"].is_string()
            })
        };
        let is_counted = panel["targets"].to_string().contains("count(");
        if asks && !is_counted && !BaseState::ALL.iter().all(has) {
            complaints
                .push(said(dashboard, format!("{} lacks the word of a state", panel["title"])));
        }
    }
    complaints
}

/// The names that a table gives its columns.
fn titles(panel: &Value) -> BTreeSet<&str> {
    let transformations = panel["transformations"].as_array().into_iter().flatten();
    let names = transformations.filter_map(|one| one["options"]["renameByName"].as_object());
    names.flat_map(|names| names.values().filter_map(Value::as_str)).collect()
}

/// In tables, what is set for a column is set for one that there is, and titles are not used twice.
fn columns(dashboard: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for panel in panels(dashboard).into_iter().filter(|panel| panel["type"] == "table") {
        let titles = titles(panel);
        let transformations = panel["transformations"].as_array().unwrap();
        let renamed =
            transformations.iter().filter_map(|one| one["options"]["renameByName"].as_object());
        if renamed.map(serde_json::Map::len).sum::<usize>() != titles.len() {
            complaints.push(said(dashboard, format!("{}: a title is there twice", panel["title"])));
        }
        for one in panel["fieldConfig"]["overrides"].as_array().unwrap() {
            let of = one["matcher"]["options"].as_str().unwrap();
            if !titles.contains(of) {
                complaints.push(said(dashboard, format!("{} has no column {of}", panel["title"])));
            }
        }
    }
    complaints
}

/// Every selector is filtered by the cluster that is chosen.
fn clusters(dashboard: &Value) -> Vec<String> {
    let wanted = ("cluster".to_owned(), "=~".to_owned(), "$cluster".to_owned());
    let all = questions(dashboard).into_iter();
    let bad = all.filter(|(_, expr)| {
        selectors(expr).unwrap_or_default().iter().any(|one| !one.matchers.contains(&wanted))
    });
    bad.map(|(place, _)| place).collect()
}

/// Links whose dashboard, variable, column or label is not there.
pub(crate) fn dead_links(from: &Value, all: &[Value]) -> Vec<String> {
    let mut complaints = Vec::new();
    for panel in panels(from) {
        let mut links = Vec::new();
        under(&panel["fieldConfig"], "url", &mut links);
        for link in links {
            let link = link.as_str().unwrap();
            if let Some(why) = dead(link, from, panel, all) {
                complaints.push(said(from, format!("{}: {why}: {link}", panel["title"])));
            }
        }
    }
    complaints
}

fn dead(link: &str, from: &Value, panel: &Value, all: &[Value]) -> Option<String> {
    let names = |of: &Value| -> BTreeSet<String> {
        variables(of).iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let Some((uid, query)) = link.strip_prefix("/d/").and_then(|rest| rest.split_once('?')) else {
        return Some("it is not one of ours".to_owned());
    };
    let Some(to) = all.iter().find(|one| one["uid"] == uid) else {
        return Some("no such dashboard".to_owned());
    };
    let (here, there) = (names(from), names(to));
    for part in query.split('&') {
        let inner = part.strip_prefix("${").and_then(|part| part.strip_suffix('}'));
        let is_alive = match (inner, part.split_once('=')) {
            (Some("__url_time_range"), _) => true,
            (Some(inner), None) => inner
                .strip_suffix(":queryparam")
                .is_some_and(|name| here.contains(name) && there.contains(name)),
            (_, Some((name, value))) => {
                let value = value.strip_prefix("${").and_then(|value| value.strip_suffix('}'));
                let is_variable =
                    name.strip_prefix("var-").is_some_and(|name| there.contains(name));
                is_variable && value.is_some_and(|value| is_there(value, panel))
            }
            (None, None) => false,
        };
        if !is_alive {
            return Some(format!("{part} means nothing"));
        }
    }
    None
}

/// A column of this table, or a label that this panel's series are named by.
fn is_there(value: &str, panel: &Value) -> bool {
    if let Some(column) = value.strip_prefix("__data.fields.") {
        return titles(panel).contains(column);
    }
    value.strip_prefix("__field.labels.").is_some_and(|label| {
        let targets = panel["targets"].as_array().unwrap();
        targets.iter().any(|target| {
            target["legendFormat"].as_str().unwrap().contains(&format!("{{{{{label}}}}}"))
        })
    })
}
