//! A YAML document as nodes that keep their place and their own words, so that each key can read them as Go does.

use std::{fmt, ops::Range};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess};
use serde_saphyr::{Location, Options, Spanned, UserMessageFormatter, budget, options};

use super::Mistake;

/// A node of the document.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// Line and column, from 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    Map(Vec<(Key, Node)>),
    List(Vec<Node>),
    /// What stands there; `plain` when without quotes, so that it may be a number, a boolean or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
}

/// A key of a map.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Place {
    /// A mistake here.
    pub(super) fn mistake(self, message: impl Into<String>) -> Mistake {
        Mistake { line: self.line, column: self.column, message: message.into() }
    }
}

/// The root of a document; a document without content is an empty scalar.
pub(super) fn parse(text: &str) -> Result<Node, Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, limits()) {
        Ok(root) => Ok(Source { text }.node(root)),
        Err(error) => Err(syntax(&error)),
    }
}

/// A web configuration is a page at most; what is far larger is none.
fn limits() -> Options {
    options! {
        budget: budget! { max_nodes: 10_000, max_events: 40_000, max_total_scalar_bytes: 1 << 20 },
        strict_booleans: true,
        emit_comments: false,
    }
}

fn syntax(error: &serde_saphyr::Error) -> Mistake {
    let words = error.without_snippet().render_with_formatter(&UserMessageFormatter);
    let first = words.lines().next().unwrap_or_default();
    // The parser repeats the position.
    let message = first.split(" at line ").next().unwrap_or(first).to_owned();
    error.location().map_or(Place { line: 1, column: 1 }, place).mistake(message)
}

fn place(location: Location) -> Place {
    let number = |number: u64| usize::try_from(number).unwrap_or(1);
    Place { line: number(location.line()), column: number(location.column()) }
}

/// What the parser gives: of numbers and the like only the position is kept, and their words are taken from the text.
enum Raw {
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
    List(Vec<Spanned<Self>>),
    Words(String),
    Other,
}

struct Source<'t> {
    text: &'t str,
}

impl Source<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let own = self.words(raw.defined);
        let kind = match raw.value {
            Raw::Map(entries) => {
                let entries = entries.into_iter().map(|(key, value)| {
                    let key = Key { place: place(key.referenced), text: key.value };
                    (key, self.node(value))
                });
                Kind::Map(entries.collect())
            }
            Raw::List(elements) => {
                Kind::List(elements.into_iter().map(|element| self.node(element)).collect())
            }
            Raw::Words(text) => {
                Kind::Scalar { text, plain: !own.starts_with(['\'', '"', '|', '>']) }
            }
            Raw::Other => Kind::Scalar { text: own.trim().to_owned(), plain: true },
        };
        Node { place: place(raw.referenced), kind }
    }

    /// What stands at the place.
    fn words(&self, location: Location) -> &str {
        let span = location.span();
        let range = || -> Option<Range<usize>> {
            let start = usize::try_from(span.byte_offset()?).ok()?;
            Some(start..start + usize::try_from(span.byte_len()?).ok()?)
        };
        range().and_then(|range| self.text.get(range)).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML node")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Words(text.to_owned()))
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Raw::List(elements))
    }
}
