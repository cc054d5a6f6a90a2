//! Text to values, and text to positions: two passes, because the second is only needed when something is wrong.

use std::{collections::HashMap, ops::Range, path::Path as FilePath};

use figment::value::Dict;

use super::{
    finding::{Part, Path, Step},
    from_toml, from_yaml,
};

/// The formats of configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
}

/// Where a parser gave up, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) range: Range<usize>,
}

/// Where an entry stands, in bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Mark {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) inside: Inside,
}

/// Entries inside an entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Inside {
    #[default]
    Nothing,
    Table(HashMap<String, Mark>),
    List(Vec<Mark>),
}

impl Format {
    /// By the file's name.
    pub(super) fn of(path: &FilePath) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The values of a file.
    pub(super) fn values(self, text: &str) -> Result<Dict, Vec<SyntaxError>> {
        match self {
            Self::Toml => from_toml::values(text),
            Self::Yaml => from_yaml::values(text),
        }
    }

    /// The positions of a file whose values could be read.
    pub(super) fn marks(self, text: &str) -> Mark {
        match self {
            Self::Toml => from_toml::marks(text),
            Self::Yaml => from_yaml::marks(text),
        }
    }
}

impl Mark {
    /// The entry a path leads to.
    pub(super) fn find(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |mark, step| match (&mark.inside, step) {
            (Inside::Table(entries), Step::Key(key)) => entries.get(key),
            (Inside::List(elements), Step::Index(index)) => elements.get(*index),
            _ => None,
        })
    }

    /// The range of one part of it; an element of a list has no key.
    pub(super) fn range(&self, part: Part) -> Range<usize> {
        match part {
            Part::Key if !self.key.is_empty() => self.key.clone(),
            _ => self.value.clone(),
        }
    }

    /// Every leaf with the path to it.
    pub(super) fn leaves(&self) -> Vec<(Path, Range<usize>)> {
        let mut leaves = Vec::new();
        self.visit(&Path::default(), &mut |path, range| leaves.push((path.clone(), range)));
        leaves
    }

    fn visit(&self, path: &Path, each: &mut impl FnMut(&Path, Range<usize>)) {
        match &self.inside {
            Inside::Nothing => each(path, self.value.clone()),
            Inside::Table(entries) => {
                for (key, mark) in entries {
                    mark.visit(&path.key(key), each);
                }
            }
            Inside::List(elements) => {
                for (index, mark) in elements.iter().enumerate() {
                    mark.visit(&path.index(index), each);
                }
            }
        }
    }
}
