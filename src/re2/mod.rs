//! RE2 syntax and byte semantics on top of the `regex` crate.
//!
//! Prometheus' tools are written in Go, whose `regexp` is RE2: unanchored, `\d \w \s` are ASCII, input is bytes. `syntax`
//! holds the differences in spelling, `text` what is made of bytes that are no UTF-8, `template` how a match is written out. The `regex` crate runs in linear time too, so a user's pattern cannot hang a probe;
//! sizes are bounded. `whole` is for those that a whole text has to match, and many of which are held.

mod class;
mod syntax;
mod template;
mod text;
mod whole;

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use regex::bytes::RegexBuilder;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::whole::{Fault, Whole};
use self::{syntax::Translated, template::Piece, text::Text};

/// The largest compiled pattern of a configuration, in bytes: ten thousand names of hosts, or `\\pL{1000}`.
pub const CONFIGURED: usize = 32 << 20;

/// The largest one that may be a stranger's: what a template or an expression takes from its data.
const STRANGERS: usize = 2 << 20;

/// What a search may work in.
const WORK: usize = 2 << 20;

/// A compiled pattern that remembers its text.
#[derive(Clone)]
pub struct Regex {
    /// Shared by its clones, and with it the memory that searches work in.
    compiled: Arc<regex::bytes::Regex>,
    /// By the number of the group.
    names: Arc<[Option<Box<str>>]>,
    written: Box<str>,
}

impl Regex {
    /// Compiles a pattern that need not be of the configuration.
    ///
    /// # Errors
    /// Why it is none, or that it is too large.
    pub fn of_data(text: &str) -> Result<Self, String> {
        Self::limited(text, STRANGERS)
    }

    fn limited(text: &str, most: usize) -> Result<Self, String> {
        let Translated { pattern, names } = syntax::translate(text)
            .map_err(|why| format!("`{text}` is not a regular expression (RE2 syntax): {why}"))?;
        RegexBuilder::new(&pattern)
            .size_limit(most)
            .dfa_size_limit(WORK)
            .build()
            .map(|compiled| Self { compiled: compiled.into(), names, written: text.into() })
            .map_err(|error| reason(text, &error))
    }

    /// Whether it is found anywhere in the bytes.
    pub fn is_match(&self, haystack: &[u8]) -> bool {
        self.compiled.is_match(&Text::new(haystack))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Where the first match ends.
    pub fn find_end(&self, haystack: &[u8]) -> Option<usize> {
        let text = Text::new(haystack);
        self.compiled.find(&text).map(|found| text.written(found.end()))
    }

    /// The named groups that took part in the first match, if there is one; of several with one name the first.
    pub fn named<'h>(&self, haystack: &'h [u8]) -> Option<Vec<(&str, &'h [u8])>> {
        let text = Text::new(haystack);
        let captures = self.compiled.captures(&text)?;
        let mut named: Vec<(&str, &[u8])> = Vec::new();
        for (name, group) in self.names.iter().zip(captures.iter()) {
            let (Some(name), Some(group)) = (name.as_deref(), group) else { continue };
            if named.iter().all(|(other, _)| *other != name) {
                named.push((name, text.between(group.range())));
            }
        }
        Some(named)
    }

    /// The first match's groups expanded into `template` (`$1`, `${name}`), if there is a match.
    pub fn expand(&self, haystack: &[u8], template: &str) -> Option<Vec<u8>> {
        let text = Text::new(haystack);
        let captures = self.compiled.captures(&text)?;
        let mut expanded = Vec::new();
        self.expand_into(&mut expanded, template::pieces(template), &captures, &text, usize::MAX)?;
        Some(expanded)
    }

    /// Every match replaced by `template` with its groups expanded (`$1`, `${name}`), as Go's `ReplaceAllString`; `None`
    /// where the result would be longer than `most` bytes.
    pub fn replace_all(&self, haystack: &[u8], template: &str, most: usize) -> Option<Vec<u8>> {
        let text = Text::new(haystack);
        let pieces: Vec<Piece<'_>> = template::pieces(template).collect();
        let (mut replaced, mut copied) = (Vec::with_capacity(haystack.len()), 0);
        for captures in self.compiled.captures_iter(&text) {
            let Some(whole) = captures.get(0) else { continue };
            // Nothing is found between characters, and not within one.
            if whole.is_empty() && text.get(whole.start()).is_some_and(|byte| byte & 0xC0 == 0x80) {
                continue;
            }
            replaced.extend_from_slice(text.between(copied..whole.start()));
            copied = whole.end();
            self.expand_into(&mut replaced, pieces.iter().copied(), &captures, &text, most)?;
        }
        replaced.extend_from_slice(text.between(copied..text.len()));
        (replaced.len() <= most).then_some(replaced)
    }

    /// References of a template to groups that the pattern does not have: they are empty whatever matches.
    pub fn unknown_groups<'t>(&self, template: &'t str) -> Vec<&'t str> {
        template::pieces(template)
            .filter_map(|piece| match piece {
                Piece::Group(name) if self.numbers(name).next().is_none() => Some(name),
                Piece::Group(_) | Piece::Text(_) => None,
            })
            .collect()
    }

    /// `None` once there are more than `most` bytes.
    fn expand_into<'t>(
        &self,
        out: &mut Vec<u8>,
        pieces: impl Iterator<Item = Piece<'t>>,
        captures: &regex::bytes::Captures<'_>,
        text: &Text<'_>,
        most: usize,
    ) -> Option<()> {
        for piece in pieces {
            if out.len() > most {
                return None;
            }
            match piece {
                Piece::Text(literal) => out.extend_from_slice(literal.as_bytes()),
                // Of several groups with one name that counts which took part.
                Piece::Group(name) => {
                    let found = self.numbers(name).find_map(|number| captures.get(number));
                    out.extend_from_slice(found.map_or(&[], |group| text.between(group.range())));
                }
            }
        }
        Some(())
    }

    /// The groups that a template means by a number or name.
    fn numbers(&self, name: &str) -> impl Iterator<Item = usize> {
        let number = template::number(name);
        let means = move |(at, own): (usize, &Option<Box<str>>)| match number {
            Some(number) => (at == number).then_some(at),
            None => (own.as_deref() == Some(name)).then_some(at),
        };
        self.names.iter().enumerate().filter_map(means)
    }
}

impl FromStr for Regex {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::limited(text, CONFIGURED)
    }
}

/// The crates draw a picture over several lines, and say at last what it is.
fn last_line(text: &str) -> &str {
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last)
}

fn reason(text: &str, error: &regex::Error) -> String {
    let why: Cow<'_, str> = match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("it compiles to more than {limit} bytes").into()
        }
        other => last_line(&other.to_string()).to_owned().into(),
    };
    format!("`{text}` is not a regular expression (RE2 syntax): {why}")
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.written)
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Serialize for Regex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Regex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Regex {
    fn schema_name() -> Cow<'static, str> {
        "Regex".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a regular expression in RE2 syntax, unanchored", "format": "regex" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &[u8]) -> bool {
        pattern.parse::<Regex>().unwrap().is_match(text)
    }

    #[test]
    fn behaves_as_go_does() {
        assert!(matches(r"\d", b"7") && !matches(r"^\d$", "٣".as_bytes()));
        assert!(matches(r"[\d.]+x", b"1.2x") && matches(r"[^\s]", b"a"));
        assert!(matches(r"\Qa.b\E$", b"a.b") && !matches(r"\Qa.b\E", b"axb"));
        assert!(matches(r"^\\d$", br"\d"));
        assert!(matches(r"\bword\b", b"a word here"));
        assert!(matches("b", b"\xff\xfeb"));
    }

    /// Each of these was given to Go's `ReplaceAllString`.
    #[test]
    fn every_match_is_replaced() {
        let replaced = |pattern: &str, text: &str, with: &str| {
            let pattern: Regex = pattern.parse().unwrap();
            pattern
                .replace_all(text.as_bytes(), with, 100)
                .map(|bytes| String::from_utf8(bytes).unwrap())
        };
        for (pattern, text, with, expected) in [
            ("a*", "baac", "x", "xbxcx"),
            ("", "äb", "-", "-ä-b-"),
            ("([a-z]+)-([0-9])", "mitte-1 ost-2", "$2:${1}x", "1:mittex 2:ostx"),
            ("(a)", "abc", "$1x", "bc"),
            ("x", "abc", "y", "abc"),
        ] {
            assert_eq!(replaced(pattern, text, with).as_deref(), Some(expected), "{pattern}");
        }
        assert_eq!(replaced("a", &"a".repeat(90), "bb"), None);
        assert_eq!(replaced(".", "a", &"b".repeat(101)), None);
    }

    /// Each of these was given to Go's `regexp`.
    #[test]
    fn a_byte_that_is_no_utf8_is_a_character() {
        let latin1 = b"<title>Biblioth\xe8que</title>";
        for pattern in [
            "<title>.*</title>",
            "Biblioth.que",
            "<title>[^<]+</title>",
            r"Biblioth\Wque",
            "h.?q",
            "^.{27}$",
            "h[^a-z]{1}q",
            "h\u{fffd}q",
            r"h\x{FFFD}q",
            r"h\PLq",
            "h(?i)[^A]q",
        ] {
            assert!(matches(pattern, latin1), "{pattern}");
        }
        for pattern in ["^.{2}$", "^..$", "[^é]", r"\PL"] {
            assert!(!matches(pattern, "é".as_bytes()), "{pattern}");
        }
        assert!(matches("^.$", "é".as_bytes()) && !matches(".", b"\n"));
        assert!(matches("(?s).", b"\n") && matches("a(?i)b*C", b"abBc"));
        // Half of a character is one for each of its bytes.
        assert!(matches("^...$", b"\xe2\x82a") && matches("^a.{3}$", b"a\xf0\x9f\x94"));
    }

    /// Each of these was given to Go's `Regexp.Expand`.
    #[test]
    fn a_match_is_expanded_from_the_bytes_as_they_were() {
        for (pattern, haystack, template, wanted) in [
            ("a(.)b(.)", &b"\xe9a\xe9b\xfc\xe9"[..], "$2-$1-$0", &b"\xfc-\xe9-a\xe9b\xfc"[..]),
            ("(é)(.)", b"\xff\xc3\xa9\xff", "${2}$1", b"\xff\xc3\xa9"),
            ("(?P<a>x)|(?P<a>y)", b"y", "<$a>", b"<y>"),
            ("(?P<1a>x)", b"x", "$1a", b"x"),
            ("(x)", b"x", "$1x|${1}x|$$1|$01|$|${|${1|$9|$no", b"|xx|$1||$|${|${1||"),
        ] {
            let pattern: Regex = pattern.parse().unwrap();
            let expanded = pattern.expand(haystack, template).unwrap();
            assert_eq!(expanded.escape_ascii().to_string(), wanted.escape_ascii().to_string());
        }
        let pattern: Regex = "(?P<a>.)(.)(?P<b>.)".parse().unwrap();
        let named = [("a", &b"\xff"[..]), ("b", b"\xc3\xa9")];
        assert_eq!(pattern.named(b"\xff-\xc3\xa9").unwrap(), named);
        assert_eq!(pattern.find_end(b"\xff\n\xff-\xc3\xa9-"), Some(6));
    }

    #[test]
    fn references_to_nothing_are_found() {
        let pattern: Regex = "(a)(?P<host>b)".parse().unwrap();
        for (template, unknown) in [
            ("${1} $2 ${host} $host $0", &[][..]),
            ("$1x ${3} $$9 $ ${", &["1x", "3"]),
            ("$hosts-${port}", &["hosts", "port"]),
        ] {
            assert_eq!(pattern.unknown_groups(template), unknown, "{template}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_template_panics(
            template in "[$a-c{}0-3é ]{0,12}", haystack in proptest::collection::vec(0_u8.., 0..9),
        ) {
            let pattern: Regex = "(?s)(.)(?P<b>.*)".parse().unwrap();
            pattern.unknown_groups(&template);
            pattern.expand(&haystack, &template);
            let all = pattern.expand(&haystack, "$0");
            proptest::prop_assert_eq!(all.unwrap_or_default(), haystack);
        }
    }

    /// Go's own limit is 1,000; the crate's is what its recursion has stack for.
    #[test]
    fn groups_nest_to_a_depth() {
        let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        assert!(matches(&nested(240), b"a"));
        for depth in [260, 1001, 100_000] {
            assert!(nested(depth).parse::<Regex>().is_err_and(|why| why.contains("nest")));
        }
    }

    /// Each of these was given to Go's `regexp.Compile`.
    #[test]
    fn what_go_accepts_is_accepted() {
        for (pattern, text) in [
            (r#"{"status":"ok"}"#, r#"x{"status":"ok"}"#),
            ("a{,5}", "a{,5}"),
            ("a{", "a{"),
            ("a{01}", "a{01}"),
            (r"\Qa.b\E+", "a.bb"),
            (r"\pN\PL\p{Greek}\p{^Greek}", "1-αx"),
            (r"\p{gre ek}\pl\p{ASCII}\p{lower-case_Letter}\P{ASSIGNED}?", "αxAa"),
            (r"[\p{Cased_Letter}\p{digit}]+\p{any}\p{Thai}?", "aB1x"),
            (r"[[:alpha:]\d_]+\z", "a1_"),
            (r"[[:^alpha:]]", "1"),
            (r"\x{1F600}\x41\101\07", "\u{1f600}AA\u{7}"),
            ("[]a]", "]"),
            ("[a-z&&b]", "&"),
            ("[a-]", "-"),
            ("[[:a]", ":"),
            (r"\_\-\<\%", "_-<%"),
            ("(|a)*", ""),
            ("(?P<a>x)(?P<a>y)(?<b>z)", "xyz"),
            (r"\b{start}a", "x{start}a"),
            ("(?)a(?i)*", "AAA"),
            ("x{1000}", &"x".repeat(1000)),
            ("^*", ""),
            ("(?U)a+", "a"),
        ] {
            let compiled = pattern.parse::<Regex>();
            let found = compiled.as_ref().map(|regex| regex.is_match(text.as_bytes()));
            let wanted = !matches!(pattern, r"\b{start}a" | "(?)a(?i)*");
            assert!(found.is_ok_and(|found| found || !wanted), "{pattern}: {compiled:?}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "(?=a)",
            r"(a)\1",
            r"a\Z",
            "a{1001}",
            "(a{100}){100}",
            "(?x) a",
            r"\C",
            r"\u{41}",
            "[z-a]",
            r"\y",
            "a**",
            r"a\",
            r"\p{Nope}",
            r"\p{Grek}",
            r"\p{Zyyy}",
            r"\p{}",
            r"\p{gr\u{e9}ek}",
            r"\p{Alphabetic}",
            "(?u)a",
            "*a",
            "a)",
            "(a",
            "a{3,2}",
            "(?R)a",
            "a++",
            "(|*)",
            "(?P<>a)",
            "(?P<a-b>c)",
            "[[:nope:]]",
            "[",
            "(?-)",
            "a{2}{3}",
            r"\x{110000}",
            r"\xZ1",
            r"\8",
            "(?i",
            r"[\b]",
            r"\é",
        ] {
            assert!(pattern.parse::<Regex>().is_err(), "{pattern}");
        }
    }

    proptest::proptest! {
        /// What passes our reading is never refused by the crate, but for its size.
        #[test]
        fn a_translated_pattern_compiles(pattern in r"[a-c(){}\[\]|*+?^$.,:\\0-3<>iPQEdDpNx&#é-]{0,16}") {
            if let Err(why) = pattern.parse::<Regex>() {
                let ours = syntax::translate(&pattern).is_err();
                proptest::prop_assert!(ours || why.contains("bytes"), "{} {}", pattern, why);
            }
        }
    }

    #[test]
    fn a_bad_pattern_is_one_line() {
        let error = "a(".parse::<Regex>().unwrap_err();
        assert!(error.starts_with("`a(` is not") && !error.contains('\n'), "{error}");
        assert!(r"\pL{1000}\pL{1000}\pL{1000}".parse::<Regex>().unwrap_err().contains("bytes"));
        assert!(Regex::of_data(r"\pL{1000}").unwrap_err().contains("bytes"));
    }
}
