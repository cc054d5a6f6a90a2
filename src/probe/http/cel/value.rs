//! JSON as CEL sees it, and CEL's errors as a person may see them.

use std::{
    collections::HashMap,
    fmt::{self, Write},
    sync::Arc,
};

use cel::{ExecutionError, Value};

/// The longest account of an error, in bytes: some of them quote the whole body.
const WORDS_LIMIT: usize = 300;

/// As cel-go is given what `encoding/json` reads: every number is a double.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::String(Arc::new(text.clone())),
        serde_json::Value::Array(list) => {
            Value::List(Arc::new(list.iter().map(from_json).collect()))
        }
        serde_json::Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), from_json(value)));
            members.collect::<HashMap<String, Value>>().into()
        }
    }
}

/// One bounded line.
pub(super) fn words(error: &ExecutionError) -> String {
    let mut bounded = Bounded(String::new());
    if write!(bounded, "{error}").is_err() {
        bounded.0.push('…');
    }
    bounded.0
}

/// Takes as much as fits and then no more, so that a long account is not even written.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = WORDS_LIMIT.saturating_sub(self.0.len());
        let cut = text.floor_char_boundary(left);
        self.0.extend(text[..cut].chars().map(|c| if c.is_control() { ' ' } else { c }));
        if cut < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}
