use std::fmt;

use figment::value::Value;

use super::codes::Code;

/// One step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// Of a table.
    Key(String),
    /// Of a list.
    Index(usize),
}

/// The way from the root to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Path(pub(super) Vec<Step>);

/// Which part of an entry a finding points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The key, or the header of a table.
    Key,
    /// What stands behind it.
    Value,
}

/// A mistake before it has a place in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) path: Path,
    pub(super) part: Part,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) known: Vec<String>,
    /// The other half of a conflict: words, and where it is.
    pub(super) other: Option<(String, Path)>,
}

impl Finding {
    /// A mistake in the value at `path`.
    pub(super) fn new(code: Code, path: Path, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, path, part: Part::Value, message, hint: None, known: Vec::new(), other: None }
    }

    /// The same, pointing at the key.
    pub(super) fn at_key(mut self) -> Self {
        self.part = Part::Key;
        self
    }

    /// The same with a way to mend it, if there is one.
    pub(super) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same with what would have been right.
    pub(super) fn known<T: Into<String>>(mut self, known: impl IntoIterator<Item = T>) -> Self {
        self.known = known.into_iter().map(Into::into).collect();
        self
    }

    /// The same with the other half of the conflict.
    pub(super) fn other(mut self, words: impl Into<String>, path: Path) -> Self {
        self.other = Some((words.into(), path));
        self
    }
}

impl Path {
    /// The way along these keys.
    pub(super) fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| Step::Key(key.to_owned())).collect())
    }

    /// One key further.
    pub(super) fn key(&self, key: impl Into<String>) -> Self {
        self.then([Step::Key(key.into())])
    }

    /// One element further.
    pub(super) fn index(&self, index: usize) -> Self {
        self.then([Step::Index(index)])
    }

    /// These steps further.
    pub(super) fn then(&self, steps: impl IntoIterator<Item = Step>) -> Self {
        Self(self.0.iter().cloned().chain(steps).collect())
    }

    /// Everything but the last step.
    pub(super) fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        Some(Self(before.to_vec()))
    }

    /// The keys on the way, without indices.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }

    /// The last key on the way.
    pub(super) fn last_key(&self) -> &str {
        self.keys().last().unwrap_or_default()
    }

    /// The value it leads to.
    pub(super) fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, step| match (value, step) {
            (Value::Dict(_, dict), Step::Key(key)) => dict.get(key),
            (Value::Array(_, list), Step::Index(index)) => list.get(*index),
            _ => None,
        })
    }

    /// `body_file`, `expect.body[0]`: as [`Problem`](crate::probe::spec::Problem)s name places.
    pub(super) fn parse(text: &str) -> Self {
        let parts = text.split(['.', '[']).map(|part| part.trim_end_matches(']'));
        Self(
            parts
                .filter(|part| !part.is_empty())
                .map(|part| match part.parse() {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Key(part.to_owned()),
                })
                .collect(),
        )
    }

    /// As a sentence says it: `` `http.url` of check "web" ``, `` `web.route_prefix` ``.
    pub(super) fn subject(&self) -> String {
        match self.0.as_slice() {
            [] => "the configuration".to_owned(),
            [Step::Key(checks), Step::Key(name)] if checks == "checks" => {
                format!("check {name:?}")
            }
            [Step::Key(checks), Step::Key(name), rest @ ..] if checks == "checks" => {
                format!("`{}` of check {name:?}", Self(rest.to_vec()))
            }
            _ => format!("`{self}`"),
        }
    }

    /// Where something stands, for a sentence: `in check "web"`, `in [web]`.
    pub(super) fn place(&self) -> String {
        match self.0.as_slice() {
            [] => "at the top level".to_owned(),
            [Step::Key(section)] => format!("in [{section}]"),
            _ => format!("in {}", self.subject()),
        }
    }
}

/// Dotted, as TOML writes it; quotes around keys that need them, `[0]` for elements.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    write_key(f, key)?;
                }
            }
        }
        Ok(())
    }
}

/// A TOML key: bare where that is permitted, else quoted.
fn write_key(f: &mut impl fmt::Write, key: &str) -> fmt::Result {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(bare) {
        return f.write_str(key);
    }
    f.write_char('"')?;
    for character in key.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            control if control.is_control() => write!(f, "\\u{:04X}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_as_a_key_is_read_as_that_key(key in "\\PC{0,20}|[\"\\\\\u{0}-\u{20}a.]{0,8}") {
            let mut text = String::new();
            write_key(&mut text, &key).unwrap();
            let table: toml::Table = toml::from_str(&format!("{text} = 1")).unwrap();
            proptest::prop_assert_eq!(table.keys().next(), Some(&key));
        }
    }

    #[test]
    fn paths_read_like_toml() {
        let path = Path::of(["checks", "a.b", "http"]).key("body").index(1);
        assert_eq!(path.to_string(), "checks.\"a.b\".http.body[1]");
        assert_eq!(path.subject(), "`http.body[1]` of check \"a.b\"");
        assert_eq!(Path::of(["web", "x"]).place(), "in `web.x`");
        assert_eq!(Path::of(["checks", "a"]).place(), "in check \"a\"");
        assert_eq!(Path::parse("expect.body[0].x"), Path::of(["expect", "body"]).index(0).key("x"));
    }
}
