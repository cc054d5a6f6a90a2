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
    Engine(Regex),
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
        Ok(Self::Engine(compiled))
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
            Self::Engine(regex) => regex.is_match(value.as_bytes()),
        }
    }

    /// Everything that matches, where that is a list.
    pub(super) fn literals(&self) -> Option<Vec<&str>> {
        match self {
            Self::Literals(literals) => Some(literals.iter().map(AsRef::as_ref).collect()),
            _ => None,
        }
    }
}

/// Why a text is no regular expression, in the words of Go's `regexp.Compile`; `None` when it is one.
pub fn regexp_error(text: &str) -> Option<String> {
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
