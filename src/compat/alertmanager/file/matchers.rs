//! Conditions on labels, in the three forms the file has.

use crate::{
    compat::{
        decode::{Field, Named, Reader, Text},
        yaml::{Id, Yaml},
    },
    model::{MatchOp, Matcher},
};

/// `matchers`: as text first; which syntax they are read with is said from outside.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Matchers {
    /// As they were written.
    pub(in crate::compat) written: Vec<Text>,
    /// Once they were read, in order.
    pub(in crate::compat) read: Vec<Matcher>,
}

impl Field for Matchers {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.written.take(reader, id)
    }
    fn show(&self) -> Yaml {
        Yaml::List(self.read.iter().map(|matcher| matcher.to_string().as_str().into()).collect())
    }
    fn is_zero(&self) -> bool {
        self.read.is_empty()
    }
}

/// `match`: labels and their values.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Values(pub(in crate::compat) Named<Text>);

impl Field for Values {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !self.0.take(reader, id) {
            return false;
        }
        self.0.iter().all(|(name, _)| is_name(reader, id, name))
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl Values {
    pub(in crate::compat) fn matchers(&self) -> impl Iterator<Item = Matcher> {
        self.0
            .iter()
            .filter_map(|(name, value)| Matcher::new(name, MatchOp::Equal, &*value.lossy()).ok())
    }
}

/// `match_re`: labels and what their values must match as a whole.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Regexps(pub(in crate::compat) Named<Regexp>);

impl Field for Regexps {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !self.0.take(reader, id) {
            return false;
        }
        for (name, regexp) in self.0.iter() {
            if !is_name(reader, id, name) {
                return false;
            }
            if regexp.text.is_none() && !reader.has_errors_below(name) {
                return reader
                    .bad_value(id, &format!("`{name}` is null; it is a regular expression"));
            }
        }
        true
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl Regexps {
    pub(in crate::compat) fn matchers(&self) -> impl Iterator<Item = Matcher> {
        self.0.iter().filter_map(|(name, regexp)| {
            // With the anchors: that is how Alertmanager has it in the keys of groups.
            let text = format!("^(?:{})$", regexp.text.as_ref()?.lossy());
            Matcher::new(name, MatchOp::Regex, text).ok()
        })
    }
}

/// One regular expression.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Regexp {
    text: Option<Text>,
}

impl Field for Regexp {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        if let Err(why) = Matcher::new("x", MatchOp::Regex, &*text.lossy()) {
            return reader.bad_value(id, &why);
        }
        self.text = Some(text);
        true
    }
    fn show(&self) -> Yaml {
        match &self.text {
            Some(text) if !text.is_empty() => text.show(),
            _ => Yaml::Null,
        }
    }
    fn is_zero(&self) -> bool {
        self.text.is_none()
    }
}

/// What Prometheus calls a label name; UTF-8 is for `matchers` alone.
fn is_name(reader: &mut Reader<'_>, id: Id, name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().all(part) && name.bytes().next().is_some_and(|one| !one.is_ascii_digit()) {
        return true;
    }
    let why = format!(
        "`{}` is not the name of a label; write it below `matchers`",
        crate::compat::decode::shortened(name)
    );
    reader.bad_value(id, &why)
}
