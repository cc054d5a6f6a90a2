//! What may stand behind a key: text, numbers, durations, patterns, lists, maps.

use std::{borrow::Cow, fmt};

use super::{Reader, quoted};
use crate::{
    compat::yaml::{Id, Inside, Version, Yaml, scalar::Scalar},
    model::Secret,
    re2::Regex,
};

/// A value of the file, as Go's decoder fills and its encoder prints it.
pub(in crate::compat) trait Field: Default {
    /// Takes what a node holds that is neither null nor an alias; whether it could.
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool;
    /// What a null does: nothing, or where Go has a pointer, a list or a map, it empties the value.
    fn clear(&mut self) -> bool {
        false
    }
    /// As a page of the configuration prints it.
    fn show(&self) -> Yaml;
    /// Whether such a page leaves it out.
    fn is_zero(&self) -> bool;
}

impl Reader<'_> {
    /// What a scalar is; reports anything else.
    pub(in crate::compat) fn scalar(&mut self, id: Id, wanted: &str) -> Option<Scalar<'_>> {
        let node = self.node(id);
        if !matches!(node.inside, Inside::Scalar { .. }) {
            self.wrong_type(id, wanted);
            return None;
        }
        match node.scalar(self.version()) {
            Ok(scalar) => Some(scalar),
            Err(message) => {
                self.error(self.codes().wrong_type, id, message);
                None
            }
        }
    }
}

/// Text; bytes, in truth, for `!!binary` may hold any.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compat) struct Text(pub(in crate::compat) Vec<u8>);

impl Text {
    pub(in crate::compat) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text; what is no UTF-8 shows as U+FFFD.
    pub(in crate::compat) fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.lossy())
    }
}

impl Field for Text {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let node = reader.node(id);
        let Some(scalar) = reader.scalar(id, "text") else { return false };
        let Inside::Scalar { text, .. } = &node.inside else { return false };
        // A number is text as it was written: `007` stays `007`.
        self.0 = match scalar {
            Scalar::Bytes(bytes) => bytes,
            _ => text.as_bytes().to_vec(),
        };
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Text(self.0.clone())
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct Sensitive(pub(in crate::compat) Text);

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Secret::MASK)
    }
}

impl Field for Sensitive {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.0.take(reader, id)
    }
    fn show(&self) -> Yaml {
        if self.is_zero() { Yaml::Null } else { Secret::MASK.into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Field for bool {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "`true` or `false`";
        let version = reader.version();
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        *self = match scalar {
            Scalar::Bool(value) => value,
            _ if version == Version::V2 => return reader.wrong_type(id, WANTED),
            Scalar::Text("y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => true,
            Scalar::Text("n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => false,
            _ => return reader.wrong_type(id, WANTED),
        };
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Bool(*self)
    }
    fn is_zero(&self) -> bool {
        !*self
    }
}

impl Field for i64 {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a whole number";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let number = match scalar {
            Scalar::Int(number) => Self::try_from(number).ok(),
            // Go cuts the fraction off.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "as Go does; the bounds are checked"
            )]
            Scalar::Float(number) if number.abs() < 9.2e18 => Some(number as Self),
            _ => None,
        };
        let Some(number) = number else { return reader.wrong_type(id, WANTED) };
        *self = number;
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Int((*self).into())
    }
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Field for u64 {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a whole number that is not negative";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let number = match scalar {
            Scalar::Int(number) => Self::try_from(number).ok(),
            // Go cuts the fraction off.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "as Go does; the bounds are checked"
            )]
            Scalar::Float(number) if (0.0..1.8e19).contains(&number) => Some(number as Self),
            _ => None,
        };
        let Some(number) = number else { return reader.wrong_type(id, WANTED) };
        *self = number;
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Int((*self).into())
    }
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Field for f64 {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a number";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        *self = match scalar {
            #[expect(clippy::cast_precision_loss, reason = "as Go does")]
            Scalar::Int(number) => number as Self,
            Scalar::Float(number) => number,
            _ => return reader.wrong_type(id, WANTED),
        };
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Float(*self)
    }
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
}

/// A regular expression that is compiled when the file is read.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Pattern(pub(in crate::compat) Option<Regex>);

impl Pattern {
    /// The expression as it was written; empty where there is none.
    pub(in crate::compat) fn text(&self) -> &str {
        self.0.as_ref().map_or("", Regex::as_str)
    }
}

impl Field for Pattern {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let compiled = std::str::from_utf8(&text.0)
            .map_err(|_| "a regular expression is UTF-8 text".to_owned())
            .and_then(str::parse);
        match compiled {
            Ok(regex) => self.0 = Some(regex),
            Err(why) => return reader.bad_value(id, &why),
        }
        true
    }
    fn show(&self) -> Yaml {
        if self.text().is_empty() { Yaml::Null } else { self.text().into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

impl<F: Field> Field for Vec<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let node = reader.node(id);
        let Inside::List(list) = &node.inside else { return reader.wrong_type(id, "a list") };
        *self = reader.elements(list);
        true
    }
    fn clear(&mut self) -> bool {
        Self::clear(self);
        true
    }
    fn show(&self) -> Yaml {
        Yaml::List(self.iter().map(Field::show).collect())
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// What Go has a pointer for: not there at all, or there.
impl<F: Field> Field for Option<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.get_or_insert_default().take(reader, id)
    }
    fn clear(&mut self) -> bool {
        *self = None;
        true
    }
    fn show(&self) -> Yaml {
        self.as_ref().map_or(Yaml::Null, Field::show)
    }
    fn is_zero(&self) -> bool {
        self.is_none()
    }
}

/// Values under names of the user's own, in the order of the file.
#[derive(Debug, Clone)]
pub(in crate::compat) struct Named<F>(pub(in crate::compat) Vec<(String, F)>);

impl<F> Default for Named<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F> Named<F> {
    pub(in crate::compat) fn iter(&self) -> impl Iterator<Item = (&str, &F)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<F: Field> Field for Named<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        for entry in reader.entries(id) {
            let mut value = F::default();
            // yaml.v2 permits no key twice in a map, not even one that a merge key brings.
            if reader.version() == Version::V2 && self.0.iter().any(|(own, _)| *own == entry.key) {
                reader.twice(&entry.key, entry.at);
                continue;
            }
            // A null is the zero value, and a value that is wrong has been reported.
            reader.entry(&entry, |reader| reader.read(entry.value, &mut value));
            self.0.push((entry.key, value));
        }
        true
    }
    fn clear(&mut self) -> bool {
        self.0.clear();
        true
    }
    fn show(&self) -> Yaml {
        let shown = self.iter().map(|(name, value)| (name.into(), value.show()));
        Yaml::Sorted(shown.collect())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// The path of one entry of a [`Named`] below a field's path.
pub(in crate::compat) fn step(name: &str) -> String {
    format!(".{}", quoted(name))
}
