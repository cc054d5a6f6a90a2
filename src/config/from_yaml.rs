use std::{collections::HashMap, fmt, ops::Range};

use figment::value::{Dict, Value};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess};
use serde_saphyr::{Location, Options, Spanned, UserMessageFormatter, budget, options};

use super::syntax::{Inside, Mark, SyntaxError};

/// The values of a YAML document.
pub(super) fn values(text: &str) -> Result<Dict, Vec<SyntaxError>> {
    match serde_saphyr::from_str_with_options::<Value>(text, limits()) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        Ok(Value::Empty(..)) => Ok(Dict::new()),
        Ok(_) => {
            let message = "a table of keys and values is expected at the top level".to_owned();
            Err(vec![SyntaxError { message, range: 0..0 }])
        }
        Err(error) => Err(vec![syntax_error(&error, text)]),
    }
}

/// The positions of a YAML document; none if it cannot be read.
pub(super) fn marks(text: &str) -> Mark {
    let parsed = serde_saphyr::from_str_with_options::<Spanned<Node>>(text, limits());
    let places = Places { text, starts: line_starts(text) };
    parsed.map_or_else(|_| Mark::default(), |node| places.mark(None, node))
}

/// Budgets wide enough for 100,000 checks. What stops a billion laughs is the parser's limit of a million replayed events;
/// its ratio of aliases to anchors would refuse one `<<: *anchor` in every check. Booleans are `true` and `false` alone,
/// so that Norway (`no`) stays a word.
fn limits() -> Options {
    options! {
        budget: budget! {
            max_nodes: 50_000_000,
            max_events: 100_000_000,
            max_total_scalar_bytes: 1 << 30,
            max_aliases: 1_000_000,
            max_merge_keys: 1_000_000,
            enforce_alias_anchor_ratio: false,
        },
        strict_booleans: true,
        emit_comments: false,
    }
}

fn syntax_error(error: &serde_saphyr::Error, text: &str) -> SyntaxError {
    let range = match error.location() {
        Some(location) => Places { text, starts: line_starts(text) }.range(location),
        None => text.len()..text.len(),
    };
    let words = error.without_snippet().render_with_formatter(&UserMessageFormatter);
    let first = words.lines().next().unwrap_or_default();
    // The parser repeats the position, which every diagnostic shows already.
    let message = first.split(" at line ").next().unwrap_or(first).to_owned();
    SyntaxError { message, range }
}

/// A YAML node with its place.
enum Node {
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
    List(Vec<Spanned<Self>>),
    Scalar,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML node")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Node::List(elements))
    }
}

/// Turns lines and columns into bytes.
struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl Places<'_> {
    fn mark(&self, key: Option<Location>, node: Spanned<Node>) -> Mark {
        let value = self.range(node.referenced);
        let inside = match node.value {
            Node::Scalar => Inside::Nothing,
            Node::List(list) => {
                Inside::List(list.into_iter().map(|element| self.mark(None, element)).collect())
            }
            Node::Map(entries) => Inside::Table(self.entries(entries)),
        };
        Mark { key: key.map_or(0..0, |key| self.range(key)), value, inside }
    }

    fn entries(&self, entries: Vec<(Spanned<String>, Spanned<Node>)>) -> HashMap<String, Mark> {
        let marked =
            |(key, node): (Spanned<String>, _)| (key.value, self.mark(Some(key.referenced), node));
        entries.into_iter().map(marked).collect()
    }

    fn range(&self, location: Location) -> Range<usize> {
        let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let Some(line_start) = self.starts.get(line) else {
            return self.text.len()..self.text.len();
        };
        let start = after(self.text, *line_start, column);
        let length = usize::try_from(location.span().len()).unwrap_or_default();
        start..after(self.text, start, length)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// So many characters further, in bytes.
fn after(text: &str, start: usize, characters: usize) -> usize {
    text[start..].char_indices().nth(characters).map_or(text.len(), |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::finding::{Part, Path};

    #[test]
    fn every_entry_has_its_place() {
        let text = "# ü\nchecks:\n  \"w.x\":\n    http: {url: 5}\n    labels:\n      ü: 'ö'\n    list: [a, 7]\n";
        let marks = marks(text);
        let shown = |path: &Path, part| &text[marks.find(path).unwrap().range(part)];
        let check = Path::of(["checks", "w.x"]);
        assert_eq!(shown(&check, Part::Key), "\"w.x\"");
        assert_eq!(shown(&check.key("http").key("url"), Part::Key), "url");
        assert_eq!(shown(&check.key("http").key("url"), Part::Value), "5");
        assert_eq!(shown(&check.key("labels").key("ü"), Part::Value), "'ö'");
        assert_eq!(shown(&check.key("list").index(1), Part::Value), "7");
    }

    #[test]
    fn surprises_of_yaml_are_off() {
        let dict = values("country: no\non: off\ntrue_one: true\n").unwrap();
        assert_eq!(dict["country"], Value::from("no"));
        assert_eq!(dict["on"], Value::from("off"));
        assert_eq!(dict["true_one"], Value::from(true));
        assert_eq!(values("").unwrap(), Dict::new());
        let error = &values("a: 1\na: 2\n").unwrap_err()[0];
        assert_eq!(error.range.start, 5, "{error:?}");
        assert!(values("- a\n").is_err());
        let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
             d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
             g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        assert!(values(laughs).is_err());
    }
}
