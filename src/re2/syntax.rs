//! From the syntax of Go's `regexp` to that of the `regex` crate.
//!
//! What Go refuses is refused here, what Go accepts is rewritten. The differences: a `{` that begins no repetition is a
//! literal in Go; `\Q..\E`, octal escapes and `\pN` exist; `\d \w \s \b` are ASCII; repetitions are bounded by 1,000 and
//! not stacked; there is no `(?x)`, no `[a&&b]`, no `\u{..}`.

use std::sync::Arc;

use super::class::ascii_class;

/// The largest repetition, and the largest product of nested ones.
const MAX_REPEAT: u32 = 1000;
/// The deepest nesting of groups.
const MAX_DEPTH: usize = 1000;

/// Rewrites a pattern.
///
/// # Errors
/// Why Go's parser refuses it, in its words.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        flags: Flags::default(),
        groups: Vec::new(),
        names: vec![None],
        atom: None,
        weight: 1,
        repeated: None,
    };
    translator.run()?;
    let names = translator.names.into_iter().map(|name| name.map(Box::from)).collect();
    Ok(Translated { pattern: translator.out, names })
}

/// A pattern in the syntax of the crate.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The name of each group, that of the whole match first. The crate is not told: Go permits one name for several groups.
    pub(super) names: Arc<[Option<Box<str>>]>,
}

#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four flags that are on or off")]
pub(super) struct Flags {
    pub(super) fold: bool,
    dot_newline: bool,
    multi_line: bool,
    swap_greed: bool,
}

/// What a repetition would repeat.
#[derive(Debug, Clone)]
struct Atom {
    start: usize,
    end: usize,
    /// The product of the repetitions inside.
    weight: u32,
    is_repetition: bool,
}

struct Group {
    start: usize,
    flags: Flags,
    weight: u32,
}

pub(super) struct Translator<'p> {
    pub(super) rest: &'p str,
    out: String,
    pub(super) flags: Flags,
    groups: Vec<Group>,
    names: Vec<Option<&'p str>>,
    atom: Option<Atom>,
    /// The largest weight of the atoms of this group.
    weight: u32,
    /// What follows from the last thing read on, if that was a repetition.
    repeated: Option<&'p str>,
}

impl<'p> Translator<'p> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(character) = self.rest.chars().next() {
            let before = self.rest;
            let repeated = self.repeated.take();
            match character {
                '(' if before.starts_with("(?") => self.flags_or_name()?,
                '(' => {
                    self.skip(1);
                    self.capture(None)?;
                }
                ')' => self.close()?,
                '|' => {
                    self.skip(1);
                    self.out.push('|');
                    self.atom = None;
                }
                '^' | '$' | '.' => {
                    self.skip(1);
                    self.push(character.encode_utf8(&mut [0; 4]));
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.skip(1);
                    let (min, max) = match character {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(before, &character.to_string(), min, max, repeated)?;
                }
                '{' => self.counted(before, repeated)?,
                '\\' => self.backslash()?,
                literal => {
                    self.skip(literal.len_utf8());
                    self.literal(literal);
                }
            }
        }
        if self.groups.is_empty() { Ok(()) } else { Err("missing closing )".to_owned()) }
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    pub(super) fn push(&mut self, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        self.set_atom(start, 1);
    }

    fn set_atom(&mut self, start: usize, weight: u32) {
        let end = self.out.len();
        self.weight = self.weight.max(weight);
        self.atom = Some(Atom { start, end, weight, is_repetition: false });
    }

    fn literal(&mut self, literal: char) {
        let mut buffer = [0; 4];
        let escaped = regex::escape(literal.encode_utf8(&mut buffer));
        self.push(&escaped);
    }

    fn open(&mut self, text: &str) -> Result<(), String> {
        if self.groups.len() >= MAX_DEPTH {
            return Err("expression nests too deeply".to_owned());
        }
        let start = self.out.len();
        self.out.push_str(text);
        self.groups.push(Group { start, flags: self.flags, weight: self.weight });
        self.weight = 1;
        self.atom = None;
        Ok(())
    }

    fn capture(&mut self, name: Option<&'p str>) -> Result<(), String> {
        self.names.push(name);
        self.open("(")
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(group) = self.groups.pop() else { return Err("unexpected )".to_owned()) };
        self.skip(1);
        self.out.push(')');
        self.flags = group.flags;
        let inside = self.weight;
        self.weight = group.weight;
        self.set_atom(group.start, inside);
        Ok(())
    }

    /// `(?P<name>..)`, `(?<name>..)`, `(?i)`, `(?i-s:..)`.
    fn flags_or_name(&mut self) -> Result<(), String> {
        let named = self.rest.strip_prefix("(?P<").or_else(|| self.rest.strip_prefix("(?<"));
        if let Some(after) = named {
            let Some((name, rest)) = after.split_once('>') else {
                return Err(format!("invalid named capture: `{}`", self.rest));
            };
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(word) {
                return Err(format!("invalid named capture: `(?P<{name}>`"));
            }
            self.rest = rest;
            return self.capture(Some(name));
        }
        let start = self.rest;
        self.skip(2);
        let mut flags = self.flags;
        let (mut on, mut saw) = (true, false);
        let wrong = |rest: &str| {
            let read = &start[..start.len() - rest.len()];
            Err(format!("invalid or unsupported Perl syntax: `{read}`"))
        };
        loop {
            let Some(character) = self.rest.chars().next() else {
                return Err("missing argument to flags, or missing closing )".to_owned());
            };
            self.skip(character.len_utf8());
            let flag = match character {
                'i' => &mut flags.fold,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_newline,
                'U' => &mut flags.swap_greed,
                '-' if on => {
                    (on, saw) = (false, false);
                    continue;
                }
                ':' | ')' if on || saw => {
                    let text = flags.text();
                    if character == ':' {
                        self.open(&format!("(?{text}:"))?;
                    } else {
                        // No atom of its own: `a(?i)*` repeats the `a`.
                        self.out.extend(["(?", &text, ")"]);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return wrong(self.rest),
            };
            *flag = on;
            saw = true;
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is a literal brace.
    fn counted(&mut self, before: &'p str, repeated: Option<&'p str>) -> Result<(), String> {
        let Some(Bounds { min, max, length }) = bounds(self.rest) else {
            self.skip(1);
            self.literal('{');
            return Ok(());
        };
        let most = max.unwrap_or(min);
        if min > MAX_REPEAT || most > MAX_REPEAT || min > most {
            return Err(format!("invalid repeat count: `{}`", &before[..length]));
        }
        let operator = self.rest[..length].to_owned();
        self.skip(length);
        self.repeat(before, &operator, min, max, repeated)
    }

    fn repeat(
        &mut self,
        before: &'p str,
        operator: &str,
        min: u32,
        max: Option<u32>,
        repeated: Option<&'p str>,
    ) -> Result<(), String> {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.skip(1);
        }
        let written = &before[..before.len() - self.rest.len()];
        if let Some(first) = repeated {
            let both = &first[..first.len() - self.rest.len()];
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        let Some(atom) = self.atom.clone() else {
            return Err(format!("missing argument to repetition operator: `{written}`"));
        };
        let own = match (operator.starts_with('{'), max) {
            (true, Some(max)) => max,
            (true, None) if min > 0 => min,
            _ => 1,
        };
        let weight = own.saturating_mul(atom.weight);
        if operator.starts_with('{')
            && (min >= 2 || max.is_some_and(|max| max >= 2))
            && weight > MAX_REPEAT
        {
            return Err(format!("invalid repeat count: `{written}`"));
        }
        let old = self.out[atom.start..atom.end].to_owned();
        let body = if atom.is_repetition { format!("(?:{old})") } else { old };
        let lazy = if lazy { "?" } else { "" };
        let new = format!("{body}{operator}{lazy}");
        self.out.replace_range(atom.start..atom.end, &new);
        let end = atom.start + new.len();
        self.weight = self.weight.max(weight);
        self.atom = Some(Atom { start: atom.start, end, weight, is_repetition: true });
        self.repeated = Some(before);
        Ok(())
    }

    fn backslash(&mut self) -> Result<(), String> {
        match self.rest[1..].chars().next() {
            Some(anchor @ ('A' | 'z')) => {
                self.skip(2);
                self.push(if anchor == 'A' { r"\A" } else { r"\z" });
            }
            Some(boundary @ ('b' | 'B')) => {
                self.skip(2);
                self.push(if boundary == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            Some('Q') => {
                let quoted = &self.rest[2..];
                let (text, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                for character in text.chars() {
                    self.literal(character);
                }
                self.rest = rest;
            }
            Some('p' | 'P') => {
                let class = self.unicode_class()?;
                self.push(&class);
            }
            Some(class @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => {
                self.skip(2);
                let (set, negated) = ascii_class(class);
                self.set(set, negated);
            }
            _ => match self.escape()? {
                Some(character) => self.literal(character),
                None => self.push(r"[^\s\S]"),
            },
        }
        Ok(())
    }

    /// One escaped character; `None` for half of a pair, which matches nothing.
    pub(super) fn escape(&mut self) -> Result<Option<char>, String> {
        let start = self.rest;
        self.skip(1);
        let Some(character) = self.rest.chars().next() else {
            return Err("trailing backslash at end of expression".to_owned());
        };
        self.skip(character.len_utf8());
        let code = match character {
            '1'..='7' if !self.rest.starts_with(|c| matches!(c, '0'..='7')) => None,
            '0'..='7' => {
                let more =
                    self.rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = &start[1..2 + more];
                self.skip(more);
                u32::from_str_radix(digits, 8).ok()
            }
            'x' => self.hexadecimal(),
            'a' => Some(7),
            'f' => Some(0xc),
            'n' => Some(0xa),
            'r' => Some(0xd),
            't' => Some(9),
            'v' => Some(0xb),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(u32::from(other)),
            _ => None,
        };
        let Some(code) = code else {
            let read = &start[..start.len() - self.rest.len()];
            return Err(format!("invalid escape sequence: `{read}`"));
        };
        Ok(char::from_u32(code))
    }

    /// `\x41`, `\x{1F600}`.
    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = if let Some(braced) = self.rest.strip_prefix('{') {
            let (digits, rest) = braced.split_once('}')?;
            self.rest = rest;
            digits
        } else {
            let digits = self.rest.get(..2)?;
            self.skip(2);
            digits
        };
        let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = fits.then(|| u32::from_str_radix(digits, 16).ok())??;
        (code <= 0x10_ffff).then_some(code)
    }
}

impl Flags {
    /// As the crate writes them, each of them said.
    fn text(self) -> String {
        let flags = [
            ('i', self.fold),
            ('m', self.multi_line),
            ('s', self.dot_newline),
            ('U', self.swap_greed),
        ];
        let pick = |on: bool| flags.iter().filter(move |flag| flag.1 == on).map(|flag| flag.0);
        let off: String = pick(false).collect();
        let dash = if off.is_empty() { "" } else { "-" };
        format!("{}{dash}{off}", pick(true).collect::<String>())
    }
}

/// The numbers of `{2,5}`; one too large for 32 bits is `u32::MAX`, which is too large anyway.
struct Bounds {
    min: u32,
    max: Option<u32>,
    /// How long it is, in bytes.
    length: usize,
}

/// Nothing where it is no repetition at all.
fn bounds(text: &str) -> Option<Bounds> {
    let inside = text.strip_prefix('{')?;
    let end = inside.find('}')?;
    let number = |text: &str| {
        let zero = text.len() > 1 && text.starts_with('0');
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && !zero).then(|| text.parse().unwrap_or(u32::MAX))
    };
    let (min, max) = match inside[..end].split_once(',') {
        None => (number(&inside[..end])?, Some(number(&inside[..end])?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some(Bounds { min, max, length: end + 2 })
}
