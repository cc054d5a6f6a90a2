use std::collections::HashMap;

use figment::value::{Dict, Tag, Value};
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue, Error},
};

use super::syntax::{Inside, Mark, SyntaxError};

/// The most syntax errors of one file: what follows the first ones is mostly their echo.
const MAX_ERRORS: usize = 10;

/// The values of a TOML document.
pub(super) fn values(text: &str) -> Result<Dict, Vec<SyntaxError>> {
    match DeTable::parse(text) {
        Ok(table) => Ok(dict(table.into_inner())),
        Err(_) => Err(errors(text)),
    }
}

/// The positions of a TOML document.
pub(super) fn marks(text: &str) -> Mark {
    let (table, _) = DeTable::parse_recoverable(text);
    Mark { key: 0..0, value: 0..0, inside: Inside::Table(table_marks(table.into_inner())) }
}

/// A single value as it may stand behind a key; a text that is no TOML value is a string.
pub(super) fn value_or_string(text: &str) -> Value {
    match DeValue::parse(text.trim()) {
        Ok(parsed) => value(parsed.into_inner()),
        Err(_) => Value::from(text),
    }
}

fn errors(text: &str) -> Vec<SyntaxError> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let mut errors: Vec<_> = errors.iter().map(|error| syntax_error(error, text)).collect();
    errors.sort_by_key(|error| error.range.start);
    errors.dedup_by_key(|error| error.range.start);
    errors.truncate(MAX_ERRORS);
    errors
}

fn syntax_error(error: &Error, text: &str) -> SyntaxError {
    let range = error.span().unwrap_or(text.len()..text.len());
    SyntaxError { message: error.message().to_owned(), range }
}

fn dict(table: DeTable<'_>) -> Dict {
    table
        .into_iter()
        .map(|(key, entry)| (key.into_inner().into_owned(), value(entry.into_inner())))
        .collect()
}

fn value(parsed: DeValue<'_>) -> Value {
    match parsed {
        DeValue::String(text) => Value::String(Tag::Default, text.into_owned()),
        DeValue::Integer(number) => integer(&number),
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number.as_str()),
        },
        DeValue::Boolean(yes) => Value::from(yes),
        // No key is a date; as a string it meets the message of the key's own type.
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(list) => Value::Array(
            Tag::Default,
            list.into_iter().map(|element| value(element.into_inner())).collect(),
        ),
        DeValue::Table(table) => Value::Dict(Tag::Default, dict(table)),
    }
}

fn integer(number: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) => Value::from(number),
        // Larger than any key permits, but a number all the same.
        Err(_) => match u128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number.to_string()),
        },
    }
}

fn table_marks(table: DeTable<'_>) -> HashMap<String, Mark> {
    table
        .into_iter()
        .map(|(key, entry)| {
            let range = key.span();
            (key.into_inner().into_owned(), Mark { key: range, ..mark(entry) })
        })
        .collect()
}

fn mark(entry: Spanned<DeValue<'_>>) -> Mark {
    let value = entry.span();
    let inside = match entry.into_inner() {
        DeValue::Table(table) => Inside::Table(table_marks(table)),
        DeValue::Array(list) => Inside::List(list.into_iter().map(mark).collect()),
        _ => Inside::Nothing,
    };
    Mark { key: 0..0, value, inside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::finding::{Part, Path};

    #[test]
    fn every_entry_has_its_place() {
        let text = "a.b = [1, { c = 'x' }]\n[checks.\"w.x\"]\nhttp.url = 5\n";
        let marks = marks(text);
        let shown = |path: &Path, part| &text[marks.find(path).unwrap().range(part)];
        assert_eq!(shown(&Path::of(["a", "b"]).index(1).key("c"), Part::Value), "'x'");
        assert_eq!(shown(&Path::of(["checks", "w.x"]), Part::Key), "\"w.x\"");
        assert_eq!(shown(&Path::of(["checks", "w.x", "http", "url"]), Part::Key), "url");
        assert_eq!(shown(&Path::of(["checks", "w.x", "http", "url"]), Part::Value), "5");
        assert_eq!(marks.leaves().len(), 3);
    }

    #[test]
    fn several_syntax_errors_at_once() {
        let errors = values("a = \nb = 1\nc = [1,\n[d]\n").unwrap_err();
        assert!(errors.len() >= 2, "{errors:?}");
        assert!(values("a = 1\na = 2\n").unwrap_err()[0].message.contains("duplicate"));
    }

    #[test]
    fn a_word_on_the_command_line_is_a_string() {
        assert_eq!(value_or_string("5s"), Value::from("5s"));
        assert_eq!(value_or_string("[1, 2]"), Value::from(vec![1_i64, 2]));
        assert_eq!(value_or_string("[::1]:80"), Value::from("[::1]:80"));
        assert_eq!(value_or_string(" true"), Value::from(true));
        assert_eq!(value_or_string(""), Value::from(""));
    }
}
