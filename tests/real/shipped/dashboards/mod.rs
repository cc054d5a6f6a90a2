//! Dashboards as Grafana reads them. Contract: [`read`] takes a file to pieces, [`Variables`] are chosen as for somebody who
//! opens it, [`Scope::fill`] puts them and Grafana's own words into a text, [`links`] are followed without a browser.

pub(super) mod links;
mod text;
mod variables;

use std::path::Path;

use serde_json::Value;

pub(super) use text::{Scope, Window};
pub(super) use variables::{Variables, narrow};

/// A dashboard.
pub(super) struct Dashboard {
    pub(super) uid: String,
    pub(super) json: Value,
    pub(super) panels: Vec<Panel>,
    /// Names and queries.
    pub(super) annotations: Vec<(String, String)>,
}

/// A panel that asks for something.
pub(super) struct Panel {
    /// `uid/title`, as failures and exemptions name it.
    pub(super) name: String,
    pub(super) json: Value,
    pub(super) targets: Vec<Target>,
}

/// A query of a panel.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) letter: String,
    pub(super) expression: String,
    pub(super) is_instant: bool,
}

/// Every dashboard of a folder, by name.
pub(super) fn all(folder: &Path) -> Vec<Dashboard> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.iter().map(|file| read(&std::fs::read_to_string(file).unwrap())).collect()
}

/// One, from its file's text.
pub(super) fn read(text: &str) -> Dashboard {
    let json: Value = serde_json::from_str(text).unwrap();
    let uid = json["uid"].as_str().expect("a uid").to_owned();
    let mut panels = Vec::new();
    collect(&json["panels"], &uid, &mut panels);
    let annotations = json["annotations"]["list"].as_array().into_iter().flatten();
    let annotations = annotations.filter_map(annotation).collect();
    Dashboard { uid, json, panels, annotations }
}

/// A row that is closed holds its panels.
fn collect(list: &Value, uid: &str, panels: &mut Vec<Panel>) {
    for json in list.as_array().into_iter().flatten() {
        let title = json["title"].as_str().unwrap_or("untitled");
        let name = format!("{uid}/{title}");
        // It would be seen once for each value of a variable: nothing here does that.
        assert!(json.get("repeat").is_none_or(Value::is_null), "{name} is repeated");
        collect(&json["panels"], uid, panels);
        let targets: Vec<_> =
            json["targets"].as_array().into_iter().flatten().map(target).collect();
        if !targets.is_empty() {
            panels.push(Panel { name, json: json.clone(), targets });
        }
    }
}

fn target(json: &Value) -> Target {
    let source = json["datasource"]["uid"].as_str();
    assert_eq!(source, Some("${datasource}"), "a query of another source: {json}");
    Target {
        letter: json["refId"].as_str().unwrap_or("A").to_owned(),
        expression: json["expr"].as_str().expect("an expression").to_owned(),
        is_instant: json["instant"] == true,
    }
}

/// Those that ask Prometheus; Grafana's own are read from its database.
fn annotation(json: &Value) -> Option<(String, String)> {
    let name = json["name"].as_str().unwrap_or("unnamed").to_owned();
    let expression = json["expr"].as_str().or_else(|| json["target"]["expr"].as_str())?;
    Some((name, expression.to_owned()))
}
