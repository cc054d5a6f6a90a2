//! How an object is written in an answer: whole or its metadata, alone or among others.

use serde_json::{Value, json};

use super::{blank, request::Form, resource::Resource, store::with_type};

/// As it stands alone, and in an event.
pub fn single(resource: &Resource, form: Form, text: &[u8]) -> Vec<u8> {
    match form {
        Form::Whole => with_type(&resource.kind, &resource.api_version(), text),
        Form::Metadata => partial(text),
    }
}

/// As an item of a list: only custom resources repeat what they are.
pub fn item(resource: &Resource, form: Form, text: &[u8], into: &mut Vec<u8>) {
    match form {
        Form::Whole if !resource.custom => into.extend_from_slice(text),
        _ => into.extend(single(resource, form, text)),
    }
}

/// An event of a watch, with its newline.
pub fn event(resource: &Resource, form: Form, word: &str, text: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(format!(r#"{{"type":"{word}","object":"#).as_bytes());
    into.extend(single(resource, form, text));
    into.extend_from_slice(b"}\n");
}

/// A bookmark; the one at the end of the initial events says so.
pub fn bookmark(resource: &Resource, form: Form, version: u64, ends_initial: bool) -> Vec<u8> {
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if ends_initial {
        metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    let blank = if resource.custom { "" } else { blank::fields(&resource.kind) };
    let comma = if blank.is_empty() { "" } else { "," };
    let text = format!(r#"{{"metadata":{metadata}{comma}{blank}}}"#);
    let mut line = Vec::new();
    event(resource, form, "BOOKMARK", text.as_bytes(), &mut line);
    line
}

fn partial(text: &[u8]) -> Vec<u8> {
    let object: Value = serde_json::from_slice(text).unwrap_or_default();
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    format!(
        r#"{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{metadata}}}"#
    )
    .into_bytes()
}
