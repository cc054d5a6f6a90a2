//! The JSON Schema of the file, from the types of the sections and of the kinds.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    BlackboxOptions, ClusterOptions, CommonKeys, DemoOptions, LogOptions, MetricsOptions,
    ScheduleOptions, WebOptions, alerting,
};
use crate::probe::spec::{KINDS, Kind};

/// The JSON Schema (draft 2020-12) of a configuration file.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut common = object::<CommonKeys>(&mut generator);
    common.remove("default");
    let mut defaults = common.clone();
    if let Some(Value::Object(properties)) = defaults.get_mut("properties") {
        properties.shift_remove("depends_on");
    }
    let mut sections = json!({
        "defaults": defaults,
        "checks": {
            "description": "The checks by name.",
            "type": "object",
            "additionalProperties": check(&mut generator, common),
        },
        "clusters": {
            "description": "Kubernetes clusters by name.",
            "type": "object",
            "additionalProperties": object::<ClusterOptions>(&mut generator),
        },
        "metrics": object::<MetricsOptions>(&mut generator),
        "schedule": object::<ScheduleOptions>(&mut generator),
        "web": object::<WebOptions>(&mut generator),
        "blackbox": object::<BlackboxOptions>(&mut generator),
        "log": object::<LogOptions>(&mut generator),
        "demo": object::<DemoOptions>(&mut generator),
    });
    if let Some(sections) = sections.as_object_mut() {
        sections.extend(alerting::schema::properties(&mut generator));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "noroshi configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
        "$defs": generator.take_definitions(true),
    })
}

/// The common keys of checks.
pub(super) fn common_keys() -> Vec<String> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let properties = object::<CommonKeys>(&mut generator).remove("properties");
    let keys = properties.as_ref().and_then(Value::as_object);
    keys.map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
}

/// The keys a kind's table may have.
pub(super) fn keys_of(kind: &Kind) -> Vec<String> {
    let schema = resolved(kind);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// The keys a kind's table must have.
pub(super) fn required_of(kind: &Kind) -> Vec<String> {
    let schema = resolved(kind);
    let required = schema.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A check: the common keys and exactly one kind.
fn check(generator: &mut SchemaGenerator, mut common: Map<String, Value>) -> Value {
    if let Some(Value::Object(properties)) = common.get_mut("properties") {
        for kind in KINDS {
            let schema = (kind.schema)(generator).to_value();
            properties.insert(kind.word.to_owned(), in_place(schema, generator));
        }
    }
    let one_of: Vec<_> = KINDS.iter().map(|kind| json!({ "required": [kind.word] })).collect();
    common.insert("oneOf".to_owned(), one_of.into());
    common
        .insert("description".to_owned(), "Common keys, and one table named after a kind.".into());
    Value::Object(common)
}

/// The schema of a section, in place.
pub(super) fn object<T: schemars::JsonSchema>(
    generator: &mut SchemaGenerator,
) -> Map<String, Value> {
    match T::json_schema(generator).to_value() {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The definition a reference leads to, taken out of the definitions: every kind calls its own `Spec`.
pub(super) fn in_place(schema: Value, generator: &mut SchemaGenerator) -> Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let definition = name.and_then(|name| generator.definitions_mut().shift_remove(name));
    definition.unwrap_or(schema)
}

/// The schema of a kind's table.
fn resolved(kind: &Kind) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let schema = (kind.schema)(&mut generator).to_value();
    in_place(schema, &mut generator)
}
