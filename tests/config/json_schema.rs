//! The part of JSON Schema that `noroshi schema` uses, as far as a test needs it.

use serde_json::Value;

/// What is wrong with a value; empty if nothing is.
pub(crate) fn violations(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = root.pointer(reference.trim_start_matches('#')).expect("a known definition");
        return violations(root, schema, value, at);
    }
    let mut found = Vec::new();
    if !has_type(&schema["type"], value) {
        found.push(format!("{at}: not of type {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{at}: not {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{at}: none of {}", schema["enum"]));
    }
    for (combiner, at_most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
        let Some(choices) = schema[combiner].as_array() else { continue };
        let each: Vec<_> = choices.iter().map(|one| violations(root, one, value, at)).collect();
        let fitting = each.iter().filter(|found| found.is_empty()).count();
        if fitting == 0 || fitting > at_most {
            found.push(format!("{at}: {fitting} of {combiner} fit: {each:?}"));
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(violations(root, part, value, at));
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        let items = &schema["items"];
        if items.is_object() {
            found.extend(violations(root, items, element, &format!("{at}[{index}]")));
        }
    }
    if value.is_object() {
        found.extend(object(root, schema, value, at));
    }
    found
}

fn object(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(known), _) => found.extend(violations(root, known, inner, &at)),
            (None, Value::Bool(false)) => found.push(format!("{at}: unknown")),
            (None, any @ Value::Object(_)) => found.extend(violations(root, any, inner, &at)),
            (None, _) => {}
        }
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    found.extend(
        required.filter(|key| value.get(key).is_none()).map(|key| format!("{at}.{key}: missing")),
    );
    found
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |word: &str| match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other}"),
    };
    match wanted {
        Value::String(word) => is(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}
