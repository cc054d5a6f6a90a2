//! Files, environment and flags, one above the other, as one tree of values that remembers where each came from.

use std::{cell::RefCell, collections::HashMap, path::PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Map, Tag, Value},
};

use super::{
    files::SourceFile,
    finding::{Path, Step},
    from_toml,
};

/// Environment variables with this prefix are read, no other: Kubernetes injects `NOROSHI_PORT=tcp://...` and the like
/// for a Service called noroshi.
pub(super) const PREFIX: &str = "NOROSHI__";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// A file.
    File(PathBuf),
    /// A text that became one value: a variable, a flag, an argument.
    Word {
        /// `environment variable NOROSHI__WEB__ROUTE_PREFIX`, `flag --log.level`
        name: String,
        /// Where the value is.
        path: Path,
        /// The text itself, for keys that want a string where it looks like a number. Never shown.
        text: Option<String>,
    },
}

/// One layer.
pub(super) struct Layer {
    origin: Origin,
    /// Taken by figment, which asks once.
    values: RefCell<Dict>,
}

/// All layers as one.
pub(super) struct Values {
    /// A table.
    pub(super) root: Value,
    origins: HashMap<Tag, Origin>,
}

impl Layer {
    /// A file's values.
    pub(super) fn file(file: &SourceFile, values: Dict) -> Self {
        Self { origin: Origin::File(file.path.clone()), values: RefCell::new(values) }
    }

    /// A value given as one word at a path of keys.
    pub(super) fn word(name: String, keys: &[String], text: &str) -> Self {
        Self::leaf(name, keys, from_toml::value_or_string(text), Some(text.to_owned()))
    }

    fn leaf(name: String, keys: &[String], value: Value, text: Option<String>) -> Self {
        let path = Path::of(keys.iter().map(String::as_str));
        let nested = keys.iter().rev().fold(value, |value, key| {
            Value::Dict(Tag::Default, Dict::from([(key.clone(), value)]))
        });
        let values = nested.into_dict().unwrap_or_default();
        Self { origin: Origin::Word { name, path, text }, values: RefCell::new(values) }
    }

    /// One layer per variable, so that each value knows the real name of its own. Variables that name no key come back.
    pub(super) fn environment(variables: &[(String, String)]) -> (Vec<Self>, Vec<String>) {
        let (mut layers, mut bad) = (Vec::new(), Vec::new());
        let mut ours: Vec<_> =
            variables.iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        ours.sort();
        for (name, text) in ours {
            let keys: Vec<_> =
                name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
            if keys.iter().any(String::is_empty) {
                bad.push(name.clone());
            } else {
                layers.push(Self::word(format!("environment variable {name}"), &keys, text));
            }
        }
        (layers, bad)
    }

    /// One layer per flag. The flag of `web.route_prefix` is `--web.route-prefix`.
    pub(super) fn flags(flags: &Dict) -> Vec<Self> {
        let mut leaves = Vec::new();
        collect_leaves(flags, &mut Vec::new(), &mut leaves);
        leaves
            .into_iter()
            .map(|(keys, value)| {
                let name = format!("flag --{}", keys.join(".").replace('_', "-"));
                Self::leaf(name, &keys, value, None)
            })
            .collect()
    }
}

fn collect_leaves(dict: &Dict, keys: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in dict {
        keys.push(key.clone());
        match value {
            Value::Dict(_, inner) => collect_leaves(inner, keys, leaves),
            leaf => leaves.push((keys.clone(), leaf.clone())),
        }
        keys.pop();
    }
}

impl Origin {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Word { name, .. } => name.clone(),
        }
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        let metadata = Metadata::named(self.origin.name());
        match &self.origin {
            Origin::File(path) => metadata.source(path.as_path()),
            Origin::Word { .. } => metadata,
        }
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.take()))
    }
}

impl Values {
    /// Merges the layers: tables key by key, everything else whole, the later layer wins.
    pub(super) fn merge(layers: &[Layer]) -> Result<Self, Box<figment::Error>> {
        let figment = layers.iter().fold(Figment::new(), Figment::merge);
        let root = figment.find_value("")?;
        let mut origins = HashMap::new();
        visit_tags(&root, &mut |tag| {
            if origins.contains_key(&tag) {
                return;
            }
            let name = figment.get_metadata(tag).map(|metadata| &metadata.name);
            let named = |layer: &&Layer| name.is_some_and(|name| *name == layer.origin.name());
            if let Some(layer) = layers.iter().find(named) {
                origins.insert(tag, layer.origin.clone());
            }
        });
        Ok(Self { root, origins })
    }

    /// The value at a path.
    pub(super) fn find(&self, path: &Path) -> Option<&Value> {
        path.find(&self.root)
    }

    /// The path as it was written, where a kind changed the case of a key: names of headers become lower case.
    pub(super) fn spelling(&self, path: &Path) -> Option<Path> {
        if self.find(path).is_some() {
            return Some(path.clone());
        }
        let mut written = Path::default();
        for step in &path.0 {
            written = match (self.find(&written)?, step) {
                (Value::Dict(_, dict), Step::Key(key)) if !dict.contains_key(key) => {
                    written.key(dict.keys().find(|own| own.eq_ignore_ascii_case(key))?.clone())
                }
                _ => written.then([step.clone()]),
            };
        }
        self.find(&written).map(|_| written)
    }

    /// Where the value at a path came from; that of what is around it, where there is none.
    pub(super) fn origin(&self, path: &Path) -> Option<&Origin> {
        let mut path = path.clone();
        loop {
            if let Some(value) = self.find(&path) {
                return self.origins.get(&value.tag());
            }
            path = path.parent()?;
        }
    }

    /// The very text of a value that was given as a word.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        match self.origin(path)? {
            Origin::Word { path: own, text, .. } if own == path => text.as_deref(),
            _ => None,
        }
    }
}

/// Calls `each` once per run of equal tags; neighbours mostly share one.
fn visit_tags(value: &Value, each: &mut impl FnMut(Tag)) {
    fn visit(value: &Value, before: &mut Option<Tag>, each: &mut impl FnMut(Tag)) {
        if *before != Some(value.tag()) {
            *before = Some(value.tag());
            each(value.tag());
        }
        match value {
            Value::Dict(_, dict) => dict.values().for_each(|inner| visit(inner, before, each)),
            Value::Array(_, list) => list.iter().for_each(|inner| visit(inner, before, each)),
            _ => {}
        }
    }
    visit(value, &mut None, each);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn later_layers_win_and_are_remembered() {
        let (layers, bad) = Layer::environment(&variables(&[
            ("NOROSHI__LOG__LEVEL", "debug"),
            ("NOROSHI__CHECKS__WEB__TIMEOUT", "007"),
            ("NOROSHI_PORT", "tcp://10.0.0.1:10070"),
            ("NOROSHI__", "x"),
            ("NOROSHI__A____B", "x"),
            ("PATH", "/bin"),
        ]));
        assert_eq!(bad, ["NOROSHI__", "NOROSHI__A____B"]);
        let flags = Dict::from([(
            "log".to_owned(),
            Value::from(Dict::from([("level".to_owned(), Value::from("warn"))])),
        )]);
        let layers: Vec<_> = layers.into_iter().chain(Layer::flags(&flags)).collect();
        let values = Values::merge(&layers).unwrap();
        let level = Path::of(["log", "level"]);
        assert_eq!(values.find(&level), Some(&Value::from("warn")));
        assert_eq!(values.origin(&level).unwrap().name(), "flag --log.level");
        let timeout = Path::of(["checks", "web", "timeout"]);
        assert_eq!(values.text(&timeout), Some("007"));
        assert_eq!(values.text(&level), None);
        assert_eq!(values.root.as_dict().unwrap().len(), 2);
    }
}
