use super::{Field, Reader};
use crate::compat::{
    blackbox::yaml::{Id, Yaml, scalar::Scalar},
    go_duration,
};

/// A duration in Go's notation, in nanoseconds; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat::blackbox) struct GoDuration(pub(in crate::compat::blackbox) i64);

impl Field for GoDuration {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a duration as Go writes it";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let parsed = match &scalar {
            Scalar::Text(text) => go_duration::parse(text),
            Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(go_duration::parse),
            _ => None,
        };
        let days = matches!(scalar, Scalar::Text(text) if text.ends_with(['d', 'w', 'y']));
        let Some(nanos) = parsed else {
            reader.wrong_type(id, WANTED);
            if days {
                reader.hint(Some("Go knows no unit above `h`: write `24h` for a day".to_owned()));
            }
            return false;
        };
        self.0 = nanos;
        true
    }
    fn show(&self) -> Yaml {
        go_duration::written(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}
