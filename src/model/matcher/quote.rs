//! Text between double quotes, as Go's `strconv` and as OpenMetrics write it.

use std::{fmt, sync::LazyLock};

use crate::re2::Regex;

/// Displays a text as Go's `%q` does, quotes included. Group keys hold such text, so it must be Go's to the byte.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'t>(pub &'t str);

/// What Go's `unicode.IsPrint` lets through.
static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| r"^[\pL\pM\pN\pP\pS ]$".parse().ok());

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\x07' => f.write_str("\\a")?,
                '\x08' => f.write_str("\\b")?,
                '\x0c' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\x0b' => f.write_str("\\v")?,
                printable if is_printable(printable) => fmt::Write::write_char(f, printable)?,
                other => match u32::from(other) {
                    code @ ..0x80 => write!(f, "\\x{code:02x}")?,
                    code @ ..0x1_0000 => write!(f, "\\u{code:04x}")?,
                    code => write!(f, "\\U{code:08x}")?,
                },
            }
        }
        f.write_str("\"")
    }
}

fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return character == ' ' || character.is_ascii_graphic();
    }
    let mut bytes = [0; 4];
    let text = character.encode_utf8(&mut bytes);
    PRINTABLE.as_ref().is_some_and(|printable| printable.is_match(text.as_bytes()))
}

/// Displays a text with the three escapes of OpenMetrics.
pub(super) fn escaped(text: &str) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        let mut rest = text;
        while let Some(at) = rest.find(['\\', '\n', '"']) {
            let escape = match rest.as_bytes()[at] {
                b'\n' => "\\n",
                b'"' => "\\\"",
                _ => "\\\\",
            };
            write!(f, "{}{escape}", &rest[..at])?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    })
}

/// What Go's `strconv.Unquote` makes of a text between double quotes, which are given too; `None` where it refuses, or
/// where the escapes make up no UTF-8.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '"' | '\n' => return None,
            '\\' => rest = escape(rest, &mut bytes)?,
            plain => bytes.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Reads an escape behind its backslash; returns what follows.
fn escape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let kind = text.chars().next()?;
    let rest = &text[kind.len_utf8()..];
    let byte = match kind {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' => u8::try_from(kind).ok()?,
        'x' => {
            let (code, rest) = number(rest, 2, 16)?;
            bytes.push(u8::try_from(code).ok()?);
            return Some(rest);
        }
        '0'..='7' => {
            let (code, rest) = number(text, 3, 8)?;
            bytes.push(u8::try_from(code).ok()?);
            return Some(rest);
        }
        'u' | 'U' => {
            let (code, rest) = number(rest, if kind == 'u' { 4 } else { 8 }, 16)?;
            let character = char::from_u32(code)?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(rest)
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize, radix: u32) -> Option<(u32, &str)> {
    let written = text.get(..digits)?;
    // `from_str_radix` would take a sign too.
    if !written.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(written, radix).ok()?, &text[digits..]))
}
