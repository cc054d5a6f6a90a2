//! Field and label selectors, evaluated on an object's text.

use bytes::Bytes;
use serde_json::Value;

use super::{resource::Resource, store::Key};

/// What a request wants of the objects at its path.
#[derive(Debug, Default, Clone)]
pub struct Selector {
    /// Field, whether it must be equal, value.
    fields: Vec<(String, bool, String)>,
    labels: Vec<Requirement>,
}

#[derive(Debug, Clone)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// From `fieldSelector` and `labelSelector`; what is wrong with them in the words of a server.
    pub fn parse(resource: &Resource, fields: &str, labels: &str) -> Result<Self, String> {
        let fields = fields.split(',').filter(|term| !term.is_empty());
        let fields = fields.map(|term| field(resource, term)).collect::<Result<_, _>>()?;
        let labels = terms(labels).into_iter().map(|term| requirement(&term));
        Ok(Self { fields, labels: labels.collect::<Result<_, _>>()? })
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    /// The one name it is about.
    pub fn name(&self) -> Option<&str> {
        let mut equal =
            self.fields.iter().filter(|(field, equal, _)| *equal && field == "metadata.name");
        equal.next().map(|(_, _, name)| name.as_str())
    }

    /// Whether an object is selected; it is read only if its key does not say so.
    pub fn matches(&self, key: &Key, text: impl FnOnce() -> Bytes) -> bool {
        let mut deeper = Vec::new();
        for (field, equal, value) in &self.fields {
            let own = match field.as_str() {
                "metadata.namespace" => &key.0,
                "metadata.name" => &key.1,
                _ => {
                    deeper.push((field, equal, value));
                    continue;
                }
            };
            if (own == value) != *equal {
                return false;
            }
        }
        if deeper.is_empty() && self.labels.is_empty() {
            return true;
        }
        let object: Value = serde_json::from_slice(&text()).unwrap_or_default();
        deeper.iter().all(|(field, equal, value)| (at(&object, field) == **value) == **equal)
            && self
                .labels
                .iter()
                .all(|requirement| requirement.holds(&object["metadata"]["labels"]))
    }
}

impl Requirement {
    fn holds(&self, labels: &Value) -> bool {
        let label = |key: &String| labels.get(key).and_then(Value::as_str);
        match self {
            Self::In(key, values) => label(key).is_some_and(|own| values.iter().any(|v| v == own)),
            Self::NotIn(key, values) => {
                label(key).is_none_or(|own| values.iter().all(|v| v != own))
            }
            Self::Exists(key) => label(key).is_some(),
            Self::Absent(key) => label(key).is_none(),
        }
    }
}

/// A field's value as a selector compares it; empty if it is not there.
fn at(object: &Value, field: &str) -> String {
    match field.split('.').fold(object, |value, name| &value[name]) {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn field(resource: &Resource, term: &str) -> Result<(String, bool, String), String> {
    let halves = term.split_once("!=").map(|halves| (halves, false));
    let halves = halves.or_else(|| term.split_once("==").map(|halves| (halves, true)));
    let halves = halves.or_else(|| term.split_once('=').map(|halves| (halves, true)));
    let ((field, value), equal) =
        halves.ok_or_else(|| format!("invalid selector: '{term}'; can't understand '{term}'"))?;
    let known = ["metadata.name", "metadata.namespace"].contains(&field)
        || resource.fields().contains(&field);
    if !known {
        return Err(format!("field label not supported: {field}"));
    }
    Ok((field.to_owned(), equal, value.to_owned()))
}

/// The terms between commas; those within parentheses part values.
fn terms(text: &str) -> Vec<String> {
    let (mut terms, mut depth) = (vec![String::new()], 0);
    for character in text.chars() {
        match character {
            ',' if depth == 0 => terms.push(String::new()),
            other => {
                depth += i32::from(other == '(') - i32::from(other == ')');
                terms.last_mut().unwrap().push(other);
            }
        }
    }
    terms.retain(|term| !term.trim().is_empty());
    terms
}

fn requirement(term: &str) -> Result<Requirement, String> {
    let term = term.trim();
    let one = |value: &str| vec![value.trim().to_owned()];
    let set = |values: &str| {
        let inner = values.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')'));
        let inner = inner.ok_or_else(|| format!("found '{values}', expected: '('"))?;
        Ok::<_, String>(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    let key = |key: &str| {
        let key = key.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if key.is_empty() || !key.chars().all(sound) {
            return Err(format!("found '{term}', expected: !, identifier, or 'end of string'"));
        }
        Ok(key.to_owned())
    };
    if let Some((name, values)) = term.split_once(" notin ") {
        return Ok(Requirement::NotIn(key(name)?, set(values)?));
    }
    if let Some((name, values)) = term.split_once(" in ") {
        return Ok(Requirement::In(key(name)?, set(values)?));
    }
    if let Some((name, value)) = term.split_once("!=") {
        return Ok(Requirement::NotIn(key(name)?, one(value)));
    }
    if let Some((name, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Requirement::In(key(name)?, one(value)));
    }
    match term.strip_prefix('!') {
        Some(name) => Ok(Requirement::Absent(key(name)?)),
        None => Ok(Requirement::Exists(key(term)?)),
    }
}
