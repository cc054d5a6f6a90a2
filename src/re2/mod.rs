//! RE2 syntax and byte semantics on top of the `regex` crate.
//!
//! Prometheus' tools are written in Go, whose `regexp` is RE2: unanchored, `\d \w \s` are ASCII, input is bytes. `syntax`
//! holds the differences in spelling. The `regex` crate runs in linear time too, so a user's pattern cannot hang a probe;
//! sizes are bounded.

mod class;
mod syntax;

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest compiled pattern, in bytes; a few hundred times what people write.
const SIZE_LIMIT: usize = 2 << 20;

/// A compiled pattern that remembers its text.
#[derive(Clone)]
pub struct Regex(regex::bytes::Regex, Box<str>);

impl Regex {
    /// Whether it is found anywhere in the bytes.
    pub fn is_match(&self, haystack: &[u8]) -> bool {
        self.0.is_match(haystack)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.1
    }

    /// The first match's groups expanded into `template` (`$1`, `${name}`), if there is a match.
    pub fn expand(&self, haystack: &[u8], template: &str) -> Option<Vec<u8>> {
        let captures = self.0.captures(haystack)?;
        let mut expanded = Vec::new();
        captures.expand(template.as_bytes(), &mut expanded);
        Some(expanded)
    }

    /// The underlying regex, for captures.
    pub fn inner(&self) -> &regex::bytes::Regex {
        &self.0
    }
}

impl FromStr for Regex {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pattern = syntax::translate(text)
            .map_err(|why| format!("`{text}` is not a regular expression (RE2 syntax): {why}"))?;
        regex::bytes::RegexBuilder::new(&pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(|regex| Self(regex, text.into()))
            .map_err(|error| reason(text, &error))
    }
}

/// One line; the `regex` crate draws a picture over several.
fn reason(text: &str, error: &regex::Error) -> String {
    let why: Cow<'_, str> = match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("it compiles to more than {limit} bytes").into()
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned().into()
        }
    };
    format!("`{text}` is not a regular expression (RE2 syntax): {why}")
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.1)
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Serialize for Regex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1)
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

    #[test]
    fn a_byte_that_is_no_utf8_is_a_character() {
        let latin1 = b"<title>Biblioth\xe8que</title>";
        for pattern in
            ["<title>.*</title>", "Biblioth.que", "<title>[^<]+</title>", r"Biblioth\Wque", "h.?q"]
        {
            assert!(matches(pattern, latin1), "{pattern}");
        }
        assert!(!matches("^.{2}$", "é".as_bytes()) && matches("^.$", "é".as_bytes()));
        assert!(!matches("[^é]", "é".as_bytes()) && !matches(".", b"\n"));
        assert!(matches("(?s).", b"\n") && matches("a(?i)b*C", b"abBc"));
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
            r"\p{greek}",
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
        assert!(r"\pL{1000}".parse::<Regex>().unwrap_err().contains("bytes"));
    }
}
