//! A YAML document as Go's yaml.v3 and yaml.v2 read it, which the configurations of blackbox_exporter and Alertmanager are
//! read with.
//!
//! Contract: [`Document::parse`] gives nodes with their places, tags and styles; [`scalar`] says what a plain word is (`yes`
//! is text until a boolean is wanted, `0o17` is a number); [`write`](Yaml::write) prints as Go's encoder does, byte by byte.

mod looks;
mod order;
pub(in crate::compat) mod scalar;
mod write;

pub(in crate::compat) use write::Yaml;

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

/// Whose rules are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compat) enum Version {
    /// Go's yaml.v2: `yes` is a boolean, a null is the zero value, merge keys count where they stand.
    V2,
    /// Go's yaml.v3: `yes` is text until a boolean is wanted, a null leaves what was there.
    V3,
}

/// A node's number in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::compat) struct Id(usize);

/// Where a node stands: lines and columns from 1, bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::compat) struct Place {
    pub(in crate::compat) line: usize,
    pub(in crate::compat) column: usize,
    pub(in crate::compat) start: usize,
    pub(in crate::compat) end: usize,
}

/// A node.
#[derive(Debug)]
pub(in crate::compat) struct Node {
    pub(in crate::compat) inside: Inside,
    /// In its short form, `!!binary`; empty where none was written.
    pub(in crate::compat) tag: Box<str>,
    pub(in crate::compat) place: Place,
}

/// What a node holds.
#[derive(Debug)]
pub(in crate::compat) enum Inside {
    /// A word, and whether it was quoted or a block.
    Scalar { text: Box<str>, quoted: bool },
    /// A sequence.
    List(Vec<Id>),
    /// A mapping, in the order of the file; keys may be there twice.
    Map(Vec<(Id, Id)>),
    /// The node an anchor names.
    Alias(Id),
}

/// The first document of a stream.
#[derive(Debug)]
pub(in crate::compat) struct Document {
    nodes: Vec<Node>,
    root: Id,
    /// Where a second document begins; like blackbox_exporter we do not read it.
    pub(in crate::compat) second: Option<Place>,
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(in crate::compat) struct Syntax {
    pub(in crate::compat) message: String,
    pub(in crate::compat) place: Place,
}

/// What a tag such as `!!int` is short for.
const LONG: &str = "tag:yaml.org,2002:";

impl Document {
    /// Reads the first document; `None` where the text holds none at all.
    ///
    /// # Errors
    /// Where and why it is not YAML.
    pub(in crate::compat) fn parse(text: &str) -> Result<Option<Self>, Syntax> {
        if let Some(syntax) = unprintable(text) {
            return Err(syntax);
        }
        let mut builder = Builder::default();
        let options = options! { emit_comments: false };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = match event {
                Ok(event) => event,
                // What follows the first document is not looked at.
                Err(_) if builder.ended => break,
                Err(error) => {
                    let at = *error.marker();
                    let place = place(text, Span::new(at, at));
                    return Err(Syntax { message: error.info(), place });
                }
            };
            let place = place(text, span);
            if let Event::DocumentStart(_, version) = &event {
                if builder.ended {
                    builder.second = Some(place);
                    break;
                }
                if version.is_some_and(|own| (own.major, own.minor) != (1, 1)) {
                    let message = "a document of another version of YAML than 1.1".to_owned();
                    return Err(Syntax { message, place });
                }
            }
            builder.take(event, place);
        }
        let Builder { nodes, root, second, .. } = builder;
        Ok(root.map(|root| Self { nodes, root, second }))
    }

    pub(in crate::compat) fn root(&self) -> Id {
        self.root
    }

    pub(in crate::compat) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    pub(in crate::compat) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }
}

/// Turns events into nodes.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    /// By the parser's number of the anchor.
    anchors: HashMap<usize, Id>,
    /// Collections that are still open, with the key that waits for its value.
    open: Vec<(Id, Option<Id>)>,
    root: Option<Id>,
    ended: bool,
    second: Option<Place>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain;
                let inside = Inside::Scalar { text: text.into(), quoted };
                self.add(inside, tag.as_deref(), anchor, place);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let id = self.add(Inside::List(Vec::new()), tag.as_deref(), anchor, place);
                self.open.push((id, None));
            }
            Event::MappingStart(_, anchor, tag) => {
                let id = self.add(Inside::Map(Vec::new()), tag.as_deref(), anchor, place);
                self.open.push((id, None));
            }
            Event::SequenceEnd | Event::MappingEnd => drop(self.open.pop()),
            Event::Alias(anchor) => {
                // The parser has refused aliases of anchors it does not know.
                if let Some(to) = self.anchors.get(&anchor) {
                    self.add(Inside::Alias(*to), None, 0, place);
                }
            }
            Event::DocumentEnd => self.ended = true,
            _ => {}
        }
    }

    fn add(&mut self, inside: Inside, tag: Option<&Tag>, anchor: usize, place: Place) -> Id {
        let id = Id(self.nodes.len());
        self.nodes.push(Node { inside, tag: tag.map(short).unwrap_or_default(), place });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        match self.open.last_mut() {
            None => self.root = Some(id),
            Some((parent, key)) => match (&mut self.nodes[parent.0].inside, key.take()) {
                (Inside::List(list), _) => list.push(id),
                (Inside::Map(entries), Some(key)) => entries.push((key, id)),
                (_, _) => *key = Some(id),
            },
        }
        id
    }
}

/// `!!int` for `tag:yaml.org,2002:int`. The non-specific tag `!` is as good as none.
fn short(tag: &Tag) -> Box<str> {
    let long = format!("{}{}", tag.handle(), tag.suffix());
    match long.strip_prefix(LONG) {
        Some(word) => format!("!!{word}").into(),
        None if long == "!" => Box::default(),
        None => long.into(),
    }
}

fn place(text: &str, span: Span) -> Place {
    let byte = |at: Option<usize>| at.unwrap_or(text.len()).min(text.len());
    let start = byte(span.start.byte_offset());
    Place {
        line: span.start.line().max(1),
        column: span.start.col() + 1,
        start,
        end: byte(span.end.byte_offset()).max(start),
    }
}

/// The first character that YAML does not permit and Go's reader refuses.
fn unprintable(text: &str) -> Option<Syntax> {
    let permitted = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - body.len();
    let (at, character) = body.char_indices().find(|(_, c)| !permitted(*c) || *c == '\u{feff}')?;
    let before = &body[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let start = at + skipped;
    Some(Syntax {
        message: format!("the character U+{:04X} is not permitted", u32::from(character)),
        place: Place { line, column, start, end: start + character.len_utf8() },
    })
}
