//! The seventeen rules of Grafana's dashboard-linter, under its names, written anew after its documentation and its source, for
//! the machines that do not have it. None has an exception.

use serde_json::Value;

use crate::{
    expression::{Selector, parsed, selectors},
    panels, questions, title, variables,
};

/// A rule: a dashboard in, complaints out.
pub(crate) type Rule = (&'static str, fn(&Value) -> Vec<String>);

pub(crate) const RULES: [Rule; 17] = [
    ("template-datasource-rule", template_datasource),
    ("template-job-rule", |dashboard| template(dashboard, "job", "Job")),
    ("template-instance-rule", |dashboard| template(dashboard, "instance", "Instance")),
    ("template-label-promql-rule", template_label_promql),
    ("template-on-time-change-reload-rule", template_on_time_change_reload),
    ("panel-datasource-rule", panel_datasource),
    ("panel-title-description-rule", panel_title_description),
    ("panel-units-rule", panel_units),
    ("panel-no-targets-rule", panel_no_targets),
    ("target-logql-rule", target_logql),
    ("target-logql-auto-rule", target_logql),
    ("target-promql-rule", target_promql),
    ("target-rate-interval-rule", target_rate_interval),
    ("target-job-rule", |dashboard| target_matcher(dashboard, "job")),
    ("target-instance-rule", |dashboard| target_matcher(dashboard, "instance")),
    ("target-counter-agg-rule", target_counter_agg),
    ("uneditable-dashboard-rule", uneditable),
];

/// What a panel may be measured in: ids of Grafana's.
const UNITS: &[&str] = &[
    "none",
    "string",
    "short",
    "percent",
    "percentunit",
    "bytes",
    "decbytes",
    "bits",
    "Bps",
    "bps",
    "dateTimeAsIso",
    "dateTimeFromNow",
    "hertz",
    "ns",
    "µs",
    "ms",
    "s",
    "m",
    "h",
    "d",
    "dtdurationms",
    "dtdurations",
    "cps",
    "ops",
    "reqps",
    "cpm",
    "opm",
    "bool",
    "bool_yes_no",
    "bool_on_off",
];

fn template_datasource(dashboard: &Value) -> Vec<String> {
    let all: Vec<&Value> =
        variables(dashboard).iter().filter(|one| one["type"] == "datasource").collect();
    let is_well = matches!(all.as_slice(), [one] if one["name"] == "datasource"
        && one["label"] == "Data source" && one["query"] == "prometheus");
    if is_well { Vec::new() } else { vec![format!("{}: data sources {all:?}", title(dashboard))] }
}

fn template(dashboard: &Value, name: &str, label: &str) -> Vec<String> {
    let Some(one) = variables(dashboard).iter().find(|one| one["name"] == name) else {
        return vec![format!("{}: no variable {name}", title(dashboard))];
    };
    let is_well = one["type"] == "query"
        && one["datasource"]["uid"] == "${datasource}"
        && one["label"] == label
        && one["multi"] == true
        && one["allValue"] == ".+";
    if is_well { Vec::new() } else { vec![format!("{}: {one}", title(dashboard))] }
}

/// The selector and the label of `label_values(SELECTOR, LABEL)`.
pub(crate) fn label_values(variable: &Value) -> Option<(&str, &str)> {
    let query = variable["query"]["query"].as_str()?;
    query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")
}

fn template_label_promql(dashboard: &Value) -> Vec<String> {
    let queries = variables(dashboard).iter().filter(|one| one["type"] == "query");
    let bad = queries.filter_map(|one| {
        let Some((selector, _)) = label_values(one) else { return Some(one.to_string()) };
        parsed(selector).err().map(|why| format!("{selector}: {why}"))
    });
    bad.map(|why| format!("{}: {why}", title(dashboard))).collect()
}

fn template_on_time_change_reload(dashboard: &Value) -> Vec<String> {
    let queries = variables(dashboard).iter().filter(|one| one["type"] == "query");
    let bad = queries.filter(|one| one["refresh"] != 2);
    bad.map(|one| format!("{}: {}", title(dashboard), one["name"])).collect()
}

/// Panels that break a rule, by their titles.
fn bad_panels(dashboard: &Value, is_bad: impl Fn(&Value) -> bool) -> Vec<String> {
    let bad = panels(dashboard).into_iter().filter(|panel| is_bad(panel));
    bad.map(|panel| format!("{}: {} ({})", title(dashboard), panel["title"], panel["id"])).collect()
}

fn panel_datasource(dashboard: &Value) -> Vec<String> {
    let is_variable = |of: &Value| of["datasource"]["uid"] == "${datasource}";
    bad_panels(dashboard, |panel| {
        !is_variable(panel) || !panel["targets"].as_array().unwrap().iter().all(is_variable)
    })
}

fn panel_title_description(dashboard: &Value) -> Vec<String> {
    let is_said = |text: &Value| text.as_str().is_some_and(|text| !text.is_empty());
    bad_panels(dashboard, |panel| !is_said(&panel["title"]) || !is_said(&panel["description"]))
}

fn panel_units(dashboard: &Value) -> Vec<String> {
    let is_unit = |unit: &Value| unit.as_str().is_some_and(|unit| UNITS.contains(&unit));
    bad_panels(dashboard, |panel| {
        let overrides = panel["fieldConfig"]["overrides"].as_array().unwrap().iter();
        let mut others = overrides
            .flat_map(|one| one["properties"].as_array().unwrap())
            .filter(|property| property["id"] == "unit");
        !is_unit(&panel["fieldConfig"]["defaults"]["unit"])
            || !others.all(|property| is_unit(&property["value"]))
    })
}

fn panel_no_targets(dashboard: &Value) -> Vec<String> {
    bad_panels(dashboard, |panel| panel["targets"].as_array().is_none_or(Vec::is_empty))
}

/// There is no Loki here, so the rules for its language have nothing to look at but that.
fn target_logql(dashboard: &Value) -> Vec<String> {
    bad_panels(dashboard, |panel| {
        let targets = panel["targets"].as_array().unwrap();
        targets.iter().any(|target| target["datasource"]["type"] != "prometheus")
    })
}

fn target_promql(dashboard: &Value) -> Vec<String> {
    let all = questions(dashboard).into_iter();
    all.filter_map(|(place, expr)| Some(format!("{place}: {}\n  {expr}", parsed(expr).err()?)))
        .collect()
}

/// Selectors that break a rule.
fn bad_selectors(dashboard: &Value, is_bad: impl Fn(&Selector) -> bool) -> Vec<String> {
    let all = questions(dashboard).into_iter();
    all.flat_map(|(place, expr)| {
        let bad =
            selectors(expr).unwrap_or_default().into_iter().filter(|selector| is_bad(selector));
        bad.map(|selector| format!("{place}: {selector:?}")).collect::<Vec<_>>()
    })
    .collect()
}

fn target_rate_interval(dashboard: &Value) -> Vec<String> {
    bad_selectors(dashboard, |selector| {
        matches!(selector.function, Some("rate" | "irate")) && selector.range != Some(true)
    })
}

fn target_matcher(dashboard: &Value, label: &str) -> Vec<String> {
    let wanted = (label.to_owned(), "=~".to_owned(), format!("${label}"));
    bad_selectors(dashboard, |selector| !selector.matchers.contains(&wanted))
}

fn target_counter_agg(dashboard: &Value) -> Vec<String> {
    bad_selectors(dashboard, |selector| {
        selector.name.as_ref().is_some_and(|name| name.ends_with("_total"))
            && (selector.range.is_none()
                || !matches!(selector.function, Some("rate" | "irate" | "increase")))
    })
}

fn uneditable(dashboard: &Value) -> Vec<String> {
    if dashboard["editable"] == false { Vec::new() } else { vec![title(dashboard).to_owned()] }
}
