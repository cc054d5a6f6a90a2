//! The JSON Schema of the sections, from the types of their keys and of the providers.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    AlertingOptions, InhibitKeys, MaintenanceKeys, ReceiverKeys, RouteKeys, push::PushKeys,
};
use crate::{
    alert::spec::TimeInterval,
    config::schema::{in_place, object},
    notify::spec::{Alertmanager, Deadman, PROVIDERS, UNBUILT},
    store::spec::Options as StoreOptions,
};

/// The properties of a file that are about alerting.
pub(in crate::config) fn properties(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let sections = [
        ("alerting", Value::Object(object::<AlertingOptions>(generator))),
        ("route", Value::Object(object::<RouteKeys>(generator))),
        ("receivers", by_name("Who is told, by name.", receiver(generator))),
        ("inhibit_rules", list::<InhibitKeys>(generator)),
        ("time_intervals", by_name("Times by name.", one_or_many::<TimeInterval>(generator))),
        ("maintenance", named::<MaintenanceKeys>("Planned work by name.", generator)),
        ("alertmanagers", by_name("Real Alertmanagers by name.", alertmanager(generator))),
        ("deadman", named::<Deadman>("Heartbeats by name.", generator)),
        ("store", Value::Object(object::<StoreOptions>(generator))),
    ];
    sections.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn by_name(description: &str, schema: impl Into<Value>) -> Value {
    let schema = schema.into();
    json!({ "description": description, "type": "object", "additionalProperties": schema })
}

fn named<T: JsonSchema>(description: &str, generator: &mut SchemaGenerator) -> Value {
    let schema = Value::Object(object::<T>(generator));
    by_name(description, schema)
}

fn list<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json!({ "type": "array", "items": object::<T>(generator) })
}

fn one_or_many<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let one = generator.subschema_for::<T>();
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

/// A receiver: the common keys, and one table or several for each provider.
fn receiver(generator: &mut SchemaGenerator) -> Value {
    let mut common = object::<ReceiverKeys>(generator);
    if let Some(Value::Object(properties)) = common.get_mut("properties") {
        for kind in PROVIDERS {
            let one = (kind.schema)(generator).to_value();
            let one = in_place(one, generator);
            let both = json!({ "anyOf": [one, { "type": "array", "items": one }] });
            properties.insert(kind.word.to_owned(), both);
        }
        for (word, _) in UNBUILT {
            properties.insert(word.to_owned(), unbuilt());
        }
    }
    Value::Object(common)
}

/// What a later version knows: any table will do.
fn unbuilt() -> Value {
    let any = json!({ "type": "object" });
    json!({
        "description": "A provider that is not built yet: its table is taken, whatever is in it.",
        "anyOf": [any, { "type": "array", "items": any }],
    })
}

/// The keys of pushing and those of the sender are one table.
fn alertmanager(generator: &mut SchemaGenerator) -> Value {
    let mut push = object::<PushKeys>(generator);
    let mut sender = object::<Alertmanager>(generator);
    let own = push.remove("properties");
    if let (Some(Value::Object(all)), Some(Value::Object(own))) =
        (sender.get_mut("properties"), own)
    {
        all.extend(own);
    }
    Value::Object(sender)
}
