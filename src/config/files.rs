//! Which files are read, and what is in them.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::syntax::Format;

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFile {
    /// As the user named it, or found beside what he named.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    pub(super) format: Format,
}

/// Why a file is not among those read.
#[derive(Debug)]
pub(super) enum Refused {
    Unreadable(PathBuf, io::Error),
    UnknownFormat(PathBuf),
}

/// Everything found under the paths given.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the layers: a later file wins.
    pub(super) files: Vec<SourceFile>,
    pub(super) refused: Vec<Refused>,
    /// What to look at for changes: files and directories, present or not.
    pub(super) watched: Vec<PathBuf>,
}

/// The name of the directory whose files come after all others.
const DROP_IN: &str = "conf.d";

/// Reads the paths in order. A directory stands for its files, sorted by name. Last come the files of `conf.d` inside
/// each directory given and beside the first file given.
pub(super) fn read(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut drop_ins = Vec::new();
    for path in paths {
        found.watched.push(path.clone());
        if path.is_dir() {
            drop_ins.push(path.join(DROP_IN));
            found.read_directory(path);
        } else {
            if drop_ins.is_empty() {
                drop_ins.push(path.parent().unwrap_or(Path::new("")).join(DROP_IN));
            }
            found.read_file(path);
        }
    }
    let mut seen = BTreeSet::new();
    for directory in drop_ins.into_iter().filter(|directory| seen.insert(directory.clone())) {
        if directory.is_dir() && !paths.contains(&directory) {
            found.read_directory(&directory);
        }
        found.watched.push(directory);
    }
    found
}

impl Found {
    fn read_directory(&mut self, directory: &Path) {
        match listed(directory) {
            Ok(paths) => paths.iter().for_each(|path| self.read_file(path)),
            Err(error) => self.refused.push(Refused::Unreadable(directory.to_owned(), error)),
        }
    }

    fn read_file(&mut self, path: &Path) {
        match one(path) {
            Ok(file) => self.files.push(file),
            Err(refused) => self.refused.push(refused),
        }
    }
}

/// Reads one file.
pub(super) fn one(path: &Path) -> Result<SourceFile, Refused> {
    let format = Format::of(path).ok_or_else(|| Refused::UnknownFormat(path.to_owned()))?;
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| Refused::Unreadable(path.to_owned(), error))?;
    // Editors on Windows begin a file with a byte order mark, which is no part of the text.
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
    Ok(SourceFile { path: path.to_owned(), text, format })
}

/// The configuration files of a directory by name. Hidden ones are none: a mounted ConfigMap holds `..data` and its like.
fn listed(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && Format::of(&path).is_some() && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
