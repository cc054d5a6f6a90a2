//! Rules about the body as JSON: what programs with texts and loose types compare, in JSONPath and CEL.

use toml::Table;

use super::{glob, glob::escaped};
use crate::compat::client::options::put;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compat) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Operator {
    pub(in crate::compat) const fn word(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }

    /// The same with its sides exchanged.
    pub(in crate::compat) const fn reversed(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }

    pub(in crate::compat) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterEqual => left >= right,
        }
    }
}

/// A value in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compat) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Each,
}

impl Path {
    /// Reads `data[0].name`; `None` for what is more than keys and indexes.
    pub(in crate::compat) fn read(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for part in text.split('.').filter(|_| !text.is_empty()) {
            let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() && rest.is_empty() {
                return None;
            }
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            }
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, behind) = inner.split_once(']')?;
                steps.push(match index {
                    "*" => Step::Each,
                    digits => Step::Index(digits.parse().ok()?),
                });
                rest = behind;
            }
            if !rest.is_empty() {
                return None;
            }
        }
        let plain = |step: &Step| match step {
            Step::Key(key) => {
                !key.chars().any(|c| "[]()'\"`$*? {}&|=<>!^,\\".contains(c) || c.is_control())
            }
            _ => true,
        };
        steps.iter().all(plain).then_some(Self(steps))
    }

    /// In JSONPath.
    fn query(&self) -> String {
        let mut out = String::from("$");
        for step in &self.0 {
            out.push_str(&match step {
                Step::Key(key) if is_name(key) => format!(".{key}"),
                Step::Key(key) => format!("['{key}']"),
                Step::Index(index) => format!("[{index}]"),
                Step::Each => "[*]".to_owned(),
            });
        }
        out
    }

    /// In CEL: the expression, and what has to hold for it to mean something. `None` where it selects several.
    fn cel(&self) -> Option<(String, String)> {
        let mut at = String::from("body");
        let mut guards = Vec::new();
        for step in &self.0 {
            match step {
                Step::Key(key) if is_name(key) && !RESERVED.contains(&&**key) => {
                    at = format!("{at}.{key}");
                    guards.push(format!("has({at})"));
                }
                Step::Key(key) => {
                    guards.push(format!("\"{key}\" in {at}"));
                    at = format!("{at}[\"{key}\"]");
                }
                Step::Index(index) => {
                    guards.push(format!("size({at}) > {index}"));
                    at = format!("{at}[{index}]");
                }
                Step::Each => return None,
            }
        }
        Some((at, guards.join(" && ")))
    }
}

/// Words of CEL that name nothing.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

fn is_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One of these texts, word for word, as a regular expression without anchors.
pub(in crate::compat) fn any_of(texts: &[String]) -> String {
    texts.iter().map(|text| escaped(text)).collect::<Vec<_>>().join("|")
}

/// A value in the body, and what it is compared with.
#[derive(Debug)]
pub(in crate::compat) enum Comparison<'t> {
    /// With a text.
    Text(Operator, &'t str),
    /// With a shell pattern.
    Pattern(bool, &'t str),
    /// With each of some texts.
    Any(bool, Vec<String>),
    /// With an expression that matches somewhere.
    Matches(&'t str),
    /// Its length.
    Length(Operator, i64),
    /// Whether it is there.
    Exists(bool),
}

/// What is written of it.
#[derive(Debug, PartialEq)]
pub(in crate::compat) enum Rule {
    Json(Table),
    Cel(String),
}

impl Comparison<'_> {
    /// The rule; `None` where there is none that means the same.
    pub(in crate::compat) fn rule(&self, path: &Path) -> Option<Rule> {
        let mut json = Table::new();
        put(&mut json, "path", path.query());
        match self {
            Self::Exists(wanted) => put(&mut json, "exists", *wanted),
            Self::Matches(regex) => put(&mut json, "regex", *regex),
            Self::Length(operator, length) => {
                let (at, _) = path.cel()?;
                return Some(Rule::Cel(format!("size({at}) {} {length}", operator.word())));
            }
            // A text and another value that reads the same are equal there, so both are matched.
            Self::Text(Operator::Equal, text) if is_other_value(text) => {
                put(&mut json, "regex", format!("^{}$", escaped(text)));
            }
            Self::Text(Operator::Equal, text) => put(&mut json, "equals", *text),
            Self::Text(Operator::NotEqual, text) => {
                return negated(path, |at| format!("string({at}) == {}", quoted(text)));
            }
            Self::Text(operator, text) => {
                let number: f64 = text.parse().ok()?;
                match operator {
                    Operator::Greater => put(&mut json, "greater", number),
                    Operator::Less => put(&mut json, "less", number),
                    other => {
                        let (at, _) = path.cel()?;
                        return Some(Rule::Cel(format!("{at} {} {number:?}", other.word())));
                    }
                }
            }
            Self::Pattern(wanted, pattern) => {
                return matched(json, path, *wanted, &format!("^{}$", glob(pattern)?));
            }
            Self::Any(wanted, texts) => {
                return matched(json, path, *wanted, &format!("^(?:{})$", any_of(texts)));
            }
        }
        Some(Rule::Json(json))
    }
}

fn matched(mut json: Table, path: &Path, wanted: bool, regex: &str) -> Option<Rule> {
    if !wanted {
        return negated(path, |at| format!("string({at}).matches({})", quoted(regex)));
    }
    put(&mut json, "regex", regex);
    Some(Rule::Json(json))
}

/// What is not there is different from everything.
fn negated(path: &Path, expression: impl Fn(&str) -> String) -> Option<Rule> {
    let (at, guards) = path.cel()?;
    let guarded = if guards.is_empty() { String::new() } else { format!("{guards} && ") };
    Some(Rule::Cel(format!("!({guarded}{})", expression(&at))))
}

/// A text of CEL.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out + "\""
}

/// Whether it reads like a number or another value that is no text.
fn is_other_value(text: &str) -> bool {
    matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok()
}
