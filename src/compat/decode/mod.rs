//! From nodes to the values of a foreign file, as Go's decoder does it, but with all mistakes at once and their places.
//!
//! Contract: what Go's decoder accepts is accepted, with the same value: a number is text where text is wanted, `yes` is a
//! boolean where one is wanted; what a null and a merge key do depends on the [`Version`] of the decoder. [`section!`] declares what a
//! mapping may hold; a [`Field`] is what may stand behind a key.

mod any;
mod claims;
mod document;
mod duration;
mod entries;
mod field;
mod section;
mod size;

pub(in crate::compat) use self::{
    any::Any,
    claims::Claims,
    document::document,
    duration::GoDuration,
    field::{Field, Named, Pattern, Sensitive, Text, step},
    section::{Section, key, section},
    size::Size,
};

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{
    code::Code,
    yaml::{Document, Id, Inside, Node, Place, Version, scalar::Scalar},
};
use crate::model::{Diagnostic, Span, suggest};

/// How a format is read, and how its mistakes are told.
pub(in crate::compat) struct Dialect {
    pub(in crate::compat) codes: Codes,
    /// Whose decoder reads it.
    pub(in crate::compat) version: Version,
    /// What a file must hold at least, for a sentence.
    pub(in crate::compat) least: &'static str,
    /// The value at a path, for a sentence.
    pub(in crate::compat) subject: fn(&str) -> String,
    /// Where a key that is unknown at a path would have been right.
    pub(in crate::compat) elsewhere: fn(&str, &str) -> Option<String>,
}

/// What every decoder can find wrong.
#[derive(Debug, Clone, Copy)]
pub(in crate::compat) struct Codes {
    pub(in crate::compat) syntax: Code,
    pub(in crate::compat) empty: Code,
    pub(in crate::compat) ignored: Code,
    pub(in crate::compat) wrong_type: Code,
    pub(in crate::compat) bad_value: Code,
    pub(in crate::compat) unknown_field: Code,
    pub(in crate::compat) duplicate: Code,
    pub(in crate::compat) missing: Code,
    pub(in crate::compat) contradiction: Code,
}

/// Where an entry stands: its key, if it has one, and its value.
#[derive(Debug, Clone, Copy)]
struct Spot {
    key: Option<Place>,
    value: Place,
}

/// One pass over a document.
pub(in crate::compat) struct Reader<'d> {
    document: &'d Document,
    file: &'d Path,
    dialect: &'static Dialect,
    found: Vec<Diagnostic>,
    /// Of the value that is read now: `modules.web.http.headers`.
    path: String,
    spots: HashMap<String, Spot>,
    /// Paths at or below which something is wrong already.
    broken: HashSet<String>,
    aliases: Aliases,
    depth: usize,
}

/// Values inside of values; twice what a tree of routes with fifty levels has. Go's parser has a limit of its own, 10,000.
const MAX_DEPTH: usize = 200;

/// Go's guard against documents that grow by their aliases.
#[derive(Default)]
struct Aliases {
    decoded: usize,
    by_alias: usize,
    depth: usize,
    /// Aliases that are being followed: one that is met again contains itself.
    open: HashSet<Id>,
    stopped: bool,
}

impl<'d> Reader<'d> {
    pub(in crate::compat) fn new(
        document: &'d Document,
        file: &'d Path,
        dialect: &'static Dialect,
    ) -> Self {
        Self {
            document,
            file,
            dialect,
            found: Vec::new(),
            path: String::new(),
            spots: HashMap::new(),
            broken: HashSet::new(),
            aliases: Aliases::default(),
            depth: 0,
        }
    }

    /// What was found wrong, in the order of the file.
    pub(in crate::compat) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|one| {
            one.span.as_ref().map_or((usize::MAX, 0), |span| (span.start, span.end))
        });
        self.found.dedup();
        self.found
    }

    /// Reads a node into a value; whether it set it (Go's `good`).
    pub(in crate::compat) fn read<F: Field>(&mut self, id: Id, into: &mut F) -> bool {
        if !self.count(id) {
            return false;
        }
        if self.depth == MAX_DEPTH {
            self.stop(id, "the document is nested too deep");
            return false;
        }
        self.depth += 1;
        let good = self.read_node(id, into);
        self.depth -= 1;
        good
    }

    fn read_node<F: Field>(&mut self, id: Id, into: &mut F) -> bool {
        let document = self.document;
        match &document.node(id).inside {
            Inside::Alias(to) => {
                if !self.aliases.open.insert(id) {
                    self.stop(id, "the anchor contains itself");
                    return false;
                }
                self.aliases.depth += 1;
                let good = self.read(*to, into);
                self.aliases.depth -= 1;
                self.aliases.open.remove(&id);
                good
            }
            _ if document.node(id).is_null() => match document.node(id).scalar(self.version()) {
                Ok(_) if self.version() == Version::V2 => {
                    *into = F::default();
                    true
                }
                Ok(_) => into.clear(),
                Err(message) => {
                    self.error(self.codes().wrong_type, id, message);
                    false
                }
            },
            _ => into.take(self, id),
        }
    }

    /// Goes one step down, reads, and comes back.
    fn inside<T>(
        &mut self,
        step: &str,
        key: Option<Id>,
        value: Id,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let place = |id| self.document.node(id).place;
        let spot = Spot { key: key.map(place), value: place(value) };
        self.spots.insert(self.path.clone(), spot);
        let result = read(self);
        self.path.truncate(length);
        result
    }

    fn count(&mut self, id: Id) -> bool {
        let aliases = &mut self.aliases;
        aliases.decoded += 1;
        aliases.by_alias += usize::from(aliases.depth > 0);
        if aliases.stopped {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^52")]
        let share = aliases.by_alias as f64 / aliases.decoded as f64;
        let excessive = aliases.by_alias > 100
            && aliases.decoded > 1000
            && share > permitted_share(aliases.decoded);
        if excessive {
            self.stop(id, "the document grows too much by its aliases");
        }
        !excessive
    }

    fn stop(&mut self, id: Id, why: &str) {
        self.aliases.stopped = true;
        self.error(self.codes().syntax, id, why);
    }

    fn node(&self, id: Id) -> &'d Node {
        self.document.node(id)
    }

    /// Something is wrong with the value that is read now.
    pub(in crate::compat) fn error(&mut self, code: Code, at: Id, message: impl Into<String>) {
        let place = self.document.node(at).place;
        let path = self.path.clone();
        self.report(code, &path, Some(place), message.into());
    }

    /// The value that is read now is not a permitted one.
    pub(in crate::compat) fn bad_value(&mut self, at: Id, why: &str) -> bool {
        let message = format!("{}: {why}", self.subject());
        self.error(self.codes().bad_value, at, message);
        false
    }

    /// The node is of another type than what is wanted.
    fn wrong_type(&mut self, id: Id, wanted: &str) -> bool {
        let node = self.node(id);
        let got = match &node.inside {
            Inside::List(_) => "a list",
            Inside::Map(_) => "a mapping",
            Inside::Scalar { quoted: true, .. } => "text in quotes",
            _ => match node.scalar(self.version()) {
                Ok(Scalar::Bool(_)) => "`true` or `false`",
                Ok(Scalar::Int(_) | Scalar::Float(_)) if wanted == "a whole number" => {
                    "such a number"
                }
                Ok(Scalar::Int(_) | Scalar::Float(_)) => "a number",
                Ok(Scalar::Timestamp) => "a date",
                _ => "this text",
            },
        };
        let subject = self.subject();
        let hint = match &node.inside {
            Inside::Scalar { quoted: true, .. } if wanted == "a whole number" => {
                Some("take the quotes away")
            }
            Inside::Scalar { .. } if wanted.starts_with("a list") => Some("write it as `[value]`"),
            Inside::Scalar { .. } if wanted.starts_with("a duration") => {
                Some("write a number with its unit, such as `5s`, `1m30s` or `500ms`")
            }
            _ => None,
        };
        self.error(self.codes().wrong_type, id, format!("{subject} is {wanted}, not {got}"));
        self.hint(hint.map(str::to_owned));
        false
    }

    /// A key nobody knows, with those that are known.
    fn unknown(&mut self, key: &str, at: Id, known: &[&str]) {
        let parent = self.subject();
        let near = suggest::did_you_mean(key, known.iter().copied());
        let hint = near.or_else(|| (self.dialect.elsewhere)(key, &self.path));
        let message = format!("unknown field `{}` in {parent}", shortened(key));
        self.error(self.codes().unknown_field, at, message);
        self.hint(hint);
        if let Some(last) = self.found.last_mut() {
            last.known = known.iter().map(|key| (*key).to_owned()).collect();
            last.path = format!("{}.{}", last.path, quoted(key));
        }
    }

    /// Something is wrong between the keys of the section that is read now; the first of `keys` that is there is shown.
    pub(in crate::compat) fn clash(
        &mut self,
        code: Code,
        keys: &[&str],
        message: impl Into<String>,
    ) {
        let paths: Vec<_> = keys.iter().map(|key| self.below(key)).collect();
        // What is wrong in itself has been told.
        if paths.iter().any(|path| self.broken.contains(path)) {
            return;
        }
        let path = paths.iter().find(|path| self.spots.contains_key(*path)).unwrap_or(&self.path);
        let spot = self.spots.get(path).copied();
        let place = spot.map(|spot| spot.key.unwrap_or(spot.value));
        let path = path.clone();
        let message = format!("{}: {}", (self.dialect.subject)(&path), message.into());
        self.report(code, &path, place, message);
    }

    /// Something is worth knowing of the value at this path, or of the nearest one above it that is in the file.
    pub(in crate::compat) fn note(
        &mut self,
        code: Code,
        path: &str,
        message: String,
        hint: Option<String>,
    ) {
        let mut at = path;
        while !self.spots.contains_key(at) {
            let Some(end) = at.rfind(['.', '[']) else { break };
            at = &at[..end];
        }
        let place = self.spots.get(at).map(|spot| spot.key.unwrap_or(spot.value));
        self.report(code, path, place, message);
        self.hint(hint);
    }

    /// The same, where the place is known and no key names it.
    pub(in crate::compat) fn note_at(&mut self, code: Code, place: Place, message: String) {
        self.report(code, "", Some(place), message);
    }

    /// A way to mend what was reported last.
    pub(in crate::compat) fn hint(&mut self, hint: Option<String>) {
        if let (Some(hint), Some(last)) = (hint, self.found.last_mut()) {
            last.hint = Some(hint);
        }
    }

    fn report(&mut self, code: Code, path: &str, place: Option<Place>, message: String) {
        if code.severity() == crate::model::Severity::Error {
            self.broken.insert(path.to_owned());
        }
        self.found.push(Diagnostic {
            code: code.word,
            severity: code.severity(),
            message,
            path: path.to_owned(),
            span: place.map(|place| span(self.file, place)),
            origin: None,
            hint: None,
            known: Vec::new(),
        });
    }

    /// Whether an error was found at all.
    pub(in crate::compat) fn is_refused(&self) -> bool {
        self.found.iter().any(|one| one.severity == crate::model::Severity::Error)
    }

    /// Whether something is wrong at this path or below it.
    pub(in crate::compat) fn is_broken(&self, path: &str) -> bool {
        let below = |other: &String| {
            let rest = other.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.broken.iter().any(below)
    }

    /// Whether something is wrong at or below a key of the value that is read now.
    pub(in crate::compat) fn has_errors_below(&self, key: &str) -> bool {
        self.is_broken(&self.below(&quoted(key)))
    }

    /// Every word and text of the document in which something is found, with its place.
    pub(in crate::compat) fn texts_with<T>(
        &self,
        mut find: impl FnMut(&str) -> Option<T>,
    ) -> Vec<(Place, T)> {
        let texts = self.document.nodes().filter_map(|node| match &node.inside {
            Inside::Scalar { text, .. } => find(text).map(|found| (node.place, found)),
            _ => None,
        });
        texts.collect()
    }

    /// What a node holds, for a value of several shapes.
    pub(in crate::compat) fn inside_of(&self, id: Id) -> &'d Inside {
        let node = self.node(id);
        match node.inside {
            Inside::Alias(to) => &self.node(to).inside,
            _ => &node.inside,
        }
    }

    /// Whether the file says something at a key of the value that is read now.
    pub(in crate::compat) fn says_below(&self, key: &str) -> bool {
        self.says(&self.below(key))
    }

    /// Whether the file says something at this path.
    pub(in crate::compat) fn says(&self, path: &str) -> bool {
        self.spots.contains_key(path)
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value that is read now, for a sentence: `` `http.headers` of module "web" ``.
    fn subject(&self) -> String {
        (self.dialect.subject)(&self.path)
    }

    /// What its mistakes are called.
    pub(in crate::compat) fn codes(&self) -> Codes {
        self.dialect.codes
    }

    fn version(&self) -> Version {
        self.dialect.version
    }
}

fn span(file: &Path, place: Place) -> Span {
    let Place { line, column, start, end } = place;
    Span { file: file.to_owned(), line, column, start, end }
}

/// A key as a step of a path; what is not a plain word stands in quotes.
pub(in crate::compat) fn quoted(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/');
    if !key.is_empty() && key.bytes().all(plain) {
        return key.to_owned();
    }
    let kept = |c: char| if c.is_control() || c == '"' { '\u{fffd}' } else { c };
    format!("\"{}\"", key.chars().map(kept).collect::<String>())
}

/// A stranger's word, cut to a length that fits a message.
pub(in crate::compat) fn shortened(text: &str) -> String {
    let kept = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(60).map(kept).collect();
    if text.chars().count() > 60 {
        short.push_str("...");
    }
    short
}

/// Up to 400,000 nodes nearly all may come from aliases, from 4,000,000 on a tenth, as yaml.v3 has it.
fn permitted_share(decoded: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let decoded = (decoded as f64).clamp(LOW, HIGH);
    0.99 - 0.89 * (decoded - LOW) / (HIGH - LOW)
}
