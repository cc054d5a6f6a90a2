//! The document of a file: that there is one, and only one.

use std::path::Path;

use super::{Dialect, Field, Reader, span};
use crate::{
    compat::{
        code::Code,
        yaml::{Document, Place, Syntax},
    },
    model::Diagnostic,
};

/// The document that a text holds.
///
/// # Errors
/// That it is no YAML, or holds none.
pub(in crate::compat) fn document(
    text: &str,
    file: &Path,
    dialect: &Dialect,
) -> Result<Document, Vec<Diagnostic>> {
    let wrong = |code: Code, message: String, place: Place, hint: Option<&str>| Diagnostic {
        code: code.word,
        severity: code.severity(),
        message,
        path: String::new(),
        span: Some(span(file, place)),
        origin: None,
        hint: hint.map(str::to_owned),
        known: Vec::new(),
    };
    let codes = dialect.codes;
    match Document::parse(text) {
        Ok(Some(document)) => Ok(document),
        Ok(None) => {
            let message = "the file holds no YAML document".to_owned();
            let place = Place { line: 1, column: 1, start: 0, end: 0 };
            Err(vec![wrong(codes.empty, message, place, Some(dialect.least))])
        }
        Err(Syntax { message, place }) => Err(vec![wrong(codes.syntax, message, place, None)]),
    }
}

impl Reader<'_> {
    /// Reads the whole document into a value, and tells of a second one.
    pub(in crate::compat) fn read_all<F: Field>(&mut self, into: &mut F) {
        self.read(self.document.root(), into);
        if let Some(place) = self.document.second {
            let message = "only the first document of the file is read".to_owned();
            self.note_at(self.codes().ignored, place, message);
        }
    }
}
