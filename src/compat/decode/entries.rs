//! The entries of a mapping, with what its merge keys bring in.

use super::{Field, Reader, Text, quoted};
use crate::compat::yaml::{Id, Inside, Node, Version};

/// A key and its value.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Id,
    pub(super) value: Id,
    /// Whether a merge key brought it.
    pub(super) merged: bool,
}

/// What merges at most nest; deeper ones contain themselves.
const MAX_MERGES: usize = 64;

impl Reader<'_> {
    /// The entries of a mapping: its own, then those of merge keys that it does not have itself.
    pub(super) fn entries(&mut self, id: Id) -> Vec<Entry> {
        let mut entries = Vec::new();
        match self.version() {
            Version::V2 => self.collect_in_order(id, 0, &mut entries),
            Version::V3 => self.collect(id, 0, &mut entries),
        }
        entries
    }

    /// As yaml.v2 does: what a merge key brings stands where the key stands; of equal keys the later one is read last.
    fn collect_in_order(&mut self, id: Id, depth: usize, entries: &mut Vec<Entry>) {
        let document = self.document;
        let Inside::Map(own) = &document.node(id).inside else { return };
        if depth > MAX_MERGES {
            return self.stop(id, "the anchor contains itself");
        }
        for (at, (key, value)) in own.iter().enumerate() {
            if is_merge(self.node(*key)) {
                self.merge(*value, depth, entries);
                continue;
            }
            if own[..at].iter().any(|(other, _)| same(self.node(*other), self.node(*key))) {
                self.twice(word(self.node(*key)).as_str(), *key);
                continue;
            }
            let mut text = Text::default();
            if self.read(*key, &mut text) {
                let text = text.lossy().into_owned();
                entries.push(Entry { key: text, at: *key, value: *value, merged: depth > 0 });
            }
        }
    }

    /// A key is there twice.
    pub(super) fn twice(&mut self, word: &str, at: Id) {
        let name = self.subject();
        let message = format!("`{word}` is there twice in {name}");
        self.error(self.codes().duplicate, at, message);
    }

    fn collect(&mut self, id: Id, depth: usize, entries: &mut Vec<Entry>) {
        let document = self.document;
        let Inside::Map(own) = &document.node(id).inside else { return };
        if depth > MAX_MERGES {
            return self.stop(id, "the anchor contains itself");
        }
        let (before, mut merge) = (entries.len(), None);
        for (at, (key, value)) in own.iter().enumerate() {
            let twice =
                own[..at].iter().find(|(other, _)| same(self.node(*other), self.node(*key)));
            if let Some((first, _)) = twice {
                let line = self.node(*first).place.line;
                let name = self.subject();
                let word = word(self.node(*key));
                let message = format!("`{word}` is there twice in {name}, first in line {line}");
                self.error(self.codes().duplicate, *key, message);
                continue;
            }
            if is_merge(self.node(*key)) {
                merge = Some(*value);
                continue;
            }
            let mut text = Text::default();
            if self.read(*key, &mut text) {
                let key_text = text.lossy().into_owned();
                // What came before wins: the mapping's own keys, then the merges in their order.
                let known = entries[..before].iter().any(|entry| entry.key == key_text);
                if !known {
                    let merged = depth > 0;
                    entries.push(Entry { key: key_text, at: *key, value: *value, merged });
                }
            }
        }
        if let Some(value) = merge {
            self.merge(value, depth, entries);
        }
    }

    fn merge(&mut self, value: Id, depth: usize, entries: &mut Vec<Entry>) {
        let document = self.document;
        let several = match &document.node(value).inside {
            Inside::List(list) => list.clone(),
            _ => vec![value],
        };
        // The first of several wins, so for yaml.v2 it is read last.
        let last_first = self.version() == Version::V2;
        let several = if last_first { several.into_iter().rev().collect() } else { several };
        for one in several {
            // Merges of merges double with each line: they count as what any alias repeats.
            self.aliases.depth += 1;
            let counted = self.count(one);
            self.aliases.depth -= 1;
            if !counted {
                return;
            }
            let target = match document.node(one).inside {
                Inside::Alias(to) => to,
                _ => one,
            };
            if matches!(document.node(target).inside, Inside::Map(_)) {
                match self.version() {
                    Version::V2 => self.collect_in_order(target, depth + 1, entries),
                    Version::V3 => self.collect(target, depth + 1, entries),
                }
            } else {
                let message = "a merge key (`<<`) takes a mapping or a list of mappings";
                self.error(self.codes().wrong_type, one, message);
            }
        }
    }

    /// Reads the value of an entry, at its own path.
    pub(super) fn entry<T>(&mut self, entry: &Entry, read: impl FnOnce(&mut Self) -> T) -> T {
        let dot = if self.path.is_empty() { "" } else { "." };
        let step = format!("{dot}{}", quoted(&entry.key));
        self.aliases.depth += usize::from(entry.merged);
        let result = self.inside(&step, Some(entry.at), entry.value, read);
        self.aliases.depth -= usize::from(entry.merged);
        result
    }

    /// Reads the elements of a list.
    pub(super) fn elements<F: Field>(&mut self, list: &[Id]) -> Vec<F> {
        let mut values = Vec::with_capacity(list.len());
        for (at, id) in list.iter().enumerate() {
            let mut value = F::default();
            let step = format!("[{at}]");
            // A null in a list of values is no element, as in Go.
            if self.inside(&step, None, *id, |reader| reader.read(*id, &mut value)) {
                values.push(value);
            }
        }
        values
    }
}

fn is_merge(node: &Node) -> bool {
    match &node.inside {
        Inside::Scalar { text, quoted } if &**text == "<<" => match &*node.tag {
            "" => !quoted,
            tag => tag == "!!merge",
        },
        _ => false,
    }
}

/// Keys are the same by their text, whatever their quotes and types.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.inside, &other.inside) {
        (Inside::Scalar { text, .. }, Inside::Scalar { text: other, .. }) => text == other,
        (Inside::Alias(to), Inside::Alias(other)) => to == other,
        _ => false,
    }
}

fn word(node: &Node) -> String {
    match &node.inside {
        Inside::Scalar { text, .. } => super::shortened(text),
        _ => "the key".to_owned(),
    }
}
