//! Prints YAML as Go's encoders do, so that a page of ours compares with a page of theirs line by line.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::scalar::{Scalar, plain};

/// A value to print.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::compat::blackbox) enum Yaml {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as Go's `%g` writes it.
    Float(f64),
    /// Text, or bytes that are none.
    Text(Vec<u8>),
    /// A sequence.
    List(Vec<Self>),
    /// A mapping, in the order it is printed.
    Map(Vec<(Self, Self)>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// How the two versions of Go's encoder lay a page out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compat::blackbox) enum Layout {
    /// yaml.v3, as `/config` has it: four spaces, lines as long as they are.
    V3,
    /// yaml.v2, as `debug=true` has it: two spaces, dashes below their key, long lines folded at a space behind column 80.
    V2,
}

impl Yaml {
    /// The value as a document.
    pub(in crate::compat::blackbox) fn write(&self, layout: Layout) -> String {
        let mut page = Page { out: String::new(), layout };
        match self {
            Self::Map(entries) if !entries.is_empty() => page.map(entries, 0),
            Self::List(list) if !list.is_empty() => page.list(list, 0),
            other => page.value(other, 0, Inside::Root),
        }
        page.out
    }
}

/// What a value stands in, which decides how far its own lines are indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Root,
    Map,
    List,
}

struct Page {
    out: String,
    layout: Layout,
}

impl Page {
    fn map(&mut self, entries: &[(Yaml, Yaml)], indent: usize) {
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.indent(indent);
            }
            self.key(key, indent);
            self.out.push(':');
            self.value(value, indent, Inside::Map);
        }
    }

    fn list(&mut self, list: &[Yaml], indent: usize) {
        for (at, value) in list.iter().enumerate() {
            if at > 0 {
                self.indent(indent);
            }
            self.out.push('-');
            self.value(value, indent, Inside::List);
        }
    }

    /// What follows a `:`, a `-` or nothing, up to the end of its last line.
    fn value(&mut self, value: &Yaml, indent: usize, inside: Inside) {
        let deeper = self.deeper(indent, inside);
        match value {
            Yaml::Map(entries) if !entries.is_empty() && inside == Inside::List => {
                self.out.push(' ');
                self.map(entries, deeper);
            }
            Yaml::Map(entries) if !entries.is_empty() => {
                self.out.push('\n');
                self.indent(deeper);
                self.map(entries, deeper);
            }
            Yaml::List(list) if !list.is_empty() && inside == Inside::List => {
                self.out.push(' ');
                self.list(list, deeper);
            }
            Yaml::List(list) if !list.is_empty() => {
                let at = if self.layout == Layout::V2 { indent } else { deeper };
                self.out.push('\n');
                self.indent(at);
                self.list(list, at);
            }
            scalar => {
                if inside != Inside::Root {
                    self.out.push(' ');
                }
                self.scalar(scalar, deeper, false);
                self.end_line();
            }
        }
    }

    fn deeper(&self, indent: usize, inside: Inside) -> usize {
        match (self.layout, inside) {
            (_, Inside::Root) => 0,
            (Layout::V3, Inside::Map) => 4 * ((indent + 4) / 4),
            (Layout::V3, Inside::List) | (Layout::V2, _) => indent + 2,
        }
    }

    /// A key; one that is long or has several lines stands behind a `?`.
    fn key(&mut self, key: &Yaml, indent: usize) {
        let long = |bytes: &[u8]| bytes.len() > 128 || bytes.contains(&b'\n');
        if matches!(key, Yaml::Text(bytes) if long(bytes)) {
            self.out.push_str("? ");
            self.scalar(key, self.deeper(indent, Inside::Map), false);
            self.end_line();
            self.indent(indent);
        } else {
            self.scalar(key, indent, true);
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_line(&mut self) {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn scalar(&mut self, value: &Yaml, indent: usize, key: bool) {
        match value {
            Yaml::Null => self.out.push_str("null"),
            Yaml::Bool(value) => drop(write!(self.out, "{value}")),
            Yaml::Int(value) => drop(write!(self.out, "{value}")),
            Yaml::Float(value) => self.out.push_str(&float(*value)),
            Yaml::List(_) => self.out.push_str("[]"),
            Yaml::Map(_) => self.out.push_str("{}"),
            Yaml::Text(bytes) => {
                if let Ok(text) = std::str::from_utf8(bytes) {
                    self.text(text, indent, key, !is_plain(text));
                } else {
                    self.out.push_str("!!binary ");
                    self.text(&wrapped(bytes), indent, key, false);
                }
            }
        }
    }

    /// Text in the plainest style that gives the same text back.
    fn text(&mut self, text: &str, indent: usize, key: bool, needs_quotes: bool) {
        let looks = Looks::of(text);
        if text.contains('\n') {
            if looks.block && !key {
                self.literal(text, indent);
            } else {
                self.double_quoted(text, indent, key);
            }
        } else if needs_quotes {
            self.double_quoted(text, indent, key);
        } else if looks.plain {
            self.folded(text, indent, key);
        } else if looks.single {
            self.out.push('\'');
            self.folded(&text.replace('\'', "''"), indent, key);
            self.out.push('\'');
        } else {
            self.double_quoted(text, indent, key);
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n', '\u{85}', '\u{2028}', '\u{2029}', '\r']) {
            self.out.push(if self.layout == Layout::V3 { '4' } else { '2' });
        }
        let end = text.trim_end_matches('\n');
        match text.len() - end.len() {
            0 => self.out.push('-'),
            1 if !end.is_empty() => {}
            _ => self.out.push('+'),
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
    }

    /// Characters of the current line.
    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out[line..].chars().count()
    }

    /// Whether the line ends before this space: only yaml.v2 folds, and never in a key.
    fn folds(&self, key: bool, after_space: bool) -> bool {
        self.layout == Layout::V2 && !key && !after_space && self.column() > 80
    }

    fn folded(&mut self, text: &str, indent: usize, key: bool) {
        let mut after_space = false;
        for (at, character) in text.char_indices() {
            let next = text[at + character.len_utf8()..].chars().next();
            let within = at > 0 && next.is_some_and(|next| next != ' ');
            if character == ' ' && within && self.folds(key, after_space) {
                self.out.push('\n');
                self.indent(indent);
            } else {
                self.out.push(character);
            }
            after_space = character == ' ';
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, key: bool) {
        self.out.push('"');
        let mut after_space = false;
        for (at, character) in text.char_indices() {
            let next = text[at + character.len_utf8()..].chars().next();
            if character == ' ' && at > 0 && next.is_some() && self.folds(key, after_space) {
                self.out.push('\n');
                self.indent(indent);
                if next == Some(' ') {
                    self.out.push('\\');
                }
            } else {
                self.escaped(character);
            }
            after_space = character == ' ';
        }
        self.out.push('"');
    }

    fn escaped(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            other if is_printable(other) => return self.out.push(other),
            other => {
                let number = u32::from(other);
                let _ = match number {
                    0..=0xff => write!(self.out, "\\x{number:02X}"),
                    0x100..=0xffff => write!(self.out, "\\u{number:04X}"),
                    _ => write!(self.out, "\\U{number:08X}"),
                };
                return;
            }
        };
        self.out.push('\\');
        self.out.push(short);
    }
}

/// Which styles can hold a text.
struct Looks {
    plain: bool,
    single: bool,
    block: bool,
}

impl Looks {
    fn of(text: &str) -> Self {
        let is_break = |c: char| matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let blank = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t'));
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
        Self {
            plain: single && !padded && !breaks && !indicators,
            single,
            block: !space_break && !special && !text.ends_with(' '),
        }
    }
}

/// By the encoder's table, which leaves out all that is not in the basic planes and the byte order mark.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        && !matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether an unquoted text is read back as that text, by parsers of YAML 1.1 too.
fn is_plain(text: &str) -> bool {
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
fn float(value: f64) -> String {
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
fn wrapped(bytes: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        Yaml::Map(vec![("k".into(), text.into())]).write(Layout::V3)
    }

    #[test]
    fn a_text_is_as_plain_as_it_can_be() {
        for (value, written) in [
            ("abc def", "k: abc def\n"),
            ("yes", "k: \"yes\"\n"),
            ("", "k: \"\"\n"),
            ("12", "k: \"12\"\n"),
            ("12:30", "k: \"12:30\"\n"),
            ("a: b", "k: 'a: b'\n"),
            ("it's: b", "k: 'it''s: b'\n"),
            ("#x", "k: '#x'\n"),
            ("a\tb", "k: \"a\\tb\"\n"),
            ("a\nb", "k: |-\n    a\n    b\n"),
            ("a\n\nb\n", "k: |\n    a\n\n    b\n"),
            ("a\r\n", "k: \"a\\r\\n\"\n"),
            (" a", "k: ' a'\n"),
            ("é ü", "k: é ü\n"),
            ("\u{1f600}", "k: \"\\U0001F600\"\n"),
        ] {
            assert_eq!(text(value), written, "{value:?}");
        }
    }

    #[test]
    fn the_two_layouts_differ() {
        let list = Yaml::List(vec![Yaml::Int(1), Yaml::Map(vec![("a".into(), Yaml::Null)])]);
        let page = Yaml::Map(vec![("k".into(), Yaml::Map(vec![("l".into(), list)]))]);
        assert_eq!(page.write(Layout::V3), "k:\n    l:\n        - 1\n        - a: null\n");
        assert_eq!(page.write(Layout::V2), "k:\n  l:\n  - 1\n  - a: null\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        let page = Yaml::Map(vec![("send".into(), Yaml::Text(vec![0, 0, 0, 8, 4, 210, 22, 0xaf]))]);
        assert_eq!(page.write(Layout::V3), "send: !!binary AAAACATSFq8=\n");
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, written) in
            [(1.0, "1"), (0.5, "0.5"), (1e21, "1e+21"), (1e-7, "1e-07"), (f64::NAN, ".nan")]
        {
            assert_eq!(float(number), written);
        }
    }
}
