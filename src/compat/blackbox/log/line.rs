use std::{borrow::Cow, fmt::Write as _, str::FromStr};

use jiff::Timestamp;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Debug,
    /// What is worth knowing.
    Info,
    /// What may be wrong.
    Warn,
    /// What is.
    Error,
}

impl Level {
    /// As Go's `slog` writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Debug, Self::Info, Self::Warn, Self::Error];
        let found = all.into_iter().find(|level| level.word().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("unrecognized log level {text}"))
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `time=... level=INFO source=... msg="..."`
    #[default]
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// A line before it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'a> {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// Which part of the program says it.
    pub source: &'a str,
    /// The message.
    pub words: Cow<'a, str>,
    /// The module's name; empty where the line is of no probe.
    pub module: &'a str,
    /// The target; empty where the line is of no probe.
    pub target: &'a str,
    /// What else it says.
    pub pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Line<'a> {
    /// The same with a pair more.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.pairs.push((key.into(), value.into()));
        self
    }

    /// Appends the line, its line break included.
    pub fn write(&self, format: Format, out: &mut String) {
        let at = format!("{:.3}", self.at);
        let head = [
            ("time", at.as_str()),
            ("level", self.level.word()),
            ("source", self.source),
            ("msg", &self.words),
        ];
        let probe = [("module", self.module), ("target", self.target)];
        let probe = probe.into_iter().filter(|_| !self.module.is_empty());
        let pairs = self.pairs.iter().map(|(key, value)| (&**key, &**value));
        let all = head.into_iter().chain(probe).chain(pairs);
        match format {
            Format::Logfmt => logfmt(all, out),
            Format::Json => json(all, out),
        }
        out.push('\n');
    }
}

fn logfmt<'l>(pairs: impl Iterator<Item = (&'l str, &'l str)>, out: &mut String) {
    for (at, (key, value)) in pairs.enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push('=');
        quote(value, out);
    }
}

/// Quotes where needed, as `slog` does. A stranger's newline must not make a line of its own.
fn quote(value: &str, out: &mut String) {
    let special = |c: char| c.is_control() || matches!(c, ' ' | '"' | '=' | '\u{fffd}');
    if !value.is_empty() && !value.contains(special) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn json<'l>(pairs: impl Iterator<Item = (&'l str, &'l str)>, out: &mut String) {
    let object: serde_json::Map<_, _> =
        pairs.map(|(key, value)| (key.to_owned(), value.into())).collect();
    out.push_str(&serde_json::Value::Object(object).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line<'static> {
        Line {
            at: "2026-08-18T12:00:00.0005Z".parse().unwrap(),
            level: Level::Error,
            source: "http",
            words: "Probe failed".into(),
            module: "http_2xx",
            target: "http://a/?b=c",
            pairs: vec![("err".into(), "a \"b\"\nc".into()), ("n".into(), "1".into())],
        }
    }

    #[test]
    fn shapes() {
        let mut out = String::new();
        line().write(Format::Logfmt, &mut out);
        line().write(Format::Json, &mut out);
        insta::assert_snapshot!(out, @r#"
        time=2026-08-18T12:00:00.000Z level=ERROR source=http msg="Probe failed" module=http_2xx target="http://a/?b=c" err="a \"b\"\nc" n=1
        {"time":"2026-08-18T12:00:00.000Z","level":"ERROR","source":"http","msg":"Probe failed","module":"http_2xx","target":"http://a/?b=c","err":"a \"b\"\nc","n":"1"}
        "#);
    }

    #[test]
    fn levels() {
        assert_eq!("Debug".parse(), Ok(Level::Debug));
        assert_eq!("verbose".parse::<Level>(), Err("unrecognized log level verbose".to_owned()));
        assert!(Level::Debug < Level::Error);
    }
}
