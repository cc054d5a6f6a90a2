//! What a regular expression of a matcher asks, without an engine where that can be.
//!
//! Most people write names side by side (`api|web`) or a beginning (`api-.*`). A thousand silences are held against ten
//! thousand alerts, so these compare text; the rest runs as RE2.

use crate::re2::Regex;

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
        regex: Regex,
        /// What matches begins with one of these, none of which begins with another; empty where that is not known.
        prefixes: Box<[Box<str>]>,
    },
}

impl Pattern {
    /// # Errors
    /// Why it is no regular expression.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if let Some(plain) = plain(text) {
            return Ok(plain);
        }
        let anchored = format!("^(?:{text})$");
        let compiled = anchored.parse().map_err(|why: String| go_error(&anchored, &why))?;
        Ok(Self::Engine { regex: compiled, prefixes: prefixes(text).unwrap_or_default() })
    }

    pub(super) fn is_match(&self, value: &str) -> bool {
        match self {
            Self::Literals(literals) => {
                literals.binary_search_by(|own| own.as_ref().cmp(value)).is_ok()
            }
            Self::Framed { prefix, suffix, filled } => {
                let inside = value.strip_prefix(prefix.as_ref());
                inside
                    .and_then(|rest| rest.strip_suffix(suffix.as_ref()))
                    .is_some_and(|inside| !(inside.contains('\n') || *filled && inside.is_empty()))
            }
            Self::Engine { regex, .. } => regex.is_match(value.as_bytes()),
        }
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
    // What needs no engine is one, and need not be compiled to show it.
    if plain(text).is_some() {
        return None;
    }
    text.parse::<Regex>().err().map(|why| go_error(text, &why))
}

/// `re2` says it in its own sentence, around Go's words. Go repeats the whole pattern where the fault has no place.
fn go_error(pattern: &str, why: &str) -> String {
    let said = why.split_once("(RE2 syntax): ").map_or(why, |(_, said)| said);
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
