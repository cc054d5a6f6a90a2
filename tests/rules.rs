//! What is shipped for Prometheus agrees with itself and with the rest: rules, their tests, runbooks, dashboards, families,
//! the page about them. Whether Prometheus reads it, and whether it does what it says, `tests/real/rules.rs` asks promtool.
//!
//! `UPDATE_DOCS=1 cargo test --test rules` writes the table of `docs/rules.md` anew.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
};

use noroshi::{
    config::{self, AlertmanagerFile, AlertmanagerSource, Sources},
    model::Diagnostic,
};
use regex::Regex;
use serde_json::Value;
use support::rules::{Rule, alerts, cases, families, names, path, records, text, yaml};

/// The alert that always fires.
const HEARTBEAT: &str = "NoroshiHeartbeat";

/// The dashboards that are shipped.
const DASHBOARDS: [&str; 6] = [
    "noroshi-overview",
    "noroshi-check",
    "noroshi-expiry",
    "noroshi-cluster",
    "noroshi-alerting",
    "noroshi-internals",
];

fn alert_names() -> BTreeSet<String> {
    alerts().iter().map(|alert| alert.name().to_owned()).collect()
}

#[test]
fn every_alert_says_what_to_do() {
    assert!(alert_names().len() >= 30);
    for alert in alerts() {
        let name = alert.name();
        assert!(name.starts_with("Noroshi"), "{name}");
        let annotations = alert.body["annotations"].as_object().unwrap();
        let keys: Vec<&str> = annotations.keys().map(String::as_str).collect();
        assert_eq!(keys, ["summary", "description", "runbook_url", "dashboard_url"], "{name}");
        assert!(
            annotations.values().all(|text| !text.as_str().unwrap().trim().is_empty()),
            "{name}"
        );
        let severity = alert.severity();
        let is_known = ["critical", "warning", "info"].contains(&severity);
        // The check's own word is that of its label, or `warning`: the same as in noroshi's own alert.
        let is_checks = name == "NoroshiCheckDown" && severity == "{{ $labels.severity }}";
        let is_heartbeat = name == HEARTBEAT && severity == "none";
        assert!(is_known || is_checks || is_heartbeat, "{name}: {severity}");
        assert_eq!(alert.get("for").is_some(), name != HEARTBEAT, "{name}: `for`");
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    for alert in alerts() {
        let page = format!("docs/runbooks/{}.md", alert.name());
        assert_eq!(alert.annotation("runbook_url"), page);
        let runbook = text(&page);
        assert!(runbook.starts_with(&format!("# {}\n", alert.name())), "{page}");
        let headings: Vec<&str> = runbook.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(
            headings,
            ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"],
            "{page}"
        );
        let parts: Vec<&str> = runbook.split("\n## ").skip(1).collect();
        assert!(parts.iter().all(|part| part.lines().count() > 2), "{page}: a part is empty");
        assert!(runbook.lines().count() < 80, "{page} is too long for a tired person");
    }
    let runbooks = names("docs/runbooks");
    let named: BTreeSet<&str> = runbooks.iter().map(|name| name.trim_end_matches(".md")).collect();
    assert_eq!(named, alert_names().iter().map(String::as_str).collect());
}

/// Names of alerts in runbooks lead to alerts.
#[test]
fn alerts_that_pages_name_exist() {
    let known = alert_names();
    let word = Regex::new(r"\bNoroshi[A-Z][A-Za-z]+\b").unwrap();
    // Those of noroshi itself, which no rule has.
    let own = ["NoroshiDeadman", "NoroshiTest"];
    let mut pages: Vec<String> =
        names("docs/runbooks").iter().map(|name| format!("docs/runbooks/{name}")).collect();
    pages.push("docs/rules.md".to_owned());
    for page in pages {
        for found in word.find_iter(&text(&page)) {
            let name = found.as_str();
            assert!(known.contains(name) || own.contains(&name), "{page} names {name}");
        }
    }
}

#[test]
fn links_to_dashboards_lead_to_one_and_set_variables_it_has() {
    let label = Regex::new(r"^\{\{ \$labels\.([a-z_]+) \| urlquery \}\}$").unwrap();
    let shipped = path("grafana").exists();
    for alert in alerts() {
        let (name, url) = (alert.name(), alert.annotation("dashboard_url"));
        let (uid, query) = url.split_once('?').unwrap_or((url, ""));
        let uid = uid.strip_prefix("/d/").unwrap_or_else(|| panic!("{name}: {url}"));
        assert!(DASHBOARDS.contains(&uid), "{name}: there is no dashboard {uid}");
        let known = shipped.then(|| variables(uid));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap();
            let variable = key.strip_prefix("var-").unwrap_or_else(|| panic!("{name}: {key}"));
            let source = label.captures(value).unwrap_or_else(|| panic!("{name}: {value}"));
            assert_eq!(&source[1], variable, "{name}: a variable is set by the label of its name");
            if let Some(known) = &known {
                assert!(known.contains(variable), "{name}: {uid} has no variable {variable}");
            }
        }
    }
}

fn variables(uid: &str) -> BTreeSet<String> {
    let board: Value = serde_json::from_str(&text(&format!("grafana/{uid}.json"))).unwrap();
    assert_eq!(board["uid"], uid);
    let list = board["templating"]["list"].as_array().unwrap().iter();
    list.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// Names of families and of recorded series, wherever they stand: in expressions, in queries of annotations, in tests, in
/// commands of runbooks.
#[test]
fn every_family_exists() {
    let families = families();
    let recorded: BTreeSet<String> =
        records().iter().map(|record| record.name().to_owned()).collect();
    let word = Regex::new(r"[a-z_][a-z0-9_:]*").unwrap();
    let mut files: Vec<String> = Vec::new();
    for folder in ["prometheus-rules", "prometheus-rules/tests", "docs/runbooks"] {
        files.extend(names(folder).iter().map(|name| format!("{folder}/{name}")));
    }
    files.push("docs/rules.md".to_owned());
    let mut used = BTreeSet::new();
    for file in files {
        for found in word.find_iter(&text(&file)) {
            let name = found.as_str();
            if name.starts_with("check:") || name.starts_with("group:") {
                assert!(
                    recorded.contains(name) || name.len() < 7,
                    "{file}: {name} is not recorded"
                );
            } else if is_ours(name) {
                assert!(is_series_of(name, &families), "{file}: {name} is no family");
                used.insert(name.to_owned());
            }
        }
    }
    assert!(used.len() > 90, "{}", used.len());
}

/// Whether it looks like a family; `kube_` alone, as in "kube_*", speaks of many.
fn is_ours(name: &str) -> bool {
    let begins = name.starts_with("noroshi_") || name.starts_with("kube_");
    begins && !name.ends_with('_')
}

/// Whether it is a family, or a series of a histogram.
fn is_series_of(name: &str, families: &BTreeMap<String, String>) -> bool {
    let of_histogram = ["_bucket", "_sum", "_count"].iter().any(|end| {
        let family = name.strip_suffix(end).and_then(|family| families.get(family));
        family.is_some_and(|kind| kind == "histogram")
    });
    families.contains_key(name) || of_histogram
}

/// An increase of a gauge, or a counter compared as it stands, would be quietly wrong.
#[test]
fn counters_are_increased_and_gauges_are_not() {
    let families = families();
    let call = Regex::new(r"(?:rate|increase)\(\s*([a-z_:0-9]+)").unwrap();
    for rule in alerts().iter().chain(&records()) {
        let expression = rule.get("expr").unwrap();
        for found in call.captures_iter(expression) {
            let name = &found[1];
            let counts = families.get(name).is_some_and(|kind| kind != "gauge")
                || is_series_of(name, &families) && !families.contains_key(name);
            assert!(counts, "{}: {name} is no counter", rule.name());
        }
    }
}

/// What happens to an alert in a case: when it is expected to fire, and when not.
struct Case {
    fires: Vec<u64>,
    silent: Vec<u64>,
}

/// Whether an alert that a case expects may come from this rule, which need not be the only one of its name.
fn is_of(rule: &Rule, alert: &Value) -> bool {
    let labels = rule.body["labels"].as_object().unwrap().iter();
    let mut fixed = labels.filter(|(_, value)| !value.as_str().unwrap().contains("{{"));
    fixed.all(|(name, value)| alert["exp_labels"].get(name) == Some(value))
}

fn cases_of(cases: &[(String, Value)], rule: &Rule) -> Vec<Case> {
    let mut found = Vec::new();
    for (_, case) in cases {
        let looks = case.get("alert_rule_test").and_then(Value::as_array).into_iter().flatten();
        let looks: Vec<&Value> = looks.filter(|look| look["alertname"] == rule.name()).collect();
        if looks.is_empty() {
            continue;
        }
        let fires = |look: &&Value| {
            let mut alerts = look["exp_alerts"].as_array().into_iter().flatten();
            alerts.any(|alert| is_of(rule, alert))
        };
        let at = |look: &Value| seconds(look["eval_time"].as_str().unwrap());
        let (firing, quiet): (Vec<&Value>, Vec<&Value>) = looks.into_iter().partition(fires);
        found.push(Case {
            fires: firing.into_iter().map(at).collect(),
            silent: quiet.into_iter().map(at).collect(),
        });
    }
    found
}

fn seconds(text: &str) -> u64 {
    let part = Regex::new(r"(\d+)([dhms])").unwrap();
    let unit = |unit: &str| match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        _ => 1,
    };
    part.captures_iter(text).map(|part| part[1].parse::<u64>().unwrap() * unit(&part[2])).sum()
}

#[test]
fn every_alert_is_tried() {
    let all = cases();
    for rule in alerts() {
        let cases = cases_of(&all, &rule);
        let name = format!("{} {}", rule.name(), rule.body["labels"]);
        assert!(
            cases.iter().any(|case| !case.fires.is_empty()),
            "{name}: no case in which it fires"
        );
        if rule.name() == HEARTBEAT {
            continue;
        }
        let is_just_below = |case: &Case| {
            case.fires.iter().any(|fires| {
                case.silent.iter().any(|silent| silent < fires && fires - silent <= 60)
            })
        };
        assert!(cases.iter().any(is_just_below), "{name}: no case just below its time");
        let stays_silent = |case: &Case| case.fires.is_empty() && !case.silent.is_empty();
        assert!(cases.iter().any(stays_silent), "{name}: no case in which it stays silent");
    }
}

/// Labels with which an alert is expected to come: what aggregation drops, and what it must keep.
#[test]
fn alerts_are_tried_without_a_cluster_too() {
    let (mut with, mut without) = (0, 0);
    for (_, case) in cases() {
        let looks = case.get("alert_rule_test").and_then(Value::as_array);
        for alert in looks.into_iter().flatten().filter_map(|look| look["exp_alerts"].as_array()) {
            for alert in alert {
                let labels = alert["exp_labels"].as_object().unwrap();
                *(if labels.contains_key("cluster") { &mut with } else { &mut without }) += 1;
                let about_checks = labels.contains_key("check");
                assert!(
                    !about_checks || !labels.contains_key("instance"),
                    "an alert on a check names who probed: {labels:?}"
                );
            }
        }
    }
    assert!(with > 50 && without > 10, "{with} {without}");
}

#[test]
fn every_recorded_series_is_tried() {
    let mut tried = String::new();
    for (_, case) in cases() {
        let looks = case.get("promql_expr_test").and_then(Value::as_array);
        for look in looks.into_iter().flatten() {
            assert!(!look["exp_samples"].as_array().unwrap().is_empty());
            tried += look["expr"].as_str().unwrap();
            tried += " ";
        }
    }
    for record in records() {
        let whole = Regex::new(&format!("{}[^a-z0-9_:]", regex::escape(record.name()))).unwrap();
        assert!(whole.is_match(&tried), "{} is not tried", record.name());
    }
}

/// Whoever is told once need not be told again: each name of the example is one of an alert.
#[test]
fn the_example_of_inhibition_is_read_and_names_what_there_is() {
    let file = "prometheus-rules/alertmanager-inhibition.example.yml";
    let source = AlertmanagerSource { path: path(file), ..AlertmanagerSource::default() };
    let read = AlertmanagerFile::read(&source);
    assert_eq!(read.diagnostics, [], "{}", read.human(""));
    let names = alert_names();
    let matcher = Regex::new("alertname(=|=~|!~)\"([^\"]+)\"").unwrap();
    let rules = yaml(file)["inhibit_rules"].as_array().unwrap().len();
    assert!(rules >= 10);
    for found in matcher.captures_iter(&text(file)) {
        for branch in branches(&found[2]) {
            let pattern = Regex::new(&format!("^(?:{branch})$")).unwrap();
            assert!(names.iter().any(|name| pattern.is_match(name)), "{branch} is no alert");
        }
    }
}

/// Every branch of a pattern by itself: of `a(b|c)d`, `abd` and `acd`.
fn branches(pattern: &str) -> Vec<String> {
    let mut depth = 0;
    let inner = |depth: &mut usize, letter: char| {
        *depth = if letter == '(' { *depth + 1 } else { *depth - usize::from(letter == ')') };
        *depth > 0
    };
    let outside = |letter: char| !inner(&mut depth, letter) && letter == '|';
    let alternatives: Vec<&str> = pattern.split(outside).collect();
    if let [one] = alternatives.as_slice() {
        let Some((before, rest)) = one.split_once('(') else { return vec![(*one).to_owned()] };
        let mut depth = 1;
        let end = rest.find(|letter: char| !inner(&mut depth, letter)).unwrap();
        let (within, after) = (branches(&rest[..end]), branches(&rest[end + 1..]));
        let pairs = within.iter().flat_map(|within| after.iter().map(move |after| (within, after)));
        return pairs.map(|(within, after)| format!("{before}{within}{after}")).collect();
    }
    alternatives.into_iter().flat_map(branches).collect()
}

#[test]
fn patterns_are_taken_apart() {
    assert_eq!(branches("a"), ["a"]);
    assert_eq!(branches("a|b.+"), ["a", "b.+"]);
    assert_eq!(branches("a(b|c(d|e))f|g"), ["abf", "acdf", "acef", "g"]);
    assert_eq!(branches("(a|b)(c|d)"), ["ac", "ad", "bc", "bd"]);
}

/// The factors of the alerts on error budgets, as the rules have them.
fn burn_factors() -> BTreeSet<String> {
    let factor =
        Regex::new(r"\((\d+(?:\.\d+)?) \* check:noroshi_slo_error_budget:ratio\)").unwrap();
    let rules = text("prometheus-rules/slo.yaml");
    factor.captures_iter(&rules).map(|found| found[1].to_owned()).collect()
}

/// A little above its factor each of them fires, and a little below it does not, whatever the others do.
#[test]
fn burn_alerts_are_tried_on_both_sides_of_their_factor() {
    let factor = Regex::new(r"\((\d+(?:\.\d+)?) \* check:").unwrap();
    let speed = Regex::new("check=\"([0-9.]+)\"").unwrap();
    let read = |text: &str| speed.captures(text)?[1].parse::<f64>().ok();
    let (_, case) = cases()
        .into_iter()
        .find(|(_, case)| {
            case["name"].as_str().unwrap().contains("each window begins with its factor")
        })
        .unwrap();
    let series = case["input_series"].as_array().unwrap().iter();
    let speeds: Vec<f64> = series.filter_map(|one| read(one["series"].as_str()?)).collect();
    let firing = case["promql_expr_test"][0]["exp_samples"].to_string();
    let burns = |rule: &Rule, speed: f64| {
        let long = rule.body["labels"]["long"].as_str().unwrap();
        firing.contains(&format!("check=\\\"{speed}\\\",long=\\\"{long}\\\""))
    };
    let rules = alerts().into_iter().filter(|rule| rule.name() == "NoroshiErrorBudgetBurn");
    let rules: Vec<Rule> = rules.collect();
    assert_eq!(rules.len(), 4);
    for rule in &rules {
        let factor: f64 = factor.captures(rule.get("expr").unwrap()).unwrap()[1].parse().unwrap();
        let near = |speed: &&f64| (**speed / factor - 1.0).abs() < 0.11;
        let (above, below): (Vec<&f64>, Vec<&f64>) =
            speeds.iter().filter(near).partition(|speed| **speed > factor);
        assert!(!above.is_empty() && above.iter().all(|speed| burns(rule, **speed)), "{factor}");
        assert!(!below.is_empty() && !below.iter().any(|speed| burns(rule, **speed)), "{factor}");
    }
}

fn told(objective: f64) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    let config =
        format!("[checks.a]\ntcp.address = '192.0.2.1:80'\nslo = {{ objective = {objective} }}\n");
    fs::write(&file, config).unwrap();
    config::load(&Sources { files: vec![file], ..Sources::default() }).diagnostics
}

/// An objective so low that a total outage spends its budget too slowly is told when the configuration is read.
#[test]
fn objectives_that_no_alert_can_fire_on_are_told() {
    let factors = burn_factors();
    assert_eq!(factors.len(), 4);
    for factor in factors {
        let number: f64 = factor.parse().unwrap();
        let (deaf, hears) = (1.0 - 1.0 / number - 0.001, 1.0 - 1.0 / number + 0.001);
        if deaf <= 0.0 {
            continue; // A total outage always spends a budget at least as fast as it lasts.
        }
        let word = format!("{factor} ");
        let names = |told: &[Diagnostic]| {
            told.iter().any(|one| one.code == "C113" && one.message.contains(&word))
        };
        assert!(names(&told(deaf)), "{factor}: {deaf}");
        assert!(!names(&told(hears)), "{factor}: {hears}");
    }
    assert_eq!(told(0.931), []);
}

/// What the page says an alert is for: the first sentence of its runbook.
fn meaning(alert: &str) -> String {
    let runbook = text(&format!("docs/runbooks/{alert}.md"));
    let (_, rest) = runbook.split_once("## Meaning\n\n").unwrap();
    let paragraph = rest.split("\n\n").next().unwrap().replace('\n', " ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |end| end + 1);
    paragraph[..end].to_owned()
}

fn row(alert: &Rule) -> String {
    let name = alert.name();
    let severity = match alert.severity() {
        "{{ $labels.severity }}" => "the check's label, else warning",
        severity => severity,
    };
    let held = alert.get("for").unwrap_or("-");
    format!("| [{name}](runbooks/{name}.md) | {severity} | {held} | {} |\n", meaning(name))
}

#[test]
fn the_page_lists_every_alert() {
    const BEGIN: &str = "<!-- alerts: written by UPDATE_DOCS=1 cargo test --test rules -->\n";
    const END: &str = "<!-- alerts: end -->\n";
    let mut table = String::new();
    let mut file = String::new();
    for alert in alerts() {
        if alert.file != file {
            file.clone_from(&alert.file);
            let head = "| alert | severity | for | tells |\n|---|---|---|---|\n";
            write!(table, "\n### `{file}`\n\n{head}").unwrap();
        }
        table += &row(&alert);
    }
    let page = text("docs/rules.md");
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    let written = format!("{head}{BEGIN}{table}\n{END}{tail}");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path("docs/rules.md"), written).unwrap();
    } else {
        assert!(page == written, "docs/rules.md is behind: UPDATE_DOCS=1 cargo test --test rules");
    }
}

/// The binary is built from what the image's build may see.
#[test]
fn the_image_is_built_with_them() {
    assert!(text(".dockerignore").lines().any(|line| line == "!prometheus-rules"));
}
