//! A mapping of the other program's file, from which keys are taken one by one: what nobody took is told.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use serde_json::{Map, Value};

use super::Secret;
use crate::{compat::client::options::without_userinfo, model::sensitive::is_secret_name};

/// What a variable of the environment holds, for a program that replaces `${NAME}` in its file.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Around the name of a variable, in place of `${` and `}`: nobody writes these.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Marks `${NAME}` and `$NAME`, so that the text is what it is for a parser of YAML; `$$` is a dollar sign.
pub(in crate::compat) fn mark_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, behind)) if !name.is_empty() && name.chars().all(is_name) => (name, behind),
            _ => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        rest = match after.strip_prefix('$') {
            Some(behind) => {
                out.push('$');
                behind
            }
            None if name.is_empty() => {
                out.push('$');
                after
            }
            None => {
                let _ = write!(out, "{OPEN}{name}{CLOSE}");
                behind
            }
        };
    }
    out + rest
}

/// The variables of a marked text.
pub(in crate::compat) fn variables(marked: &str) -> BTreeSet<String> {
    let named = marked.split(OPEN).skip(1).filter_map(|behind| behind.split_once(CLOSE));
    named.map(|(name, _)| name.to_owned()).collect()
}

/// `${NAME}` again, for people.
fn shown(text: &str) -> String {
    text.replace(OPEN, "${").replace(CLOSE, "}")
}

/// The variable that is the whole text.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    (!name.contains(OPEN)).then_some(name)
}

/// What a text is as a secret: a variable by itself, or among other things, or none.
fn secret(text: &str) -> Secret {
    match variable(text) {
        Some(name) => Secret::Variable(name.to_owned()),
        None if text.contains(OPEN) => Secret::Composed(shown(text)),
        None => Secret::Value(text.to_owned()),
    }
}

/// A URL without a user, and the user and the password that it had.
pub(in crate::compat) type Url = (String, Option<(String, Option<Secret>)>);

/// A mapping.
#[derive(Clone)]
pub(in crate::compat) struct Section<'e> {
    /// Where it stands below its subject: `client.`, or nothing.
    at: String,
    map: Map<String, Value>,
    environment: Environment<'e>,
    /// What could not be taken.
    pub(in crate::compat) remarks: Vec<String>,
}

impl<'e> Section<'e> {
    pub(in crate::compat) fn new(map: Map<String, Value>, environment: Environment<'e>) -> Self {
        let mut own = Self { at: String::new(), map: Map::new(), environment, remarks: Vec::new() };
        for (key, value) in map.into_iter().filter(|(_, value)| !value.is_null()) {
            let name = if key.contains(OPEN) { own.expanded(&shown(&key), &key) } else { key };
            own.map.insert(name, value);
        }
        own
    }

    /// Another one of the same file.
    pub(in crate::compat) fn of(&self, at: &str, value: Value) -> Option<Self> {
        let Value::Object(map) = value else { return None };
        Some(Self { at: format!("{at}."), ..Self::new(map, self.environment) })
    }

    /// The same as a subject of its own: paths begin here.
    pub(in crate::compat) fn rooted(mut self) -> Self {
        self.at.clear();
        self
    }

    pub(in crate::compat) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// A text that stays where it is. What its variables lack is told when it is taken.
    pub(in crate::compat) fn peek(&self, key: &str) -> String {
        match self.map.get(key) {
            Some(Value::String(text)) => self.replaced(text, |_, _| {}),
            Some(other @ (Value::Bool(_) | Value::Number(_))) => other.to_string(),
            _ => String::new(),
        }
    }

    /// The value, as it was written.
    pub(in crate::compat) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key)
    }

    /// All that is left, as it was written.
    pub(in crate::compat) fn whole(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.map)
    }

    /// The path of a key, as remarks have it.
    pub(in crate::compat) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.at)
    }

    /// The keys that are there.
    pub(in crate::compat) fn keys(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// The text of a key as it was written, its variables marked.
    fn written(&mut self, key: &str) -> Option<String> {
        match self.map.remove(key)? {
            Value::String(text) => Some(text),
            Value::Bool(word) => Some(word.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.remarks.push(format!("`{}`: a text is expected there", self.path(key)));
                None
            }
        }
    }

    /// A text, its variables replaced.
    pub(in crate::compat) fn text(&mut self, key: &str) -> Option<String> {
        let written = self.written(key)?;
        let path = self.path(key);
        Some(self.expanded(&path, &written)).filter(|text| !text.is_empty())
    }

    /// The variables of a text replaced. What sounds like a secret stays a reference, which people have to see to.
    pub(in crate::compat) fn expanded(&mut self, path: &str, text: &str) -> String {
        let mut remarks = Vec::new();
        let out = self.replaced(text, |name, why| {
            remarks.push(format!(
                "`{path}`: `${{{name}}}` {why}; nothing replaces it at run time, so put it in by hand"
            ));
        });
        self.remarks.extend(remarks);
        out
    }

    /// The same, and whoever wants to hear it hears which variables stay, and why.
    fn replaced(&self, text: &str, mut stays: impl FnMut(&str, &str)) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let (name, behind) = after.split_once(CLOSE).unwrap_or((after, ""));
            if is_secret_name(name) {
                stays(name, "is a secret by its name");
                let _ = write!(out, "${{{name}}}");
            } else if let Some(value) = (self.environment)(name) {
                out.push_str(&value);
            } else {
                stays(name, "is not set here");
                let _ = write!(out, "${{{name}}}");
            }
            rest = behind;
        }
        out + rest
    }

    /// A secret: what a variable holds is never looked at.
    pub(in crate::compat) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.written(key).filter(|text| !text.is_empty()).map(|text| secret(&text))
    }

    /// A URL, and the user and the password that it names.
    pub(in crate::compat) fn url(&mut self, key: &str) -> Option<Url> {
        let written = self.written(key).filter(|text| !text.is_empty())?;
        let path = self.path(key);
        let Some((bare, (user, password))) = without_userinfo(&written) else {
            return Some((self.expanded(&path, &written), None));
        };
        let user = self.expanded(&path, &user);
        Some((self.expanded(&path, &bare), Some((user, password.as_deref().map(secret)))))
    }

    /// The token of a header `Bearer TOKEN`.
    pub(in crate::compat) fn bearer(&mut self, key: &str) -> Option<Secret> {
        let Some(Value::String(text)) = self.map.get(key) else { return None };
        let token =
            text.strip_prefix("Bearer ").filter(|_| key.eq_ignore_ascii_case("authorization"))?;
        let token = token.trim().to_owned();
        self.map.insert(key.to_owned(), token.into());
        self.secret(key)
    }

    pub(in crate::compat) fn flag(&mut self, key: &str) -> Option<bool> {
        let word = self.text(key)?;
        match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "1" => Some(true),
            "false" | "no" | "off" | "n" | "0" => Some(false),
            _ => self.unread(key, &word, "true or false"),
        }
    }

    pub(in crate::compat) fn number(&mut self, key: &str) -> Option<f64> {
        let word = self.text(key)?;
        word.parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .or_else(|| self.unread(key, &word, "a number"))
    }

    /// A whole number that is not negative.
    pub(in crate::compat) fn count(&mut self, key: &str) -> Option<u32> {
        let word = self.text(key)?;
        word.parse().ok().or_else(|| self.unread(key, &word, "a whole number"))
    }

    /// A duration as Go writes it.
    pub(in crate::compat) fn duration(&mut self, key: &str) -> Option<Duration> {
        let word = self.text(key)?;
        go_duration(&word).or_else(|| self.unread(key, &word, "a duration"))
    }

    fn unread<T>(&mut self, key: &str, word: &str, wanted: &str) -> Option<T> {
        let path = self.path(key);
        self.remarks.push(format!("`{path}`: {word:?} is not {wanted}"));
        None
    }

    /// A list of texts; one text is a list of one.
    pub(in crate::compat) fn texts(&mut self, key: &str) -> Vec<String> {
        let path = self.path(key);
        let list = match self.map.remove(key) {
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
            None => return Vec::new(),
        };
        let mut texts = Vec::new();
        for (at, value) in list.into_iter().enumerate() {
            match value {
                Value::String(text) => texts.push(self.expanded(&path, &text)),
                Value::Bool(_) | Value::Number(_) => texts.push(value.to_string()),
                _ => self.remarks.push(format!("`{path}[{at}]`: a text is expected there")),
            }
        }
        texts
    }

    /// The mapping below a key.
    pub(in crate::compat) fn section(&mut self, key: &str) -> Option<Self> {
        let path = self.path(key);
        match self.map.remove(key)? {
            value @ Value::Object(_) => self.of(&path, value),
            Value::Null => None,
            _ => {
                self.remarks.push(format!("`{path}`: keys and values are expected there"));
                None
            }
        }
    }

    /// The mappings of a list.
    pub(in crate::compat) fn sections(&mut self, key: &str) -> Vec<Self> {
        let path = self.path(key);
        let list = match self.map.remove(key) {
            Some(Value::Array(list)) => list,
            None => return Vec::new(),
            Some(_) => {
                self.remarks.push(format!("`{path}`: a list is expected there"));
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for (at, value) in list.into_iter().enumerate() {
            let path = format!("{path}[{at}]");
            match self.of(&path, value) {
                Some(section) => sections.push(section),
                None => {
                    self.remarks.push(format!("`{path}`: keys and values are expected there"));
                }
            }
        }
        sections
    }

    /// What a key means has no equivalent, for this reason.
    pub(in crate::compat) fn lost(&mut self, key: &str, why: &str) {
        if self.map.remove(key).is_some() {
            let path = self.path(key);
            self.remarks.push(format!("`{path}` has no equivalent: {why}"));
        }
    }

    /// Keys that mean nothing for noroshi, or nothing at all here.
    pub(in crate::compat) fn drop(&mut self, keys: &[&str]) {
        for key in keys {
            self.map.remove(*key);
        }
    }

    /// What could not be said, with all that nobody asked for.
    pub(in crate::compat) fn rest(mut self) -> Vec<String> {
        for key in self.keys() {
            self.remarks.push(format!("`{}` has no equivalent", self.path(&key)));
        }
        self.remarks
    }
}

/// A duration as Go writes it: `1h30m`, `1.5s`, `300ms`.
pub(in crate::compat) fn go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    let mut has_any = false;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (word, behind) = behind.split_at(unit);
        let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == word)?;
        seconds += number.parse::<f64>().ok()? * factor;
        has_any = true;
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| has_any)
}
