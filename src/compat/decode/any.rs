//! Values whose types the file itself decides.

use super::{Field, Reader, entries::Entry};
use crate::compat::yaml::{Id, Inside, Version, Yaml, scalar::Scalar};

/// Go's `any`.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Any(pub(in crate::compat) Option<Yaml>);

impl Field for Any {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.0 = Some(any(reader, id));
        true
    }
    fn clear(&mut self) -> bool {
        self.0 = Some(Yaml::Null);
        true
    }
    fn show(&self) -> Yaml {
        self.0.clone().unwrap_or(Yaml::Null)
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

/// A mapping with texts for keys.
pub(super) fn named(reader: &mut Reader<'_>, id: Id) -> Vec<(String, Yaml)> {
    let mut entries: Vec<(String, Yaml)> = Vec::new();
    for entry in reader.entries(id) {
        let value = value(reader, &entry);
        match entries.iter_mut().find(|(own, _)| *own == entry.key) {
            Some(_) => reader.twice(&entry.key, entry.at),
            None => entries.push((entry.key, value)),
        }
    }
    entries
}

fn value(reader: &mut Reader<'_>, entry: &Entry) -> Yaml {
    let mut value = Any::default();
    reader.entry(entry, |reader| reader.read(entry.value, &mut value));
    value.show()
}

fn any(reader: &mut Reader<'_>, id: Id) -> Yaml {
    let node = reader.node(id);
    match &node.inside {
        Inside::List(list) => {
            let elements: Vec<Any> = reader.elements(list);
            Yaml::List(elements.iter().map(Any::show).collect())
        }
        Inside::Map(_) => {
            let mut entries: Vec<(Yaml, Yaml)> = Vec::new();
            for entry in reader.entries(id) {
                let key = match reader.version() {
                    Version::V2 => scalar(reader, entry.at),
                    Version::V3 => entry.key.as_str().into(),
                };
                let value = value(reader, &entry);
                if entries.iter().any(|(own, _)| *own == key) {
                    reader.twice(&entry.key, entry.at);
                } else {
                    entries.push((key, value));
                }
            }
            Yaml::Sorted(entries)
        }
        _ => scalar(reader, id),
    }
}

fn scalar(reader: &mut Reader<'_>, id: Id) -> Yaml {
    let node = reader.node(id);
    match reader.scalar(id, "a value") {
        Some(Scalar::Bool(value)) => Yaml::Bool(value),
        Some(Scalar::Int(number)) => Yaml::Int(number),
        Some(Scalar::Float(number)) => Yaml::Float(number),
        Some(Scalar::Bytes(bytes)) => Yaml::Text(bytes),
        Some(Scalar::Text(text)) => text.into(),
        Some(Scalar::Null) | None => Yaml::Null,
        Some(Scalar::Timestamp) => match &node.inside {
            Inside::Scalar { text, .. } => (&**text).into(),
            _ => Yaml::Null,
        },
    }
}
