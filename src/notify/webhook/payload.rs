//! What a webhook is told.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    model::{Notice, SendReason},
    notify::{
        json,
        message::Message,
        setback::Setback,
        spec::{Template, TemplateUse},
        template::Data,
    },
};

/// Version 4 of Alertmanager's message: its template data, and four keys more.
struct Version4<'a> {
    data: &'a Data,
    notice: &'a Notice,
    truncated: u64,
}

impl Serialize for Version4<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.data.serialize_into(&mut map)?;
        map.serialize_entry("version", "4")?;
        map.serialize_entry("groupKey", &*self.notice.lane.group)?;
        map.serialize_entry("truncatedAlerts", &self.truncated)?;
        map.end()
    }
}

/// The body: version 4, or the payload that was configured, rendered for the same alerts.
pub(super) fn body(
    payload: Option<&Value>,
    message: &Message<'_>,
    truncated: u64,
) -> Result<Vec<u8>, Setback> {
    let written = match payload {
        Some(payload) => json::lines(&rendered(payload, message, 0)?),
        None => json::lines(&Version4 { data: message.data, notice: message.notice, truncated }),
    };
    written.map_err(|error| Setback::refused(SendReason::Other, error.to_string()))
}

/// How deep a text may bring in values of its own.
const DEPTH: u8 = 16;

/// Every text and every key is a template. As in Alertmanager, a text that then reads as a number, a list or a table in YAML
/// becomes that, and the texts in it are templates again.
fn rendered(value: &Value, message: &Message<'_>, depth: u8) -> Result<Value, Setback> {
    match value {
        Value::String(text) => {
            let text = message.text(&Template::from(text.as_str()))?;
            match serde_saphyr::from_str::<Value>(&text) {
                Ok(Value::String(_)) | Err(_) => Ok(text.into()),
                Ok(inner) if depth < DEPTH => rendered(&inner, message, depth + 1),
                Ok(inner) => Ok(inner),
            }
        }
        Value::Array(values) => {
            let each = values.iter().map(|value| rendered(value, message, depth));
            each.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(table) => {
            let mut pairs = Vec::with_capacity(table.len());
            for (key, value) in table {
                let key = message.text(&Template::from(key.as_str()))?;
                pairs.push((key, rendered(value, message, depth)?));
            }
            // Go writes maps by their keys.
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(Value::Object(Map::from_iter(pairs)))
        }
        other => Ok(other.clone()),
    }
}

/// Every template in a payload.
pub(super) fn templates(value: &Value, path: &str, found: &mut Vec<TemplateUse<'static>>) {
    match value {
        Value::String(text) => found.push(TemplateUse::owned(path, text)),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                templates(value, &format!("{path}.{at}"), found);
            }
        }
        Value::Object(table) => {
            for (key, value) in table {
                let path = format!("{path}.{key}");
                found.push(TemplateUse::owned(&path, key));
                templates(value, &path, found);
            }
        }
        _ => {}
    }
}
