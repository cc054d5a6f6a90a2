//! RE2 syntax and byte semantics on top of the `regex` crate.
//!
//! Prometheus' tools are written in Go, whose `regexp` is RE2: unanchored, `\d \w \s` are ASCII, input is bytes, and
//! `\Q..\E` quotes. The `regex` crate runs in linear time too, so a user's pattern cannot hang a probe; sizes are bounded.

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
        regex::bytes::RegexBuilder::new(&translate(text))
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(|regex| Self(regex, text.into()))
            .map_err(|error| reason(text, &error))
    }
}

/// RE2's spelling to that of `regex`: ASCII classes by `(?-u:..)`, `\Q..\E` quoted, `\C` refused by the parser itself.
fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escaped = rest[at + 1..].chars().next();
        match escaped {
            Some('Q') => {
                let quoted = &rest[at + 2..];
                let end = quoted.find("\\E").unwrap_or(quoted.len());
                out.push_str(&regex::escape(&quoted[..end]));
                rest = quoted.get(end + 2..).unwrap_or_default();
            }
            // Inside a character class a group is not allowed; POSIX names are ASCII everywhere.
            Some(class @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => {
                out.push_str(ascii_class(class));
                rest = &rest[at + 2..];
            }
            Some('b') => {
                out.push_str("(?-u:\\b)");
                rest = &rest[at + 2..];
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
                rest = &rest[at + 1 + other.len_utf8()..];
            }
            None => {
                out.push('\\');
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out
}

fn ascii_class(class: char) -> &'static str {
    match class {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\f\r ]",
        _ => r"[^\t\n\f\r ]",
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
    fn a_bad_pattern_is_one_line() {
        let error = "a(".parse::<Regex>().unwrap_err();
        assert!(error.starts_with("`a(` is not") && !error.contains('\n'), "{error}");
        assert!("(a{1000}){1000}".parse::<Regex>().unwrap_err().contains("bytes"));
    }
}
