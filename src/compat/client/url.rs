use crate::compat::{
    decode::{Field, Reader, Text},
    go_url::GoUrl,
    yaml::{Id, Yaml},
};

/// A URL as Go's `net/url` takes it, which is nearly anything; shown without its password.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Url {
    written: String,
    parsed: Option<GoUrl>,
}

impl Url {
    /// As it was written; empty where there is none.
    pub(in crate::compat) fn text(&self) -> &str {
        &self.written
    }
}

impl Field for Url {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let written = text.lossy().into_owned();
        match GoUrl::parse(&written) {
            Ok(parsed) => *self = Self { written, parsed: Some(parsed) },
            Err(why) => return reader.bad_value(id, &format!("not a URL: {why}")),
        }
        true
    }
    fn show(&self) -> Yaml {
        self.parsed.as_ref().map_or_else(String::new, GoUrl::redacted).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.parsed.is_none()
    }
}
