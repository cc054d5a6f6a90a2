//! What TOML says, as an `alertmanager.yml`: clients of `/api/v2/status` read it, amtool and Grafana among them.

use serde_json::{Map, Value, json};

use crate::{
    alert::spec::{Config, GroupBy, InhibitRule, Route},
    model::{Matcher, PromDuration, Secret},
    notify::spec::{Provider, Receiver, Receivers},
};

/// The whole configuration. Secrets are masked, and of a receiver's providers only what Alertmanager wants to see is there.
pub(super) fn of(config: &Config, receivers: &Receivers) -> String {
    let mut all = Map::new();
    let resolve = PromDuration(config.resolve_timeout).to_string();
    all.insert("global".to_owned(), json!({ "resolve_timeout": resolve }));
    all.insert("route".to_owned(), route(&config.route));
    let rules: Vec<Value> = config.inhibit_rules.iter().map(rule).collect();
    if !rules.is_empty() {
        all.insert("inhibit_rules".to_owned(), rules.into());
    }
    let named = config.receivers.iter().map(|own| match receivers.get(&own.name) {
        Some(known) => receiver(known),
        None => json!({ "name": &*own.name }),
    });
    all.insert("receivers".to_owned(), named.collect::<Vec<_>>().into());
    let intervals = config.time_intervals.iter();
    let intervals: Vec<Value> = intervals
        .map(|(name, entries)| json!({ "name": &**name, "time_intervals": entries }))
        .collect();
    if !intervals.is_empty() {
        all.insert("time_intervals".to_owned(), intervals.into());
    }
    let mut out = String::new();
    write(&Value::Object(all), 0, &mut out);
    out
}

fn route(own: &Route) -> Value {
    let duration = |time| PromDuration(time).to_string();
    let mut keys = Map::from_iter([
        ("receiver".to_owned(), json!(&*own.receiver)),
        ("group_wait".to_owned(), duration(own.group_wait).into()),
        ("group_interval".to_owned(), duration(own.group_interval).into()),
        ("repeat_interval".to_owned(), duration(own.repeat_interval).into()),
        ("continue".to_owned(), own.continues.into()),
    ]);
    let group_by: Vec<&str> = match &own.group_by {
        GroupBy::All => vec!["..."],
        GroupBy::Labels(names) => names.iter().map(AsRef::as_ref).collect(),
    };
    for (key, list) in [
        ("group_by", json!(group_by)),
        ("matchers", texts(&own.matchers)),
        ("mute_time_intervals", json!(own.mute_time_intervals)),
        ("active_time_intervals", json!(own.active_time_intervals)),
        ("routes", own.routes.iter().map(route).collect::<Vec<_>>().into()),
    ] {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            keys.insert(key.to_owned(), list);
        }
    }
    keys.into()
}

fn texts(matchers: &[Matcher]) -> Value {
    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().into()
}

fn rule(own: &InhibitRule) -> Value {
    let mut keys = Map::new();
    if !own.name.is_empty() {
        keys.insert("name".to_owned(), json!(&*own.name));
    }
    keys.insert("source_matchers".to_owned(), texts(&own.source));
    keys.insert("target_matchers".to_owned(), texts(&own.target));
    keys.insert("equal".to_owned(), json!(own.equal));
    keys.into()
}

fn receiver(own: &Receiver) -> Value {
    let mut keys = Map::from_iter([("name".to_owned(), json!(&*own.name))]);
    for integration in &own.integrations {
        // What nobody can send yet is written in no words that Alertmanager would read.
        let Some(shown) = provider(&integration.provider) else { continue };
        let list = keys
            .entry(format!("{}_configs", integration.provider.kind()))
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(shown);
        }
    }
    keys.into()
}

/// The fields without which Alertmanager would not read a provider.
fn provider(own: &Provider) -> Option<Value> {
    let written = serde_json::to_value(own).unwrap_or_default();
    let mut keys = match own {
        Provider::Webhook(_) => json!({ "url": Secret::MASK }),
        Provider::Slack(_) => json!({ "api_url": Secret::MASK, "channel": written["channel"] }),
        Provider::Telegram(_) => {
            json!({ "bot_token": Secret::MASK, "chat_id": written["chat_id"].as_i64().unwrap_or(1) })
        }
        Provider::Email(_) => {
            json!({ "to": written["to"], "from": written["from"], "smarthost": written["smarthost"] })
        }
        Provider::Unbuilt(_) => return None,
    };
    keys["send_resolved"] = own.send_resolved().into();
    Some(keys)
}

/// YAML in blocks; a text is quoted as JSON has it, which YAML reads alike.
fn write(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(keys) if !keys.is_empty() => {
            for (key, value) in keys {
                out.push_str(&format!("{indent}{key}:"));
                below(value, depth, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for element in list {
                let mut inside = String::new();
                write(element, depth + 1, &mut inside);
                // The dash stands in the place of the first line's indent.
                out.push_str(&format!("{indent}- {}", inside.trim_start()));
            }
        }
        plain => out.push_str(&format!("{indent}{plain}\n")),
    }
}

fn below(value: &Value, depth: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(keys) => !keys.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        write(value, depth + 1, out);
    } else {
        out.push_str(&format!(" {value}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_yaml() {
        let value =
            json!({ "a": [{ "b": "x: \"y\"", "c": [1, 2] }, {}], "d": [], "e": { "f": true } });
        let mut out = String::new();
        write(&value, 0, &mut out);
        let back: Value = serde_saphyr::from_str(&out).unwrap();
        assert_eq!(back, value, "{out}");
    }
}
