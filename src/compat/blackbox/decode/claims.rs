use super::{Field, Reader, order::natural};
use crate::compat::blackbox::yaml::{Id, Inside, Yaml, scalar::Scalar};

/// Values of any shape, as the claims of a token have them.
#[derive(Debug, Clone, Default)]
pub(in crate::compat::blackbox) struct Claims(pub(in crate::compat::blackbox) Vec<(String, Yaml)>);

impl Field for Claims {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        let Yaml::Map(entries) = any(reader, id) else { return false };
        let named = |(key, value)| match key {
            Yaml::Text(key) => Some((String::from_utf8_lossy(&key).into_owned(), value)),
            _ => None,
        };
        self.0 = entries.into_iter().filter_map(named).collect();
        true
    }
    fn clear(&mut self) -> bool {
        self.0.clear();
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Map(self.0.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value whose type the file itself decides.
#[derive(Default)]
struct Any(Option<Yaml>);

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

fn any(reader: &mut Reader<'_>, id: Id) -> Yaml {
    let node = reader.node(id);
    match &node.inside {
        Inside::List(list) => {
            let elements: Vec<Any> = reader.elements(list);
            Yaml::List(elements.iter().map(Any::show).collect())
        }
        Inside::Map(_) => {
            let mut entries = Vec::new();
            for entry in reader.entries(id) {
                let mut value = Any::default();
                reader.entry(&entry, |reader| reader.read(entry.value, &mut value));
                entries.push((entry.key, value));
            }
            entries.sort_by(|(one, _), (other, _)| natural(one, other));
            let shown = |(key, value): (String, Any)| (key.as_str().into(), value.show());
            Yaml::Map(entries.into_iter().map(shown).collect())
        }
        _ => match reader.scalar(id, "a value") {
            Some(Scalar::Bool(value)) => Yaml::Bool(value),
            Some(Scalar::Int(number)) => i64::try_from(number).map_or(Yaml::Null, Yaml::Int),
            Some(Scalar::Float(number)) => Yaml::Float(number),
            Some(Scalar::Bytes(bytes)) => Yaml::Text(bytes),
            Some(Scalar::Text(text)) => text.into(),
            _ => match &node.inside {
                Inside::Scalar { text, .. } => (&**text).into(),
                _ => Yaml::Null,
            },
        },
    }
}
