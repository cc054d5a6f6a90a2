//! Prints YAML as Go's encoders do, so that a page of ours compares with a page of theirs line by line.

use std::fmt::Write as _;

use super::{
    Version,
    looks::{Looks, float, is_plain, is_printable, wrapped},
    order::by_key,
};

/// A value to print.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::compat) enum Yaml {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number, as Go's `%g` writes it.
    Float(f64),
    /// Text, or bytes that are none.
    Text(Vec<u8>),
    /// A sequence.
    List(Vec<Self>),
    /// A mapping with known keys, in the order it is printed.
    Map(Vec<(Self, Self)>),
    /// A mapping that Go's encoder sorts by its keys.
    Sorted(Vec<(Self, Self)>),
    /// A value in brackets and braces, where yaml.v2 is told to.
    Flow(Box<Self>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Yaml {
    /// The value as a document. yaml.v3 indents by four and leaves lines as long as they are; yaml.v2 indents by two, puts
    /// dashes below their key, and folds long lines at a space behind column 80.
    pub(in crate::compat) fn write(&self, layout: Version) -> String {
        let mut page = Page { out: String::new(), layout, flow: false, inside_flow: false };
        match self {
            Self::Map(entries) if !entries.is_empty() => page.map(entries, 0),
            Self::Sorted(entries) if !entries.is_empty() => page.map(&page.sorted(entries), 0),
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
    layout: Version,
    /// Whether the next collection stands in brackets. As in yaml.v2, this is decided at each key of a section and stays
    /// until a collection takes it, though that may be the next element of a list.
    flow: bool,
    inside_flow: bool,
}

impl Page {
    fn map(&mut self, entries: &[(Yaml, Yaml)], indent: usize) {
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.indent(indent);
            }
            self.key(key, indent);
            self.out.push(':');
            let value = self.marked(value);
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
        let collection = matches!(value, Yaml::Map(_) | Yaml::Sorted(_) | Yaml::List(_));
        if collection && std::mem::take(&mut self.flow) {
            self.out.push(' ');
            self.in_flow(value, deeper);
            return self.end_line();
        }
        match value {
            Yaml::Sorted(entries) if !entries.is_empty() => {
                let sorted = Yaml::Map(self.sorted(entries));
                self.value(&sorted, indent, inside);
            }
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
                let at = if self.layout == Version::V2 { indent } else { deeper };
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

    /// The value of a section's key; notes whether it stands in brackets.
    fn marked<'y>(&mut self, value: &'y Yaml) -> &'y Yaml {
        self.flow = matches!(value, Yaml::Flow(_));
        match value {
            Yaml::Flow(value) => value,
            value => value,
        }
    }

    fn sorted(&self, entries: &[(Yaml, Yaml)]) -> Vec<(Yaml, Yaml)> {
        let mut sorted = entries.to_vec();
        sorted.sort_by(|(one, _), (other, _)| by_key(one, other, self.layout));
        sorted
    }

    /// A collection in brackets or braces, with all that is in it.
    fn in_flow(&mut self, value: &Yaml, indent: usize) {
        let outer = std::mem::replace(&mut self.inside_flow, true);
        if matches!(value, Yaml::Map(_) | Yaml::Sorted(_) | Yaml::List(_)) {
            self.flow = false;
        }
        match value {
            Yaml::List(list) => {
                self.out.push('[');
                for (at, value) in list.iter().enumerate() {
                    self.separate(at, indent);
                    self.in_flow(value, indent + 2);
                }
                self.out.push(']');
            }
            Yaml::Map(entries) => {
                self.out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.separate(at, indent);
                    self.scalar(key, indent, true);
                    self.out.push_str(": ");
                    let value = self.marked(value);
                    self.in_flow(value, indent + 2);
                }
                self.out.push('}');
            }
            Yaml::Sorted(entries) => {
                let sorted = Yaml::Map(self.sorted(entries));
                self.in_flow(&sorted, indent);
            }
            scalar => self.scalar(scalar, indent, false),
        }
        self.inside_flow = outer;
    }

    /// What stands before an element in brackets: a line that is full is ended there.
    fn separate(&mut self, at: usize, indent: usize) {
        if at > 0 {
            self.out.push(',');
        }
        if self.column() > 80 {
            self.out.push('\n');
            self.indent(indent);
        } else if at > 0 {
            self.out.push(' ');
        }
    }

    fn deeper(&self, indent: usize, inside: Inside) -> usize {
        match (self.layout, inside) {
            (_, Inside::Root) => 0,
            (Version::V3, Inside::Map) => 4 * ((indent + 4) / 4),
            (Version::V3, Inside::List) | (Version::V2, _) => indent + 2,
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
            Yaml::Map(_) | Yaml::Sorted(_) => self.out.push_str("{}"),
            Yaml::Flow(value) => self.scalar(value, indent, key),
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
            if looks.block && !key && !self.inside_flow {
                self.literal(text, indent);
            } else {
                self.double_quoted(text, indent, key);
            }
        } else if needs_quotes {
            self.double_quoted(text, indent, key);
        } else if if self.inside_flow { looks.flow } else { looks.plain } {
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
            self.out.push(if self.layout == Version::V3 { '4' } else { '2' });
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
        self.layout == Version::V2 && !key && !after_space && self.column() > 80
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

#[cfg(test)]
mod tests {
    use super::{super::looks::float, *};

    fn text(text: &str) -> String {
        Yaml::Map(vec![("k".into(), text.into())]).write(Version::V3)
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
        assert_eq!(page.write(Version::V3), "k:\n    l:\n        - 1\n        - a: null\n");
        assert_eq!(page.write(Version::V2), "k:\n  l:\n  - 1\n  - a: null\n");
    }

    /// What yaml.v2 prints of a list of time intervals: a location in one puts the next into braces.
    #[test]
    fn brackets_are_where_yaml_v2_has_them() {
        let interval = |location: Option<&str>| {
            let days = Yaml::List(vec!["monday:friday".into(), "sunday".into()]);
            let mut entries = vec![("weekdays".into(), Yaml::Flow(Box::new(days)))];
            if let Some(location) = location {
                entries.push(("location".into(), Yaml::Flow(Box::new(location.into()))));
            }
            Yaml::Map(entries)
        };
        let list = Yaml::List(vec![interval(Some("UTC")), interval(None), interval(None)]);
        let written = "- weekdays: ['monday:friday', sunday]\n  location: UTC\n- {weekdays: ['monday:friday', sunday]}\n- weekdays: ['monday:friday', sunday]\n";
        assert_eq!(list.write(Version::V2), written);
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        let page = Yaml::Map(vec![("send".into(), Yaml::Text(vec![0, 0, 0, 8, 4, 210, 22, 0xaf]))]);
        assert_eq!(page.write(Version::V3), "send: !!binary AAAACATSFq8=\n");
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
