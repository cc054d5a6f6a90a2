use super::{Field, Reader, any};
use crate::compat::yaml::{Id, Inside, Yaml};

/// Values of any shape, as the claims of a token have them.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Claims(pub(in crate::compat) Vec<(String, Yaml)>);

impl Field for Claims {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        self.0 = any::named(reader, id);
        true
    }
    fn clear(&mut self) -> bool {
        self.0.clear();
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Sorted(
            self.0.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect(),
        )
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}
