//! The classes RE2 knows by a letter or a name.

use std::fmt::Write as _;

use super::syntax::Translator;

impl Translator<'_> {
    /// `[a-z]`, `[^\d[:alpha:]]`.
    pub(super) fn class(&mut self) -> Result<(), String> {
        let start = self.rest;
        self.skip(1);
        let negated = self.rest.starts_with('^');
        if negated {
            self.skip(1);
        }
        let (mut items, mut first) = (String::new(), true);
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.posix_class(&mut items)? {
                continue;
            }
            match self.rest.get(..2) {
                Some("\\p" | "\\P") => {
                    items.push_str(&self.unicode_class()?);
                    continue;
                }
                Some(perl @ ("\\d" | "\\D" | "\\w" | "\\W" | "\\s" | "\\S")) => {
                    let (set, negated) = ascii_class(char::from(perl.as_bytes()[1]));
                    let caret = if negated { "^" } else { "" };
                    items.extend(["[", caret, set, "]"]);
                    self.skip(2);
                    continue;
                }
                _ => {}
            }
            let range = self.rest;
            let low = self.class_character(start)?;
            let mut high = low;
            if self.rest.starts_with('-') && self.rest.len() > 1 && !self.rest.starts_with("-]") {
                self.skip(1);
                high = self.class_character(start)?;
                if high < low {
                    let read = &range[..range.len() - self.rest.len()];
                    return Err(format!("invalid character class range: `{read}`"));
                }
            }
            push_range(&mut items, low, high);
        }
        self.skip(1);
        self.set(&items, negated);
        Ok(())
    }

    /// The code of a character inside a class.
    fn class_character(&mut self, class: &str) -> Result<u32, String> {
        match self.rest.chars().next() {
            None => Err(format!("missing closing ]: `{class}`")),
            // Half of a pair cannot stand in text, so any other character that cannot will do.
            Some('\\') => Ok(self.escape()?.map_or(0x10_ffff, u32::from)),
            Some(character) => {
                self.skip(character.len_utf8());
                Ok(u32::from(character))
            }
        }
    }

    /// `[:alpha:]`; without its end the bracket is a literal.
    fn posix_class(&mut self, items: &mut String) -> Result<bool, String> {
        let Some(after) = self.rest.strip_prefix("[:") else { return Ok(false) };
        let Some((name, rest)) = after.split_once(":]") else { return Ok(false) };
        let bare = name.strip_prefix('^').unwrap_or(name);
        if !POSIX.contains(&bare) {
            return Err(format!("invalid character class range: `[:{name}:]`"));
        }
        items.extend(["[:", name, ":]"]);
        self.rest = rest;
        Ok(true)
    }

    /// A bracketed set whose items are given.
    pub(super) fn set(&mut self, items: &str, negated: bool) {
        let caret = if negated { "^" } else { "" };
        self.push(&format!("[{caret}{items}]"));
    }

    /// `\pN`, `\p{Greek}`, `\p{^Greek}`, `\PN`.
    pub(super) fn unicode_class(&mut self) -> Result<String, String> {
        let start = self.rest;
        let mut negated = self.rest.starts_with("\\P");
        self.skip(2);
        let invalid = |rest: &str| {
            format!("invalid character class range: `{}`", &start[..start.len() - rest.len()])
        };
        let Some(first) = self.rest.chars().next() else { return Err(invalid("")) };
        let mut name = if first == '{' {
            let Some((name, rest)) = self.rest[1..].split_once('}') else {
                return Err(invalid(""));
            };
            self.rest = rest;
            name
        } else {
            let name = &self.rest[..first.len_utf8()];
            self.skip(first.len_utf8());
            name
        };
        if let Some(inner) = name.strip_prefix('^') {
            negated = !negated;
            name = inner;
        }
        let Some(property) = property(name) else { return Err(invalid(self.rest)) };
        let letter = if negated { 'P' } else { 'p' };
        let class = format!("\\{letter}{{{property}}}");
        // The crate has the table of scripts.
        regex_automata::util::syntax::parse(&class).map_err(|_| invalid(self.rest))?;
        Ok(class)
    }
}

/// Items of a class from `low` to `high`, without the codes between that are no characters.
fn push_range(items: &mut String, low: u32, high: u32) {
    let character = |code: u32| char::from_u32(code).unwrap_or('\u{fffd}');
    let low = if (0xd800..0xe000).contains(&low) { 0xe000 } else { low };
    let high = if (0xd800..0xe000).contains(&high) { 0xd7ff } else { high };
    for (at, code) in [low, high].into_iter().enumerate() {
        if at == 1 {
            if high <= low {
                return;
            }
            items.push('-');
        }
        let _ = write!(items, "\\x{{{:X}}}", u32::from(character(code)));
    }
}

/// The members of `\d`, `\w`, `\s`, and whether the class is their complement.
pub(super) fn ascii_class(class: char) -> (&'static str, bool) {
    let set = match class.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        _ => r"\t\n\f\r ",
    };
    (set, class.is_ascii_uppercase())
}

/// What the crate calls a property that Go knows by this name since 1.25, in which case, blanks and `_-` mean nothing.
fn property(name: &str) -> Option<String> {
    if !name.is_ascii() {
        return None;
    }
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let name = plain(name);
    let category = CATEGORIES.iter().find(|(short, long)| {
        plain(short) == name || long.split(' ').any(|long| !long.is_empty() && plain(long) == name)
    });
    if let Some((short, _)) = category {
        return Some((*short).to_owned());
    }
    // The crate knows scripts by their codes of four letters too, Go by their names alone.
    let is_code = name.len() == 4 && !SCRIPTS_OF_FOUR.contains(&&*name);
    (name.len() > 1 && !is_code).then(|| format!("Script={name}"))
}

/// Names of POSIX classes, `[:alpha:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Scripts whose whole name has four letters.
const SCRIPTS_OF_FOUR: [&str; 9] =
    ["ahom", "cham", "kawi", "lisu", "miao", "modi", "newa", "thai", "toto"];

/// Unicode's general categories, `\pL`, with what else Go calls them, and what it treats like them.
const CATEGORIES: [(&str, &str); 41] = [
    ("Any", ""),
    ("Assigned", ""),
    ("ASCII", ""),
    ("C", "Other"),
    ("Cc", "Control cntrl"),
    ("Cf", "Format"),
    ("Cn", "Unassigned"),
    ("Co", "Private_Use"),
    ("Cs", "Surrogate"),
    ("L", "Letter"),
    ("LC", "Cased_Letter"),
    ("Ll", "Lowercase_Letter"),
    ("Lm", "Modifier_Letter"),
    ("Lo", "Other_Letter"),
    ("Lt", "Titlecase_Letter"),
    ("Lu", "Uppercase_Letter"),
    ("M", "Mark Combining_Mark"),
    ("Mc", "Spacing_Mark"),
    ("Me", "Enclosing_Mark"),
    ("Mn", "Nonspacing_Mark"),
    ("N", "Number"),
    ("Nd", "Decimal_Number digit"),
    ("Nl", "Letter_Number"),
    ("No", "Other_Number"),
    ("P", "Punctuation punct"),
    ("Pc", "Connector_Punctuation"),
    ("Pd", "Dash_Punctuation"),
    ("Pe", "Close_Punctuation"),
    ("Pf", "Final_Punctuation"),
    ("Pi", "Initial_Punctuation"),
    ("Po", "Other_Punctuation"),
    ("Ps", "Open_Punctuation"),
    ("S", "Symbol"),
    ("Sc", "Currency_Symbol"),
    ("Sk", "Modifier_Symbol"),
    ("Sm", "Math_Symbol"),
    ("So", "Other_Symbol"),
    ("Z", "Separator"),
    ("Zl", "Line_Separator"),
    ("Zp", "Paragraph_Separator"),
    ("Zs", "Space_Separator"),
];
