use super::{Field, Reader};
use crate::{
    compat::yaml::{Id, Version, Yaml, scalar::Scalar},
    model::go_duration,
};

/// A duration in Go's notation, in nanoseconds; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct GoDuration(pub(in crate::compat) i64);

impl Field for GoDuration {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a duration as Go writes it";
        let version = reader.version();
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let parsed = match &scalar {
            Scalar::Text(text) => go_duration::parse(text),
            Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(go_duration::parse),
            // yaml.v2 takes a number for nanoseconds.
            Scalar::Int(nanos) if version == Version::V2 => i64::try_from(*nanos).ok(),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "as Go does; the bounds are checked"
            )]
            Scalar::Float(nanos) if version == Version::V2 && nanos.abs() < 9.2e18 => {
                Some(*nanos as i64)
            }
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
