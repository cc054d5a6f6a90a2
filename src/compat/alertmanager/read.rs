//! From the text of an `alertmanager.yml` to what it means, or to all that is wrong with it.

use std::path::Path;

use super::{
    AlertmanagerFile, check, codes,
    compile::{self, Compiled},
    file::{DIALECT, File},
    folder, warn,
};
use crate::{
    compat::{
        code::Code,
        decode::{self, Field, Reader},
        go_path,
        yaml::{Document, Place, Syntax as NoYaml, Version},
    },
    model::{Diagnostic, Severity, matcher::Syntax},
};

impl AlertmanagerFile {
    /// Reads the text of an `alertmanager.yml`. `path` is its name in diagnostics, and relative paths in it are below its
    /// folder; nothing is opened. `syntax` is how matchers are read.
    ///
    /// # Errors
    /// Every mistake, and the warnings among them, in the order of the file.
    pub fn read(text: &str, path: &Path, syntax: Syntax) -> Result<Self, Vec<Diagnostic>> {
        let document = document(text, path).map_err(|wrong| vec![*wrong])?;
        let mut reader = Reader::new(&document, path, &DIALECT);
        let mut file = File::default();
        reader.read(document.root(), &mut file);
        if let Some(place) = document.second {
            let message = "only the first document of the file is read".to_owned();
            reader.note_at(codes::IGNORED, place, message);
        }
        let folder = go_path::folder(&path.to_string_lossy());
        folder::resolve(&mut file, &folder);
        check::check(&mut reader, &mut file, &folder, syntax);
        warn::warn(&mut reader, &file);
        // What a file means that is refused is nobody's concern.
        let compiled =
            if reader.is_refused() { None } else { compile::compile(&mut reader, &file) };
        let diagnostics = reader.into_diagnostics();
        let Some(Compiled { config, receivers, missing }) = compiled else {
            return Err(diagnostics);
        };
        Ok(Self {
            config,
            receivers,
            missing,
            original: file.show().write(Version::V2).into(),
            templates: file.templates.iter().map(|glob| glob.lossy().into_owned()).collect(),
            warnings: diagnostics,
        })
    }
}

fn document(text: &str, file: &Path) -> Result<Document, Box<Diagnostic>> {
    let wrong = |code: Code, message: String, place: Place| Diagnostic {
        code: code.word,
        severity: Severity::Error,
        message,
        path: String::new(),
        span: Some(decode::span(file, place)),
        origin: None,
        hint: None,
        known: Vec::new(),
    };
    match Document::parse(text) {
        Ok(Some(document)) => Ok(document),
        Ok(None) => {
            let message = "the file holds no YAML document".to_owned();
            let place = Place { line: 1, column: 1, start: 0, end: 0 };
            let hint = Some("a route with a receiver, and that receiver, is the least".to_owned());
            Err(Box::new(Diagnostic { hint, ..wrong(codes::EMPTY, message, place) }))
        }
        Err(NoYaml { message, place }) => Err(Box::new(wrong(codes::SYNTAX, message, place))),
    }
}
