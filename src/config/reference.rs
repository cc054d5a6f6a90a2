//! The reference part of docs/configuration.md, from the schema: a key cannot exist without standing there.

use std::{cell::RefCell, fmt::Write as _};

use serde_json::Value;

use super::{CommonKeys, alerting, examples::example, schema};
use crate::{
    notify::spec::{PROVIDERS, UNBUILT},
    probe::spec::KINDS,
};

/// How deep tables inside tables are listed.
const MAX_DEPTH: usize = 5;

/// Every key with its type, default, an example and meaning, in Markdown.
pub fn reference() -> String {
    let schema = schema();
    whole(&schema, &Types::new(&schema["$defs"]))
}

/// Every key of the reference: its path, its schema and its example, in TOML.
pub fn examples() -> Vec<(String, Value, String)> {
    let schema = schema();
    let types = Types::new(&schema["$defs"]);
    whole(&schema, &types);
    types.examples.into_inner()
}

/// A key's path, its schema, and its example.
pub(super) type Example = (String, Value, String);

fn whole(schema: &Value, types: &Types<'_>) -> String {
    let properties = &schema["properties"];
    let check = &properties["checks"]["additionalProperties"];
    let mut out = String::from("### Keys of every check\n\n");
    out.push_str("All of them but `depends_on` can stand in `[defaults]` too.\n\n");
    let mut common = check.clone();
    if let Some(keys) = common["properties"].as_object_mut() {
        keys.retain(|key, _| KINDS.iter().all(|kind| kind.word != key));
    }
    let defaults = serde_json::to_value(CommonKeys::built_in()).unwrap_or_default();
    out.push_str(&types.table(&common, "", &defaults));
    for kind in KINDS {
        let _ = write!(
            out,
            "\n### Kind `{}`\n\n{}.\n\n",
            kind.word,
            kind.summary.trim_end_matches('.')
        );
        if !kind.example.trim().is_empty() {
            let _ = write!(out, "```toml\n[checks.example]\n{}\n```\n\n", kind.example.trim());
        }
        let table = &check["properties"][kind.word];
        out.push_str(&types.table(table, &format!("{}.", kind.word), &Value::Null));
    }
    for section in ["metrics", "schedule", "web", "blackbox", "log", "demo", "store"] {
        let _ = write!(out, "\n### `[{section}]`\n\n");
        out.push_str(&types.section(section, &properties[section]));
    }
    let _ = write!(out, "\n### `[clusters.NAME]`\n\n");
    let clusters = &properties["clusters"]["additionalProperties"];
    out.push_str(&types.section("clusters.NAME", clusters));
    alerting(&mut out, types, properties);
    out
}

/// The sections about alerting; each provider of a receiver has a table of its own, as a kind of check has.
fn alerting(out: &mut String, types: &Types<'_>, properties: &Value) {
    let entries = |section: &str| properties[section]["additionalProperties"].clone();
    for section in ["alerting", "route"] {
        let _ = write!(out, "\n### `[{section}]`\n\n");
        out.push_str(&types.section(section, &properties[section]));
    }
    let _ = write!(out, "\n### `[receivers.NAME]`\n\n");
    let mut receiver = entries("receivers");
    let all = receiver["properties"].clone();
    if let Some(keys) = receiver["properties"].as_object_mut() {
        keys.retain(|key, _| alerting::kinds().all(|kind| kind != key));
    }
    out.push_str(&types.section("receivers.NAME", &receiver));
    for kind in PROVIDERS {
        let summary = kind.summary.trim_end_matches('.');
        let _ = write!(out, "\n### Provider `{}`\n\n{summary}.\n\n", kind.word);
        if !kind.example.trim().is_empty() {
            let example = kind.example.trim();
            let _ = write!(out, "```toml\n[receivers.example]\n{example}\n```\n\n");
        }
        let table = &all[kind.word]["anyOf"][0];
        out.push_str(&types.table(table, &format!("{}.", kind.word), &Value::Null));
    }
    let unbuilt: Vec<String> = UNBUILT.iter().map(|(word, _)| format!("`{word}`")).collect();
    let _ = write!(
        out,
        "\nThe tables {} are taken, whatever is in them, and cannot be told by yet: a route must not lead to a receiver \
         that has one, unless `--allow-missing-providers` is given.\n",
        unbuilt.join(", ")
    );
    let _ = write!(out, "\n### `[[inhibit_rules]]`\n\n");
    out.push_str(&types.section("inhibit_rules[]", &properties["inhibit_rules"]["items"]));
    let _ = write!(out, "\n### `[time_intervals.NAME]`\n\n");
    let intervals = entries("time_intervals");
    let interval = types.resolved(&intervals["anyOf"][0]);
    out.push_str(&types.section("time_intervals.NAME", interval));
    for section in ["maintenance", "alertmanagers", "deadman"] {
        let _ = write!(out, "\n### `[{section}.NAME]`\n\n");
        out.push_str(&types.section(&format!("{section}.NAME"), &entries(section)));
    }
}

/// What the schema's definitions say of types.
pub(super) struct Types<'a> {
    definitions: &'a Value,
    /// The section whose keys are listed, where their names do not say it.
    section: RefCell<String>,
    examples: RefCell<Vec<Example>>,
}

/// One of the things a value may be, and the name of its definition.
pub(super) type Alternative<'s> = (Option<&'s str>, &'s Value);

impl<'a> Types<'a> {
    fn new(definitions: &'a Value) -> Self {
        Self { definitions, section: RefCell::default(), examples: RefCell::default() }
    }

    /// The keys of a section.
    fn section(&self, path: &str, schema: &Value) -> String {
        path.clone_into(&mut self.section.borrow_mut());
        self.table(schema, "", &Value::Null)
    }

    /// What a reference leads to.
    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        match schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            Some(name) => &self.definitions[name],
            None => schema,
        }
    }

    fn table(&self, schema: &Value, prefix: &str, defaults: &Value) -> String {
        let mut table =
            String::from("| Key | Type | Default | Example | Meaning |\n|---|---|---|---|---|\n");
        self.rows(&mut table, schema, prefix, defaults, 0);
        table
    }

    fn rows(
        &self,
        table: &mut String,
        schema: &Value,
        prefix: &str,
        defaults: &Value,
        depth: usize,
    ) {
        let required =
            |key: &str| schema["required"].as_array().is_some_and(|all| all.contains(&key.into()));
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let preset = property.get("default").or_else(|| defaults.get(key));
            let default = match preset {
                _ if required(key) => "required".to_owned(),
                Some(value) if !value.is_null() => format!("`{}`", as_toml(value)),
                _ => String::new(),
            };
            let name = format!("{prefix}{key}");
            let path = format!("{}.{name}", self.section.borrow());
            let path = path.trim_start_matches('.').to_owned();
            let example = example(self, &path, property, preset);
            let shown = if example.contains('`') || example.is_empty() {
                example.clone()
            } else {
                format!("`{example}`")
            };
            self.examples.borrow_mut().push((path, property.clone(), example));
            let cells =
                [format!("`{name}`"), self.words(property), default, shown, self.meaning(property)];
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            let _ = writeln!(table, "| {} |", cells.join(" | "));
            if depth < MAX_DEPTH {
                self.inner(table, (schema, property), &name, depth + 1);
            }
        }
    }

    /// The keys of tables inside: of the value itself, of elements of a list, of entries by name.
    ///
    /// Not those of a table like the one around it: routes lie inside of routes.
    fn inner(
        &self,
        table: &mut String,
        (around, property): (&Value, &Value),
        name: &str,
        depth: usize,
    ) {
        for (_, schema) in self.alternatives(property) {
            let below = [
                (".", schema),
                ("[].", &schema["items"]),
                (".NAME.", &schema["additionalProperties"]),
            ];
            for (joint, below) in below {
                let alternatives =
                    if joint == "." { vec![(None, below)] } else { self.alternatives(below) };
                let others = alternatives
                    .into_iter()
                    .filter(|(_, below)| below["properties"] != around["properties"]);
                for (_, below) in others {
                    self.rows(table, below, &format!("{name}{joint}"), &Value::Null, depth);
                }
            }
        }
    }

    /// Follows references and splits choices; `null` only means that a key may be left out.
    pub(super) fn alternatives<'s>(&self, schema: &'s Value) -> Vec<Alternative<'s>>
    where
        'a: 's,
    {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            let all = self.alternatives(&self.definitions[name]);
            return all.into_iter().map(|(inner, schema)| (inner.or(Some(name)), schema)).collect();
        }
        let choices = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        match choices {
            Some(choices) => choices.iter().flat_map(|choice| self.alternatives(choice)).collect(),
            None if schema["type"] == "null" || !schema.is_object() => Vec::new(),
            None => vec![(None, schema)],
        }
    }

    fn words(&self, schema: &Value) -> String {
        let mut words: Vec<String> = Vec::new();
        for alternative in self.alternatives(schema) {
            let word = self.word(alternative);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" or ")
    }

    fn word(&self, (name, schema): Alternative<'_>) -> String {
        if let Some(word) = schema.get("const") {
            return format!("`{}`", as_toml(word));
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<_> = words.iter().filter(|word| !word.is_null()).collect();
            return words
                .iter()
                .map(|word| format!("`{}`", as_toml(word)))
                .collect::<Vec<_>>()
                .join(" or ");
        }
        match (name, kind(schema), schema["format"].as_str()) {
            (Some("Duration"), ..) => "duration".to_owned(),
            (Some("Secret"), ..) => "secret".to_owned(),
            (_, "string", Some("regex")) => "regular expression".to_owned(),
            (_, "string", Some("uri")) => "URL".to_owned(),
            (_, "string", Some("ip" | "address")) => "address".to_owned(),
            (_, "integer", _) => "whole number".to_owned(),
            (_, "boolean", _) => "`true` or `false`".to_owned(),
            (_, "array", _) => format!("list of {}", plural(self.words(&schema["items"]))),
            (_, "object", _) if schema["additionalProperties"].is_object() => {
                format!("{} by name", plural(self.words(&schema["additionalProperties"])))
            }
            (_, "object", _) => "table".to_owned(),
            (_, "", _) => "any value".to_owned(),
            (_, word, _) => word.to_owned(),
        }
    }

    /// The key's own description, else that of its type.
    fn meaning(&self, property: &Value) -> String {
        let reference = property["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let definition = reference.map(|name| &self.definitions[name]["description"]);
        let own = property["description"].as_str();
        own.or_else(|| definition.and_then(Value::as_str)).unwrap_or_default().to_owned()
    }
}

/// The first type that is not null; empty for any value.
pub(super) fn kind(schema: &Value) -> &str {
    let first = match &schema["type"] {
        Value::Array(types) => {
            types.iter().find_map(|one| one.as_str().filter(|one| *one != "null"))
        }
        one => one.as_str(),
    };
    first.unwrap_or_default()
}

fn plural(word: String) -> String {
    match word.as_str() {
        "address" => "addresses".to_owned(),
        word if word.starts_with("list of ") => word.replacen("list", "lists", 1),
        word if word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ') => {
            let (first, rest) = word.split_once(" or ").unwrap_or((word, ""));
            let rest = if rest.is_empty() { String::new() } else { format!(" or {rest}s") };
            format!("{first}s{rest}")
        }
        _ => word,
    }
}

/// A default as one would write it.
pub(super) fn as_toml(value: &Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}
