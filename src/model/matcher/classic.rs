//! The classic syntax: label names of letters, digits, `_` and `:`; values bare or quoted, with lone backslashes taken as
//! they are.

use super::{MatchOp, Matcher, Patterns};

/// Reads a list, in braces or not.
pub(super) fn matchers(text: &str, patterns: &mut Patterns) -> Result<Vec<Matcher>, String> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let mut read = Vec::new();
    let mut start = 0;
    for comma in commas(text) {
        read.push(matcher(&text[start..comma], patterns)?);
        start = comma + 1;
    }
    // A comma may end the list.
    let last = text[start..].trim();
    if !last.is_empty() {
        read.push(matcher(last, patterns)?);
    }
    Ok(read)
}

/// Where a comma separates: outside of quotes. A backslash hides the quote behind it, inside of quotes and outside.
fn commas(text: &str) -> Vec<usize> {
    let (mut quoted, mut escaped) = (false, false);
    let mut found = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b',' => {
                // A backslash before a comma hides the quote behind the comma: so it is in Alertmanager.
                if !quoted {
                    found.push(at);
                }
                continue;
            }
            b'"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    found
}

/// Reads one.
pub(super) fn matcher(text: &str, patterns: &mut Patterns) -> Result<Matcher, String> {
    let bad = || format!("bad matcher format: {text}");
    let rest = text.trim_start_matches(is_space);
    let length = name_length(rest).ok_or_else(bad)?;
    let (name, rest) = rest.split_at(length);
    let rest = rest.trim_start_matches(is_space);
    // The long ones first, or `=~` would be read as `=`.
    let ops = [MatchOp::Regex, MatchOp::Equal, MatchOp::NotEqual, MatchOp::NotRegex];
    let found = ops.into_iter().find_map(|op| Some((op, rest.strip_prefix(op.sign())?)));
    let (op, value) = found.ok_or_else(bad)?;
    Matcher::written(name, op, unescaped(value.trim_matches(is_space))?).compiled(patterns)
}

/// What Go's `\s` means.
fn is_space(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

fn name_length(text: &str) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    let length = text.bytes().take_while(part).count();
    (length > 0 && !text.as_bytes()[0].is_ascii_digit()).then_some(length)
}

/// The value without its quotes and escapes.
fn unescaped(written: &str) -> Result<String, String> {
    let inside = written.strip_prefix('"');
    let mut open = inside.is_some();
    let mut rest = inside.unwrap_or(written).chars();
    let mut value = String::with_capacity(written.len());
    let stray = || format!("matcher value contains unescaped double quote: {written}");
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some('n') => value.push('\n'),
                Some(literal @ ('"' | '\\')) => value.push(literal),
                // An escape of nothing: the backslash stands for itself.
                other => value.extend(std::iter::once('\\').chain(other)),
            },
            '"' if open && rest.as_str().is_empty() => open = false,
            '"' => return Err(stray()),
            plain => value.push(plain),
        }
    }
    if open { Err(stray()) } else { Ok(value) }
}
