use std::fmt;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// A value of the wrong kind, and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Mismatch(String);

impl Mismatch {
    /// Not in a field that has a name.
    pub(in super::super) fn value(found: Kind, wanted: &str) -> Self {
        Self(format!("json: cannot unmarshal {} into Go value of type {wanted}", found.word()))
    }

    /// In a field, such as `Alert.labels.a`.
    pub(in super::super) fn field(found: Kind, field: &str, wanted: &str) -> Self {
        let found = found.word();
        Self(format!(
            "json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
        ))
    }

    /// An item of a list.
    pub(in super::super) fn item(found: Kind, item: &str, wanted: &str) -> Self {
        Self(format!("json: cannot unmarshal {} into {item} of type {wanted}", found.word()))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
