//! Values to types, with every mistake instead of the first one.
//!
//! serde stops at the first error. So the entry it names is noted, taken out, and the rest is read again, until it passes
//! or nothing is left to take out. The happy path reads once and copies nothing.

use figment::{
    Error,
    error::{Actual, Kind},
    value::Value,
};
use serde::de::DeserializeOwned;

use super::{
    codes::Code,
    finding::{Finding, Path, Step},
    layers::Values,
    sensitive, suggest,
};

/// The most mistakes noted in one section or check.
const MAX_FINDINGS: usize = 100;

/// What was read, if enough of it was right, and what was wrong.
pub(super) struct Read<T> {
    pub(super) value: Option<T>,
    pub(super) findings: Vec<Finding>,
}

/// Reads a section.
pub(super) fn section<T: DeserializeOwned>(values: &Values, at: &Path, value: &Value) -> Read<T> {
    match value.deserialize() {
        Ok(value) => Read { value: Some(value), findings: Vec::new() },
        Err(error) => again(values, at, value.clone(), error, Value::deserialize),
    }
}

/// Reads a value whose first attempt failed, by taking out what is wrong.
pub(super) fn again<T>(
    values: &Values,
    at: &Path,
    value: Value,
    error: Error,
    parse: impl Fn(&Value) -> Result<T, Error>,
) -> Read<T> {
    let mut pruned = Pruned { values, at, value, removed: Vec::new(), converted: Vec::new() };
    let (mut findings, mut failed, mut read) = (Vec::new(), error, None);
    while findings.len() < MAX_FINDINGS && pruned.mend(&failed, &mut findings) {
        match parse(&pruned.value) {
            Ok(value) => {
                read = Some(value);
                break;
            }
            Err(error) => failed = error,
        }
    }
    Read { value: read, findings: without_echoes(findings) }
}

/// A misspelt key is missing under its right name too: that is one mistake, not two.
pub(super) fn without_echoes(mut findings: Vec<Finding>) -> Vec<Finding> {
    let misspelt: Vec<(Path, String)> = findings
        .iter()
        .filter(|finding| finding.code == Code::UnknownKey)
        .filter_map(|finding| {
            let known = finding.known.iter().map(String::as_str);
            let meant = suggest::nearest(finding.path.last_key(), known)?;
            Some((finding.path.parent()?, meant.to_owned()))
        })
        .collect();
    findings.retain(|finding| {
        let echo = |(table, key): &(Path, String)| *finding == missing_key(table, key);
        !misspelt.iter().any(echo)
    });
    findings
}

/// A value from which entries have been taken out.
struct Pruned<'a> {
    values: &'a Values,
    at: &'a Path,
    value: Value,
    /// In the numbering of the original lists.
    removed: Vec<Path>,
    /// Words that were read as something else than text, and became text again.
    converted: Vec<Path>,
}

impl Pruned<'_> {
    /// Notes the error and takes its cause out. False if there is nothing (more) to take out.
    fn mend(&mut self, error: &Error, findings: &mut Vec<Finding>) -> bool {
        let current = self.current(&error.path);
        let original = self.original(&current);
        if self.take_text(error, &current, &original) {
            return true;
        }
        let follow_up = match &error.kind {
            Kind::MissingField(key) => self.removed.contains(&original.key(key.as_ref())),
            // What a table says of itself as a whole may come from what was taken out of it.
            Kind::Message(_) => self.removed.iter().any(|gone| gone.0.starts_with(&original.0)),
            _ => false,
        };
        if !follow_up {
            let path = self.at.then(original.0.iter().cloned());
            findings.push(describe(&error.kind, path));
        }
        let gone = remove(&mut self.value, &current.0);
        if gone {
            self.removed.push(original);
        }
        gone
    }

    /// The path serde went, in the pruned value. A last key that is not there belongs to a missing field.
    fn current(&self, keys: &[String]) -> Path {
        let mut here = Some(&self.value);
        let steps = keys.iter().map(|key| {
            if let (Some(Value::Array(_, list)), Ok(index)) = (here, key.parse::<usize>()) {
                here = list.get(index);
                return Step::Index(index);
            }
            here = here.and_then(Value::as_dict).and_then(|dict| dict.get(key));
            Step::Key(key.clone())
        });
        Path(steps.collect())
    }

    /// The same path before elements of lists were taken out.
    fn original(&self, current: &Path) -> Path {
        let mut path = Path::default();
        for step in &current.0 {
            path = match step {
                Step::Key(key) => path.key(key.clone()),
                Step::Index(index) => {
                    let mut gone: Vec<usize> =
                        self.removed.iter().filter_map(|removed| element(removed, &path)).collect();
                    gone.sort_unstable();
                    let index = gone.iter().fold(*index, |at, gone| at + usize::from(*gone <= at));
                    path.index(index)
                }
            };
        }
        path
    }

    /// A word such as `12345` in a variable was taken for a number. Where text is wanted, it is text, as it was written.
    fn take_text(&mut self, error: &Error, current: &Path, original: &Path) -> bool {
        let scalar = matches!(
            &error.kind,
            Kind::InvalidType(
                Actual::Bool(_) | Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_),
                _
            )
        );
        if !scalar || self.converted.contains(original) {
            return false;
        }
        let Some(text) = self.values.text(&self.at.then(original.0.iter().cloned())) else {
            return false;
        };
        let Some(value) = find_mut(&mut self.value, &current.0) else {
            return false;
        };
        *value = Value::String(value.tag(), text.to_owned());
        self.converted.push(original.clone());
        true
    }
}

/// The index of `path` if it is an element of the list at `list`.
fn element(path: &Path, list: &Path) -> Option<usize> {
    match path.0.split_last()? {
        (Step::Index(index), before) if before == list.0 => Some(*index),
        _ => None,
    }
}

fn find_mut<'v>(root: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(root, |value, step| match (value, step) {
        (Value::Dict(_, dict), Step::Key(key)) => dict.get_mut(key),
        (Value::Array(_, list), Step::Index(index)) => list.get_mut(*index),
        _ => None,
    })
}

fn remove(root: &mut Value, steps: &[Step]) -> bool {
    let Some((step, before)) = steps.split_last() else {
        return false;
    };
    match (find_mut(root, before), step) {
        (Some(Value::Dict(_, dict)), Step::Key(key)) => dict.remove(key).is_some(),
        (Some(Value::Array(_, list)), Step::Index(index)) if *index < list.len() => {
            list.remove(*index);
            true
        }
        _ => false,
    }
}

/// A serde error in our words.
fn describe(kind: &Kind, path: Path) -> Finding {
    let subject = path.subject();
    let secret = sensitive::is_secret_path(&path);
    match kind {
        Kind::UnknownField(key, known) => unknown_key(&path, key, known.iter().copied()),
        Kind::MissingField(key) => missing_key(&path, key),
        Kind::UnknownVariant(word, known) => {
            let shown = if secret { String::new() } else { format!(", not `{word}`") };
            let message = format!("{subject} must be one of the known words{shown}");
            Finding::new(Code::UnknownWord, path, message)
                .hint(suggest::did_you_mean(word, known.iter().copied()))
                .known(known.iter().copied())
        }
        Kind::InvalidType(found, expected) => {
            let message = format!("{subject} must be {}, not {}", wanted(expected), type_of(found));
            Finding::new(Code::WrongType, path, message)
        }
        Kind::InvalidLength(found, expected) => {
            let message = format!("{subject} has {found} elements, not {}", wanted(expected));
            Finding::new(Code::WrongType, path, message)
        }
        Kind::InvalidValue(_, expected) => {
            let message = format!("{subject} must be {}", wanted(expected));
            Finding::new(Code::BadValue, path, message)
        }
        _ if secret => {
            Finding::new(Code::BadValue, path, format!("{subject} is not a permitted value"))
        }
        other => {
            let message = format!("{subject}: {}", sensitive::mask(&other.to_string()));
            Finding::new(Code::BadValue, path, message)
        }
    }
}

/// There is no such key; `path` leads to it.
pub(super) fn unknown_key<'a>(
    path: &Path,
    key: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Finding {
    let around = path.parent().unwrap_or_default();
    Finding::new(Code::UnknownKey, path.clone(), format!("unknown key `{key}` {}", around.place()))
        .at_key()
        .hint(suggest::did_you_mean(key, known.clone()))
        .known(known)
}

/// The table at `path` lacks a key.
pub(super) fn missing_key(path: &Path, key: &str) -> Finding {
    let message = format!("the key `{key}` is missing {}", path.place());
    Finding::new(Code::MissingKey, path.clone(), message).at_key()
}

/// What serde expected, for people who do not know Rust.
fn wanted(expected: &str) -> String {
    let known = match expected {
        "a sequence" => "a list",
        "a map" | "map" => "a table",
        "a boolean" => "true or false",
        "path string" => "a path",
        "IP address" | "an IP address" => "an IP address",
        "u8" => "a whole number, at most 255",
        "u16" => "a whole number, at most 65535",
        "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        other if other.starts_with("a nonzero ") => "a whole number, at least 1",
        other if other.starts_with("struct ") || other.starts_with("internally tagged") => {
            "a table"
        }
        other if other.starts_with("enum ") => "one of the known words",
        other => return other.to_owned(),
    };
    known.to_owned()
}

/// The type of a value, without the value.
fn type_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number with a fraction",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a string",
        Actual::Unit | Actual::Option => "nothing",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        Actual::Other(what) if what.starts_with("integer") => "a number beyond all bounds",
        _ => "this",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::Layer;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: u32,
        word: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        list: Vec<Inner>,
        one: Option<Inner>,
        name: String,
    }

    fn read(text: &str) -> (Option<Outer>, Vec<(Code, String)>) {
        let values = Values::merge(&[]).unwrap();
        let value = super::super::from_toml::value_or_string(text);
        let read = section::<Outer>(&values, &Path::default(), &value);
        let found = read.findings.iter().map(|finding| (finding.code, finding.path.to_string()));
        (read.value, found.collect())
    }

    #[test]
    fn every_mistake_is_found_in_its_own_place() {
        let (value, found) = read(
            "{ list = [{ number = 1 }, { number = 'x' }, { numbre = 3 }, { number = 4, word = 5 }, {}, 7, { number = -1 }], \
             one = { number = 1, more = 2, word = true }, name = 3, extra = 1 }",
        );
        assert_eq!(value, None, "the name was taken out");
        let expected = [
            (Code::UnknownKey, "extra"),
            (Code::WrongType, "list[1].number"),
            (Code::UnknownKey, "list[2].numbre"),
            (Code::WrongType, "list[3].word"),
            (Code::MissingKey, "list[4]"),
            (Code::WrongType, "list[5]"),
            (Code::BadValue, "list[6].number"),
            (Code::WrongType, "name"),
            (Code::UnknownKey, "one.more"),
            (Code::WrongType, "one.word"),
        ];
        let expected: Vec<_> =
            expected.iter().map(|(code, path)| (*code, (*path).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_may_look_like_a_number() {
        let layer = Layer::word("environment variable X".into(), &["name".into()], "007");
        let values = Values::merge(&[layer]).unwrap();
        let root = Value::from(
            [
                ("name", values.root.find_ref("name").unwrap().clone()),
                ("list", Value::from(Vec::<u8>::new())),
            ]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<figment::value::Dict>(),
        );
        let read = section::<Outer>(&values, &Path::default(), &root);
        assert_eq!(read.value.map(|outer| outer.name).as_deref(), Some("007"));
        assert!(read.findings.is_empty(), "{:?}", read.findings);
    }
}
