//! What a mapping of the file may hold, declared once: for reading, for showing, and for messages.

use super::{Field, Reader};
use crate::compat::yaml::{Id, Inside, Yaml};

/// A mapping with known keys.
pub(in crate::compat) trait Section: Default {
    /// Every key, in the order they are shown.
    fn keys(keys: &mut Vec<&'static str>);
    /// What it holds before the file is read.
    fn initial() -> Self {
        Self::default()
    }
    /// Reads the value of a key; `false` if there is no such key.
    fn entry(&mut self, key: &str, reader: &mut Reader<'_>, value: Id) -> bool;
    /// Its entries as a page of the configuration shows them.
    fn entries(&self, shown: &mut Vec<(Yaml, Yaml)>);
    /// Whether nothing at all is set.
    fn is_empty(&self) -> bool;
    /// Holds the values against each other when all are read. May mend what the program mends.
    fn check(&mut self, _: &mut Reader<'_>) {}
}

impl<S: Section> Field for S {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        *self = S::initial();
        for entry in reader.entries(id) {
            let known = reader.entry(&entry, |reader| self.entry(&entry.key, reader, entry.value));
            if !known {
                let mut keys = Vec::new();
                S::keys(&mut keys);
                reader.unknown(&entry.key, entry.at, &keys);
            }
        }
        self.check(reader);
        true
    }

    fn show(&self) -> Yaml {
        let mut shown = Vec::new();
        self.entries(&mut shown);
        Yaml::Map(shown)
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// The key of a field: `type` is a word of Rust's too, and written `r#type`.
pub(in crate::compat) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares a [`Section`]: `key: Type`, `key: Type => always` where a zero is shown too, `field: Type => inline` where the
/// keys of another section stand among these, `=> flow` where the value is shown in brackets. `= { .. }` names what is not zero before the file is read; the method
/// behind `check` is called when all is read.
macro_rules! section {
    (
        $(#[$doc:meta])*
        $name:ident $(= { $($set:tt)* })? $(check $check:ident)? {
            $($(#[$about:meta])* $field:ident : $type:ty $(=> $how:ident)?),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        #[expect(clippy::allow_attributes, reason = "only some of the sections need the next line")]
        #[allow(clippy::struct_field_names, clippy::struct_excessive_bools, reason = "the names and types are the file's")]
        pub(in crate::compat) struct $name {
            $($(#[$about])* pub(in crate::compat) $field: $type,)+
        }

        impl Section for $name {
            fn keys(keys: &mut Vec<&'static str>) {
                $(section!(@key keys $field $type $(=> $how)?);)+
            }
            $(fn initial() -> Self {
                Self { $($set)*, ..Self::default() }
            })?
            fn entry(&mut self, key: &str, reader: &mut Reader<'_>, value: Id) -> bool {
                $(section!(@entry self.$field, key, reader, value $(=> $how)?);)+
                false
            }
            fn entries(&self, shown: &mut Vec<(Yaml, Yaml)>) {
                $(section!(@show self.$field, $field, shown $(=> $how)?);)+
            }
            fn is_empty(&self) -> bool {
                $(section!(@zero self.$field $(=> $how)?))&&+
            }
            $(fn check(&mut self, reader: &mut Reader<'_>) {
                self.$check(reader);
            })?
        }
    };

    (@key $keys:ident $field:ident $type:ty => inline) => { <$type as Section>::keys($keys) };
    (@key $keys:ident $field:ident $type:ty $(=> $how:ident)?) => { $keys.push(key(stringify!($field))) };

    (@entry $place:expr, $key:ident, $reader:ident, $value:ident => inline) => {
        if Section::entry(&mut $place, $key, $reader, $value) {
            return true;
        }
    };
    (@entry $self:ident.$field:ident, $key:ident, $reader:ident, $value:ident $(=> $how:ident)?) => {
        if $key == key(stringify!($field)) {
            $reader.read($value, &mut $self.$field);
            return true;
        }
    };

    (@show $place:expr, $field:ident, $shown:ident => inline) => { Section::entries(&$place, $shown) };
    (@show $place:expr, $field:ident, $shown:ident => always) => {
        $shown.push((key(stringify!($field)).into(), Field::show(&$place)))
    };
    (@show $place:expr, $field:ident, $shown:ident => flow) => {
        if !Field::is_zero(&$place) {
            let value = Yaml::Flow(Box::new(Field::show(&$place)));
            $shown.push((key(stringify!($field)).into(), value));
        }
    };
    (@show $place:expr, $field:ident, $shown:ident) => {
        if !Field::is_zero(&$place) {
            $shown.push((key(stringify!($field)).into(), Field::show(&$place)));
        }
    };

    (@zero $place:expr => inline) => { Section::is_empty(&$place) };
    (@zero $self:ident.$field:ident $(=> $how:ident)?) => { Field::is_zero(&$self.$field) };
}
pub(in crate::compat) use section;
