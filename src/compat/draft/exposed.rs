//! Secrets where nothing but the text itself can hold them: in the query of a URL, in what is sent.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::model::sensitive::{is_secret_name, login};

/// A sentence for each place that seems to hold a secret, which is not repeated.
pub(in crate::compat) fn exposed(section: &str, table: &Table) -> Vec<String> {
    let said = if section == "receivers" { "payload" } else { "body" };
    let mut out = Vec::new();
    let mut tell = |names: BTreeSet<String>, place: &str| {
        for name in names {
            out.push(format!(
                "the parameter `{name}` of its {place} seems to be a secret, and is written as it is: keep the file as you keep secrets"
            ));
        }
    };
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    for key in ["url", "proxy_url"] {
        let query = text(key).and_then(|url| url.split_once('?')).map(|(_, query)| query);
        tell(query.map(parameters).unwrap_or_default(), "URL");
    }
    let mut names = BTreeSet::new();
    for key in [said, "body_json"] {
        if let Some(Ok(value)) = table.get(key).map(serde_json::to_value) {
            fields(&value, &mut names);
        }
    }
    tell(names, said);
    let steps = table.get("dialogue").and_then(Value::as_array).into_iter().flatten();
    let mut sent = steps.filter_map(|step| step.get("send")?.as_str());
    // Where a reference follows, the text stops in the middle of its line.
    if sent.any(|text| login(text).is_some() && !text.ends_with(' ')) {
        out.push("what it sends seems to log in by a secret, which is written as it is: a step `send_env` of its own names a variable".to_owned());
    }
    out
}

/// Names in `a=b&token=c` that sound like secrets and say something.
fn parameters(query: &str) -> BTreeSet<String> {
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split(['&', ';']).filter_map(|pair| pair.split_once('='));
    let names = pairs.filter(|(name, value)| {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.[]".contains(c));
        is_name && is_secret_name(name) && !value.is_empty()
    });
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The same of what is JSON, or a form.
fn fields(value: &Json, names: &mut BTreeSet<String>) {
    match value {
        Json::String(text) => match serde_json::from_str(text) {
            Ok(json @ (Json::Object(_) | Json::Array(_))) => fields(&json, names),
            _ => names.extend(parameters(text.trim())),
        },
        Json::Array(list) => list.iter().for_each(|value| fields(value, names)),
        Json::Object(map) => {
            for (name, value) in map {
                let says = !matches!(value, Json::Null | Json::Object(_) | Json::Bool(_));
                if is_secret_name(name) && says && value != "" {
                    names.insert(name.clone());
                }
                fields(value, names);
            }
        }
        _ => {}
    }
}
