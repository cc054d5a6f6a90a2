//! From the text of an `alertmanager.yml` to what it means, or to all that is wrong with it.

use std::path::Path;

use super::{
    AlertmanagerFile, check,
    compile::{self, Compiled},
    file::{DIALECT, File},
    folder, warn,
};
use crate::{
    compat::{
        decode::{self, Field, Reader},
        go_path,
        yaml::Version,
    },
    model::{Diagnostic, matcher::Syntax},
};

impl AlertmanagerFile {
    /// Reads the text of an `alertmanager.yml`. `path` is its name in diagnostics, and relative paths in it are below its
    /// folder; nothing is opened. `syntax` is how matchers are read.
    ///
    /// # Errors
    /// Every mistake, and the warnings among them, in the order of the file.
    pub fn read(text: &str, path: &Path, syntax: Syntax) -> Result<Self, Vec<Diagnostic>> {
        let document = decode::document(text, path, &DIALECT)?;
        let mut reader = Reader::new(&document, path, &DIALECT);
        let mut file = File::default();
        reader.read_all(&mut file);
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
