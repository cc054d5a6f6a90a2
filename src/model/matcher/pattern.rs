//! What a regular expression of a matcher asks, without an engine where that can be.
//!
//! Most people write names side by side (`api|web`) or a beginning (`api-.*`). A thousand silences are held against ten
//! thousand alerts, so these compare text; the rest runs as RE2.

use std::collections::HashMap;

use crate::re2::{CONFIGURED, Fault, Whole};

/// A compiled value of `=~` or `!~`. The whole text must match.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// One of these; sorted.
    Literals(Box<[Box<str>]>),
    /// Anything on one line between two texts.
    Framed {
        prefix: Box<str>,
        suffix: Box<str>,
        /// Whether something must stand between them: `.+` and not `.*`.
        filled: bool,
    },
    /// All else.
    Engine {
        regex: Whole,
        /// What matches begins with one of these, none of which begins with another; empty where that is not known.
        prefixes: Box<[Box<str>]>,
    },
    /// Text that nobody has compiled. It matches nothing, and denies nothing either.
    Unread,
}

/// Compiles the values of `=~` and `!~`, each text once, until together they take more than they may.
#[derive(Debug)]
pub struct Patterns {
    most: usize,
    left: usize,
    known: HashMap<Box<str>, Pattern>,
}

/// For what the operator writes.
impl Default for Patterns {
    fn default() -> Self {
        Self::within(CONFIGURED)
    }
}

impl Patterns {
    /// That take at most so many bytes together.
    pub fn within(most: usize) -> Self {
        Self { most, left: most, known: HashMap::new() }
    }

    pub(super) fn compiled(&mut self, text: &str) -> Result<Pattern, String> {
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        let pattern = match plain(text) {
            Some(plain) => plain,
            None => self.engine(text)?,
        };
        self.left = self.left.checked_sub(pattern.size()).ok_or_else(|| self.too_large())?;
        self.known.insert(text.into(), pattern.clone());
        Ok(pattern)
    }

    fn engine(&self, text: &str) -> Result<Pattern, String> {
        let regex = Whole::new(text, self.left).map_err(|fault| match fault {
            Fault::Syntax(why) => go_error(&format!("^(?:{text})$"), &why),
            Fault::Large => self.too_large(),
        })?;
        Ok(Pattern::Engine { regex, prefixes: prefixes(text).unwrap_or_default() })
    }

    /// Go's own words for it, and what its limit is here.
    fn too_large(&self) -> String {
        let most = self.most;
        format!("error parsing regexp: expression too large (more than {most} bytes, compiled)")
    }
}

impl Pattern {
    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let texts = |texts: &[Box<str>]| {
            texts.iter().map(|text| size_of::<Box<str>>() + text.len()).sum::<usize>()
        };
        match self {
            Self::Literals(literals) => texts(literals),
            Self::Framed { prefix, suffix, .. } => prefix.len() + suffix.len(),
            Self::Engine { regex, prefixes } => regex.size() + texts(prefixes),
            Self::Unread => 0,
        }
    }

    /// Whether it takes an automaton to tell, which takes time.
    pub(super) const fn is_engine(&self) -> bool {
        matches!(self, Self::Engine { .. })
    }

    #[cfg(test)]
    pub(super) fn is_match(&self, value: &str) -> bool {
        self.try_match(value, &mut { usize::MAX }).unwrap_or(false)
    }

    /// `None` where it takes more effort than is left: only an engine takes any.
    pub(super) fn try_match(&self, value: &str, effort: &mut usize) -> Option<bool> {
        Some(match self {
            Self::Literals(literals) => {
                literals.binary_search_by(|own| own.as_ref().cmp(value)).is_ok()
            }
            Self::Framed { prefix, suffix, filled } => {
                let inside = value.strip_prefix(prefix.as_ref());
                inside
                    .and_then(|rest| rest.strip_suffix(suffix.as_ref()))
                    .is_some_and(|inside| !(inside.contains('\n') || *filled && inside.is_empty()))
            }
            Self::Engine { regex, .. } => return regex.try_match(value, effort),
            Self::Unread => false,
        })
    }

    /// Everything that matches, where that is a list.
    pub(super) fn literals(&self) -> Option<Vec<&str>> {
        match self {
            Self::Literals(literals) => Some(literals.iter().map(AsRef::as_ref).collect()),
            _ => None,
        }
    }

    /// Texts one of which begins everything that matches, none of them empty; no value begins with two of them.
    pub(super) fn prefixes(&self) -> Option<Vec<&str>> {
        match self {
            Self::Framed { prefix, .. } if !prefix.is_empty() => Some(vec![prefix]),
            Self::Engine { prefixes, .. } if !prefixes.is_empty() => {
                Some(prefixes.iter().map(AsRef::as_ref).collect())
            }
            _ => None,
        }
    }
}

/// Why a text is no regular expression, in the words of Go's `regexp.Compile`; `None` when it is one.
pub fn regexp_error(text: &str) -> Option<String> {
    // What needs no engine is one.
    if plain(text).is_some() {
        return None;
    }
    match Whole::check(text, CONFIGURED) {
        Err(Fault::Syntax(why)) => Some(go_error(text, &why)),
        // That is for whoever compiles it to say.
        Ok(()) | Err(Fault::Large) => None,
    }
}

/// Go's words in its sentence. It repeats the whole pattern where the fault has no place.
fn go_error(pattern: &str, said: &str) -> String {
    match said {
        "missing closing )" | "unexpected )" | "expression nests too deeply" => {
            format!("error parsing regexp: {said}: `{pattern}`")
        }
        "trailing backslash at end of expression" => format!("error parsing regexp: {said}: ``"),
        _ => format!("error parsing regexp: {said}"),
    }
}

/// The pattern without an engine, if it is as plain as that.
fn plain(text: &str) -> Option<Pattern> {
    let text = without_group(without_anchors(text));
    let mut alternatives: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces(text) {
        match piece? {
            Piece::Or => alternatives.push(Vec::new()),
            piece => alternatives.last_mut()?.push(piece),
        }
    }
    if let [only] = alternatives.as_slice()
        && let Some(at) = only.iter().position(|piece| matches!(piece, Piece::Anything { .. }))
    {
        return Some(Pattern::Framed {
            prefix: literal(&only[..at])?,
            suffix: literal(&only[at + 1..])?,
            filled: matches!(only[at], Piece::Anything { filled: true }),
        });
    }
    let literals: Option<Vec<Box<str>>> = alternatives.iter().map(|one| literal(one)).collect();
    let mut literals = literals?;
    literals.sort();
    literals.dedup();
    Some(Pattern::Literals(literals.into()))
}

/// A pattern is anchored anyway, so its own anchors at both ends say nothing.
fn without_anchors(text: &str) -> &str {
    let text = text.strip_prefix('^').unwrap_or(text);
    match text.strip_suffix('$') {
        Some(before) if !ends_in_escape(before) => before,
        _ => text,
    }
}

/// A single group around the whole pattern says nothing either.
fn without_group(text: &str) -> &str {
    let inside = text.strip_prefix("(?:").or_else(|| text.strip_prefix('('));
    match inside.and_then(|inside| inside.strip_suffix(')')) {
        Some(inside) if !inside.contains(['(', ')']) && !ends_in_escape(inside) => inside,
        _ => text,
    }
}

/// Whether the text ends in the first half of an escape.
fn ends_in_escape(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

enum Piece {
    Character(char),
    /// `.*` or `.+`
    Anything {
        filled: bool,
    },
    /// `|`
    Or,
}

/// The pattern's pieces; `None` at one that is more than text.
fn pieces(text: &str) -> impl Iterator<Item = Option<Piece>> + '_ {
    let mut rest = text.chars();
    std::iter::from_fn(move || {
        Some(match rest.next()? {
            '|' => Some(Piece::Or),
            '\\' => rest.next().filter(char::is_ascii_punctuation).map(Piece::Character),
            '.' => {
                let repeated = rest.next();
                // `.*?` and `.**` are left to the engine; where the whole text must match they are rare.
                let more = rest.clone().next().is_some_and(|next| "?*+{".contains(next));
                match repeated {
                    Some('*') if !more => Some(Piece::Anything { filled: false }),
                    Some('+') if !more => Some(Piece::Anything { filled: true }),
                    _ => None,
                }
            }
            '^' | '$' | '(' | ')' | '[' | ']' | '{' | '}' | '*' | '+' | '?' => None,
            character => Some(Piece::Character(character)),
        })
    })
}

/// The pieces as text, if they are nothing else.
fn literal(pieces: &[Piece]) -> Option<Box<str>> {
    let characters = pieces.iter().map(|piece| match piece {
        Piece::Character(character) => Some(*character),
        Piece::Anything { .. } | Piece::Or => None,
    });
    characters.collect::<Option<String>>().map(String::into_boxed_str)
}

/// What every alternative of a pattern begins with, if each of them begins with text.
fn prefixes(text: &str) -> Option<Box<[Box<str>]>> {
    // Flags and quoted text change how the rest is read, and a named class has brackets of its own.
    let flags =
        text.match_indices("(?").any(|(at, _)| !text[at + 2..].starts_with([':', 'P', '<']));
    if flags || text.contains("\\Q") || text.contains("[:") {
        return None;
    }
    let text = without_anchors(text);
    let mut found: Vec<Box<str>> = Vec::new();
    for alternative in alternatives(text) {
        let prefix = leading(alternative);
        if prefix.is_empty() {
            return None;
        }
        found.push(prefix.into());
    }
    found.sort();
    // Sorted, so whatever begins with a text stands behind it.
    let mut apart: Vec<Box<str>> = Vec::new();
    for prefix in found {
        if !apart.last().is_some_and(|last| prefix.starts_with(last.as_ref())) {
            apart.push(prefix);
        }
    }
    Some(apart.into())
}

/// The pattern cut at each `|` outside of groups and classes.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut depth, mut in_class, mut start) = (0_usize, false, 0);
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b']' => in_class = false,
            _ if in_class => {}
            b'[' => {
                in_class = true;
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                // A bracket that comes first is a character of the class.
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(&text[start..]);
    found
}

/// The text that an alternative begins with.
fn leading(alternative: &str) -> String {
    let mut literal = String::new();
    let mut rest = alternative.chars();
    while let Some(next) = rest.next() {
        let character = match next {
            '\\' => match rest.next().filter(char::is_ascii_punctuation) {
                Some(escaped) => escaped,
                None => break,
            },
            '^' | '$' | '.' | '(' | ')' | '[' | ']' | '{' | '}' | '*' | '+' | '?' => break,
            plain => plain,
        };
        // A character that may be missing begins nothing.
        if rest.clone().next().is_some_and(|next| "*?{".contains(next)) {
            break;
        }
        literal.push(character);
    }
    literal
}
