//! What stands behind a key, of the type the key wants. What does not fit is a mistake in its place.

use super::{
    Found, go,
    yaml::{Key, Kind, Node},
};
use crate::model::go_duration;

/// The known keys of a table; others are mistakes.
pub(super) fn section<'n, const N: usize>(
    node: Option<&'n Node>,
    name: &str,
    known: [&str; N],
    found: &mut Found,
) -> [Option<&'n Node>; N] {
    let mut values = [None; N];
    for (key, value) in node.map(|node| map(node, found)).unwrap_or_default() {
        if let Some(at) = known.iter().position(|own| *own == key.text) {
            values[at] = Some(value);
        } else {
            let message =
                format!("unknown key `{}` in {name}; known: {}", key.text, known.join(", "));
            found.mistakes.push(key.place.mistake(message));
        }
    }
    values
}

pub(super) fn map<'n>(node: &'n Node, found: &mut Found) -> Vec<(&'n Key, &'n Node)> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
        Kind::Scalar { text, plain: true } if go::is_null(text) => Vec::new(),
        _ => {
            found.mistakes.push(node.place.mistake("a table of keys and values belongs here"));
            Vec::new()
        }
    }
}

pub(super) fn list<'n, T>(
    node: &'n Node,
    found: &mut Found,
    mut element: impl FnMut(&'n Node, &mut Found) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.kind {
        Kind::List(nodes) => Some(nodes.iter().filter_map(|node| element(node, found)).collect()),
        Kind::Scalar { text, plain: true } if go::is_null(text) => None,
        _ => {
            found.mistakes.push(node.place.mistake("a list belongs here"));
            None
        }
    }
}

/// As [`string`], and nothing at all is the empty one.
pub(super) fn words(node: &Node, found: &mut Found) -> Option<String> {
    match &node.kind {
        Kind::Scalar { .. } => Some(string(node, found).unwrap_or_default()),
        _ => string(node, found),
    }
}

/// Any scalar is a string; none at all leaves the default.
pub(super) fn string(node: &Node, found: &mut Found) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, plain } if !(*plain && go::is_null(text)) => Some(text.clone()),
        Kind::Scalar { .. } => None,
        _ => {
            found.mistakes.push(node.place.mistake("a string belongs here"));
            None
        }
    }
}

pub(super) fn boolean(node: &Node, found: &mut Found) -> Option<bool> {
    plain(node, "true or false belongs here", go::boolean, found)
}

pub(super) fn integer(node: &Node, found: &mut Found) -> Option<i64> {
    plain(node, "a whole number belongs here", go::integer, found)
}

/// In nanoseconds. A bare number is one of nanoseconds, which nobody means.
pub(super) fn duration(node: &Node, found: &mut Found) -> Option<i64> {
    if let Kind::Scalar { text, plain: false } = &node.kind
        && let Some(duration) = go_duration::parse(text)
    {
        return Some(duration);
    }
    if let Kind::Scalar { text, plain: true } = &node.kind
        && let Some(number) = go::integer(text)
        && number > 0
    {
        let words = format!("{number} without a unit are nanoseconds: write {number}s for seconds");
        found.warnings.push(node.place.mistake(words));
    }
    let read = |text: &str| go::integer(text).or_else(|| go_duration::parse(text));
    plain(node, "a duration such as 1s or 100ms belongs here", read, found)
}

/// A scalar without quotes, read; none at all leaves the default.
fn plain<T>(
    node: &Node,
    wanted: &str,
    read: impl Fn(&str) -> Option<T>,
    found: &mut Found,
) -> Option<T> {
    let value = match &node.kind {
        Kind::Scalar { text, plain: true } if go::is_null(text) => return None,
        Kind::Scalar { text, plain: true } => read(text),
        _ => None,
    };
    if value.is_none() {
        found.mistakes.push(node.place.mistake(wanted));
    }
    value
}
