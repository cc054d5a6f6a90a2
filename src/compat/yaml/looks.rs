//! In which style a text can be printed.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::scalar::{Scalar, plain};

/// Which styles can hold a text.
#[expect(clippy::struct_excessive_bools, reason = "one per style")]
pub(super) struct Looks {
    pub(super) plain: bool,
    /// Whether it may be plain in brackets and braces too.
    pub(super) flow: bool,
    pub(super) single: bool,
    pub(super) block: bool,
}

impl Looks {
    pub(super) fn of(text: &str) -> Self {
        let is_break = |c: char| matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let blank = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t'));
        let mut in_flow = false;
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut tab, mut breaks) = (false, false, false);
        let (mut break_space, mut space_break) = (false, false);
        let mut before = None;
        for (at, character) in text.char_indices() {
            let after = text[at + character.len_utf8()..].chars().next();
            indicators |= match character {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => at == 0,
                '#' => before.is_none_or(|c| matches!(c, ' ' | '\t') || is_break(c)),
                '?' | '-' => at == 0 && blank(after),
                ':' => blank(after),
                _ => false,
            };
            in_flow |= match character {
                ':' | '?' => true,
                ',' | '[' | ']' | '{' | '}' => at > 0,
                _ => false,
            };
            tab |= character == '\t';
            special |= character != '\t' && !is_printable(character) && character != '\n';
            breaks |= is_break(character);
            break_space |= character == ' ' && before.is_some_and(is_break);
            space_break |= is_break(character) && before == Some(' ');
            before = Some(character);
        }
        let edge = |c: char| c == ' ' || is_break(c);
        let padded = text.starts_with(edge) || text.ends_with(edge);
        let single = !break_space && !space_break && !tab && !special;
        let plain = single && !padded && !breaks && !indicators;
        Self {
            plain,
            flow: plain && !in_flow,
            single,
            block: !space_break && !special && !text.ends_with(' '),
        }
    }
}

/// By the encoder's table, which leaves out all that is not in the basic planes and the byte order mark.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        && !matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether an unquoted text is read back as that text, by parsers of YAML 1.1 too.
pub(super) fn is_plain(text: &str) -> bool {
    const NOT_TEXT: [&str; 17] = [
        "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off",
        "OFF", "<<",
    ];
    let is_text = matches!(plain(text), Scalar::Text(_));
    is_text && !NOT_TEXT.contains(&text) && !is_base60(text)
}

/// `12:30:45`, a number in YAML 1.1.
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let sixty = |part: &str| match part.as_bytes() {
        [digit] | [b'0'..=b'5', digit] => digit.is_ascii_digit(),
        _ => false,
    };
    whole.contains(':')
        && first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && parts.all(sixty)
        && digits(fraction)
}

/// As Go's `%g` with the shortest digits that give the number back.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ (..=-5 | 21..)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => value.to_string(),
    }
}

/// Base64 in lines of 70 characters where one does not suffice.
pub(super) fn wrapped(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < 70 {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / 70 + 1);
    for (at, character) in encoded.chars().enumerate() {
        if at > 0 && at % 70 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
    out
}
