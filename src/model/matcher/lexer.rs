//! The words of the UTF-8 syntax, with the columns that its errors name.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    OpenBrace,
    CloseBrace,
    Comma,
    Op(super::MatchOp),
    Quoted,
    Unquoted,
}

/// A word and the columns it takes, counted in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Why there is no next word.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The text is over.
    End,
    /// In words.
    Said(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End => f.write_str("end of input"),
            Self::Said(words) => f.write_str(words),
        }
    }
}

/// Characters that cannot stand in a word without quotes.
pub(super) fn is_reserved(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '{' | '}' | '!' | '=' | '~' | ',' | '\\' | '"' | '\'' | '`')
}

/// Reads word after word; a copy reads ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'t> {
    rest: &'t str,
    /// Where the last word ended.
    pub(super) column: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text, column: 0 }
    }

    /// The next word, left where it is.
    pub(super) fn peek(self) -> Result<Token<'t>, Fault> {
        let mut ahead = self;
        ahead.next()
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Token<'t>, Fault> {
        let word = self.rest.trim_start();
        let start = self.column + self.rest.chars().count() - word.chars().count();
        let Some(first) = word.chars().next() else { return Err(Fault::End) };
        let (kind, length) = match first {
            '{' => (Kind::OpenBrace, 1),
            '}' => (Kind::CloseBrace, 1),
            ',' => (Kind::Comma, 1),
            '=' | '!' => operator(word, start)?,
            '"' => (Kind::Quoted, quoted(word, start)?),
            other if is_reserved(other) => {
                return Err(Fault::Said(format!("{start}:{}: {other}: invalid input", start + 1)));
            }
            _ => (Kind::Unquoted, word.find(is_reserved).unwrap_or(word.len())),
        };
        let (text, rest) = word.split_at(length);
        let end = start + text.chars().count();
        *self = Self { rest, column: end };
        Ok(Token { kind, text, start, end })
    }
}

fn operator(word: &str, start: usize) -> Result<(Kind, usize), Fault> {
    use super::MatchOp::{Equal, NotEqual, NotRegex, Regex};
    for op in [Regex, Equal, NotEqual, NotRegex] {
        if word.starts_with(op.sign()) {
            return Ok((Kind::Op(op), op.sign().len()));
        }
    }
    let columns = format!("{start}:{}", start + 1);
    Err(Fault::Said(if word.len() == 1 {
        format!("{columns}: unexpected end of input, expected one of '=~'")
    } else {
        format!("{columns}: !: expected one of '=~'")
    }))
}

/// How long a quoted word is, its quotes included.
fn quoted(word: &str, start: usize) -> Result<usize, Fault> {
    let mut escaped = false;
    for (at, byte) in word.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(at + 1),
            _ => {}
        }
    }
    let end = start + word.chars().count();
    Err(Fault::Said(format!("{start}:{end}: {word}: missing end \"")))
}
