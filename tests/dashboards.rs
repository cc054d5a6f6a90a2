//! The dashboards in `grafana/`: they are what the code writes, hold to the rules of Grafana's own dashboard-linter and to ours,
//! and name only series that exist.
//!
//! Every rule is a function from a dashboard to complaints, so that `planted` can plant a fault and see it found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

#[path = "dashboards/command.rs"]
mod command;
#[path = "dashboards/expression.rs"]
mod expression;
#[path = "dashboards/families.rs"]
mod families;
#[path = "dashboards/linter.rs"]
mod linter;
#[path = "dashboards/once.rs"]
mod once;
#[path = "dashboards/ours.rs"]
mod ours;
#[path = "dashboards/planted.rs"]
mod planted;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use noroshi::dashboards;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana")
}

/// The files, parsed, in the order of their names.
fn files() -> Vec<Value> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
        .iter()
        .map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        .collect()
}

fn title(dashboard: &Value) -> &str {
    dashboard["title"].as_str().unwrap()
}

/// All panels but rows, those that are folded away included.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().unwrap().iter();
    all.flat_map(|panel| {
        if panel["type"] == "row" {
            panel["panels"].as_array().unwrap().iter().collect()
        } else {
            vec![panel]
        }
    })
    .collect()
}

fn variables(dashboard: &Value) -> &Vec<Value> {
    dashboard["templating"]["list"].as_array().unwrap()
}

/// What a panel asks: the place, for people, and the expression.
fn questions(dashboard: &Value) -> Vec<(String, &str)> {
    let of_panels = panels(dashboard).into_iter().flat_map(|panel| {
        let name = panel["title"].as_str().unwrap();
        panel["targets"].as_array().unwrap().iter().map(move |target| {
            let place = format!("{}: {name}: {}", title(dashboard), target["refId"]);
            (place, target["expr"].as_str().unwrap())
        })
    });
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let of_annotations = annotations.filter_map(|annotation| {
        let place = format!("{}: annotation {}", title(dashboard), annotation["name"]);
        Some((place, annotation["expr"].as_str()?))
    });
    of_panels.chain(of_annotations).collect()
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Over all dashboards.
fn held(rule: fn(&Value) -> Vec<String>) {
    complain(&files().iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn the_files_are_what_the_code_writes() {
    let mut written = BTreeSet::new();
    for dashboard in dashboards::all() {
        let name = format!("{}.json", dashboard.uid());
        let there = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert!(there == dashboard.text(), "grafana/{name} is behind: `make dashboards`");
        written.insert(name);
    }
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> =
        there.map(|name| name.into_string().unwrap()).filter(|name| name != "README.md").collect();
    assert_eq!(there, written, "grafana/ has what the code does not write, or lacks something");
}

#[test]
fn grafanas_linter_has_nothing_to_say() {
    for (name, rule) in linter::RULES {
        let complaints: Vec<String> = files().iter().flat_map(rule).collect();
        assert!(complaints.is_empty(), "{name}:\n{}", complaints.join("\n"));
    }
}

#[test]
fn our_own_rules_hold() {
    for (name, rule) in ours::RULES {
        let complaints: Vec<String> = files().iter().flat_map(rule).collect();
        assert!(complaints.is_empty(), "{name}:\n{}", complaints.join("\n"));
    }
}

#[test]
fn uids_and_titles_are_unique() {
    for key in ["uid", "title"] {
        let files = files();
        let all: BTreeSet<&str> = files.iter().map(|file| file[key].as_str().unwrap()).collect();
        assert_eq!(all.len(), files.len(), "{key}");
    }
}

#[test]
fn links_lead_somewhere() {
    let files = files();
    complain(&files.iter().flat_map(|from| ours::dead_links(from, &files)).collect::<Vec<_>>());
}

#[test]
fn what_is_asked_for_exists() {
    held(families::unknown);
}

#[test]
fn what_replicas_tell_alike_is_counted_once() {
    held(once::counted_twice);
}

#[test]
fn every_family_is_shown_or_has_a_reason() {
    complain(&families::not_shown(&files()));
}
