//! Files of a folder as one: maps are merged however deep, lists go on, and what is neither may be said once.

use serde_json::{Map, Value, map::Entry};

/// Adds a file to those before it.
///
/// # Errors
/// A key that is said already, and not in a way that could be merged.
pub(super) fn into(whole: &mut Map<String, Value>, own: Map<String, Value>) -> Result<(), String> {
    merged(whole, own, "")
}

fn merged(whole: &mut Map<String, Value>, own: Map<String, Value>, at: &str) -> Result<(), String> {
    for (key, value) in own {
        let path = format!("{at}{key}");
        match whole.entry(key) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => match (place.get_mut(), value) {
                (Value::Object(map), Value::Object(more)) => {
                    merged(map, more, &format!("{path}."))?;
                }
                (Value::Array(list), Value::Array(more)) => list.extend(more),
                _ => {
                    return Err(format!(
                        "`{path}` is said by another file already; only lists and keys are merged"
                    ));
                }
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_merged_as_gatus_merges_them() {
        let mut whole = Map::new();
        let mut add = |value: Value| {
            let Value::Object(own) = value else { unreachable!() };
            into(&mut whole, own)
        };
        add(json!({"endpoints": [1], "alerting": {"slack": {"a": 1}}, "debug": true})).unwrap();
        add(json!({"endpoints": [2], "alerting": {"slack": {"b": 2}, "email": {}}})).unwrap();
        let twice = add(json!({"alerting": {"slack": {"b": 3}}})).unwrap_err();
        assert!(twice.starts_with("`alerting.slack.b` is said by another file already"), "{twice}");
        assert!(add(json!({"endpoints": {}})).is_err());
        let wanted = json!({"endpoints": [1, 2], "alerting": {"slack": {"a": 1, "b": 2}, "email": {}}, "debug": true});
        assert_eq!(Value::from(whole), wanted);
    }
}
