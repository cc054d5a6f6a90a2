use std::{borrow::Cow, fmt};

use super::Kind;

/// How deep values may be nested, as in Go.
const DEPTH: usize = 10_000;

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Syntax {
    /// Nothing but white space.
    Empty,
    /// It ends before the value does.
    Unfinished,
    /// A character that has no place there.
    Unexpected(char, Cow<'static, str>),
    /// An escape that is none.
    Escape(String),
    /// Nested too deeply.
    Deep,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("EOF"),
            Self::Unfinished => f.write_str("unexpected EOF"),
            Self::Unexpected(found, place) => {
                f.write_str("invalid character ")?;
                quoted(f, *found)?;
                write!(f, " {place}")
            }
            Self::Escape(text) => write!(f, "invalid escape sequence `{text}` in string"),
            Self::Deep => f.write_str("exceeded max depth"),
        }
    }
}

/// A character in single quotes, as Go's `strconv.QuoteRune` writes it.
fn quoted(f: &mut fmt::Formatter<'_>, char: char) -> fmt::Result {
    match char {
        '\'' => f.write_str("'\\''"),
        '\\' => f.write_str("'\\\\'"),
        '\n' => f.write_str("'\\n'"),
        '\r' => f.write_str("'\\r'"),
        '\t' => f.write_str("'\\t'"),
        '\u{8}' => f.write_str("'\\b'"),
        '\u{c}' => f.write_str("'\\f'"),
        '\u{7}' => f.write_str("'\\a'"),
        '\u{b}' => f.write_str("'\\v'"),
        control if u32::from(control) < 0x20 || control == '\u{7f}' => {
            write!(f, "'\\x{:02x}'", u32::from(control))
        }
        invisible @ ('\u{feff}' | '\u{80}'..='\u{a0}' | '\u{2028}' | '\u{2029}') => {
            write!(f, "'\\u{:04x}'", u32::from(invisible))
        }
        plain => write!(f, "'{plain}'"),
    }
}

/// Reads a text from left to right. What comes after the first value is nobody's business.
#[derive(Debug, Clone)]
pub(in super::super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

/// How far an object or an array has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Members {
    first: bool,
}

impl<'a> Scan<'a> {
    pub(in super::super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What the next value is, without reading it.
    pub(in super::super) fn kind(&mut self) -> Result<Kind, Syntax> {
        self.white();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(_) => Err(self.unexpected("looking for beginning of value")),
            None => Err(self.end()),
        }
    }

    /// A string; only after [`Kind::String`] was seen.
    pub(in super::super) fn string(&mut self) -> Result<Cow<'a, str>, Syntax> {
        self.at += 1;
        let begin = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = self.text.get(begin..self.at).unwrap_or_default();
            self.at += 1;
            return Ok(text.into());
        }
        let mut out = String::from(self.text.get(begin..self.at).unwrap_or_default());
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.unexpected("in string")),
                None => return Err(Syntax::Unfinished),
            }
            let begin = self.at;
            self.plain();
            out.push_str(self.text.get(begin..self.at).unwrap_or_default());
        }
    }

    /// A truth; only after [`Kind::Bool`] was seen.
    pub(in super::super) fn bool(&mut self) -> Result<bool, Syntax> {
        let truth = self.peek() == Some(b't');
        self.literal(if truth { "true" } else { "false" })?;
        Ok(truth)
    }

    /// Goes into an object or an array; only after its kind was seen.
    pub(in super::super) fn enter(&mut self) -> Members {
        self.at += 1;
        Members { first: true }
    }

    /// The next name of an object, with its colon; `None` at its end.
    pub(in super::super) fn name(
        &mut self,
        members: &mut Members,
    ) -> Result<Option<Cow<'a, str>>, Syntax> {
        self.white();
        match self.peek() {
            Some(b'}') if members.first => {
                self.at += 1;
                return Ok(None);
            }
            _ if members.first => {}
            Some(b',') => {
                self.at += 1;
                self.white();
            }
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(_) => return Err(self.unexpected("after object key:value pair")),
            None => return Err(Syntax::Unfinished),
        }
        members.first = false;
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err(self.unexpected("looking for beginning of object key string")),
            None => return Err(Syntax::Unfinished),
        }
        let name = self.string()?;
        self.white();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.unexpected("after object key")),
            None => return Err(Syntax::Unfinished),
        }
        Ok(Some(name))
    }

    /// Whether an array has another item.
    pub(in super::super) fn item(&mut self, members: &mut Members) -> Result<bool, Syntax> {
        self.white();
        match self.peek() {
            Some(b']') if members.first => {
                self.at += 1;
                Ok(false)
            }
            None => Err(Syntax::Unfinished),
            Some(_) if std::mem::take(&mut members.first) => Ok(true),
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(b']') => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(self.unexpected("after array element")),
        }
    }

    /// Reads a value of any kind and forgets it. What it holds it keeps on the heap: a stranger decides how deep it goes.
    pub(in super::super) fn skip(&mut self) -> Result<(), Syntax> {
        let mut open: Vec<(Kind, Members)> = Vec::new();
        loop {
            match self.kind()? {
                Kind::String => drop(self.string()?),
                Kind::Number => self.number()?,
                Kind::Bool => drop(self.bool()?),
                Kind::Null => self.literal("null")?,
                kind @ (Kind::Array | Kind::Object) => {
                    if open.len() >= DEPTH {
                        return Err(Syntax::Deep);
                    }
                    open.push((kind, self.enter()));
                }
            }
            loop {
                let Some((kind, members)) = open.last_mut() else { return Ok(()) };
                let more = match kind {
                    Kind::Object => self.name(members)?.is_some(),
                    _ => self.item(members)?,
                };
                if more {
                    break;
                }
                open.pop();
            }
        }
    }

    fn number(&mut self) -> Result<(), Syntax> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Syntax> {
        let begin = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.peek() {
            _ if self.at > begin => Ok(()),
            Some(_) => Err(self.unexpected("in numeric literal")),
            None => Err(Syntax::Unfinished),
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Syntax> {
        for expected in word.bytes() {
            match self.peek() {
                Some(byte) if byte == expected => self.at += 1,
                Some(_) => {
                    let expected = char::from(expected);
                    return Err(
                        self.unexpected(format!("in literal {word} (expecting '{expected}')"))
                    );
                }
                None => return Err(Syntax::Unfinished),
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<char, Syntax> {
        let plain = match self.text.as_bytes().get(self.at + 1) {
            None => return Err(Syntax::Unfinished),
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            Some(_) => {
                let other = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next());
                return Err(Syntax::Escape(format!("\\{}", other.unwrap_or_default())));
            }
        };
        self.at += 2;
        Ok(plain)
    }

    /// `\uXXXX`, or two of them that make one character; a half alone is U+FFFD.
    fn unicode(&mut self) -> Result<char, Syntax> {
        let high = self.hex()?;
        if let Some(char) = char::from_u32(high) {
            return Ok(char);
        }
        let begin = self.at;
        if high < 0xdc00 && self.text.as_bytes().get(begin..begin + 2) == Some(br"\u") {
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = begin;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Syntax> {
        let bytes = self.text.as_bytes();
        let mut code = 0;
        for at in self.at + 2..self.at + 6 {
            let Some(byte) = bytes.get(at) else { return Err(Syntax::Unfinished) };
            let Some(digit) = char::from(*byte).to_digit(16) else {
                let end = self.text.floor_char_boundary(self.at + 6);
                return Err(Syntax::Escape(self.text.get(self.at..end).unwrap_or_default().into()));
            };
            code = code * 16 + digit;
        }
        self.at += 6;
        Ok(code)
    }

    /// Goes on to the next quote, backslash or control character.
    fn plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        self.at += rest.iter().position(special).unwrap_or(rest.len());
    }

    fn white(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn end(&self) -> Syntax {
        let blank = self.text.bytes().all(|byte| byte.is_ascii_whitespace());
        if blank { Syntax::Empty } else { Syntax::Unfinished }
    }

    fn unexpected(&self, place: impl Into<Cow<'static, str>>) -> Syntax {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => Syntax::Unexpected(found, place.into()),
            None => Syntax::Unfinished,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> String {
        Scan::new(text).skip().map_or_else(|why| why.to_string(), |()| "fine".to_owned())
    }

    /// Each was asked of Alertmanager 0.33.1.
    #[test]
    fn refusals_are_in_the_words_of_go() {
        for (text, words) in [
            ("{bad", "invalid character 'b' looking for beginning of object key string"),
            ("[", "unexpected EOF"),
            (" \n", "EOF"),
            (r#"[{"a":"1" "b":2}]"#, "invalid character '\"' after object key:value pair"),
            (r#"[{"a" "1"}]"#, "invalid character '\"' after object key"),
            (r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e')"),
            (r#"{"a":01}"#, "invalid character '1' after object key:value pair"),
            (r#""x\q""#, "invalid escape sequence `\\q` in string"),
            (r#""\u12g4""#, "invalid escape sequence `\\u12g4` in string"),
            ("\"x\n\"", "invalid character '\\n' in string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("nul", "unexpected EOF"),
            ("[-]", "invalid character ']' in numeric literal"),
            ("[1.]", "invalid character ']' in numeric literal"),
            ("-", "unexpected EOF"),
            ("\u{feff}[]", "invalid character '\\ufeff' looking for beginning of value"),
            ("[] trailing", "fine"),
        ] {
            assert_eq!(refusal(text), words, "{text}");
        }
        assert_eq!(refusal(&"[".repeat(DEPTH + 1)), "exceeded max depth");
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(text: String) {
            let written = serde_json::to_string(&text).unwrap();
            let mut scan = Scan::new(&written);
            prop_assert_eq!(scan.kind(), Ok(Kind::String));
            prop_assert_eq!(scan.string().unwrap(), text);
        }

        #[test]
        fn what_serde_json_takes_is_taken(text in r#"[\[\]{}:,"\\u0-9a-ftrulsn .eE+\-]{0,24}"#) {
            let strict = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let mut scan = Scan::new(&text);
            let ours = scan.skip().is_ok() && { scan.white(); scan.peek().is_none() };
            // A lone half of a surrogate is refused there, and replaced here.
            prop_assert!(ours == strict || text.contains("\\u"), "{text}");
        }
    }
}
