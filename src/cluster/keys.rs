//! Which labels and annotations of objects become labels of series, and under what names.

use std::collections::HashMap;

use regex::Regex;

/// A list of keys: `*` for all, a key, or a key with one star inside.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    all: bool,
    exact: Vec<Box<str>>,
    patterns: Vec<Regex>,
}

/// Why a list of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} has more than one star")]
pub struct TooManyStars(pub String);

impl Keys {
    /// Of its entries, as `--metric-labels-allowlist` has them. A star alone counts only as the first.
    pub fn new<K: AsRef<str>>(entries: impl IntoIterator<Item = K>) -> Result<Self, TooManyStars> {
        let mut keys = Self::default();
        for (at, entry) in entries.into_iter().enumerate() {
            let entry = entry.as_ref();
            match entry.split_once('*') {
                None => keys.exact.push(entry.into()),
                Some(("", "")) if at == 0 => keys.all = true,
                Some(("", "")) => {}
                Some((_, rest)) if rest.contains('*') => {
                    return Err(TooManyStars(entry.to_owned()));
                }
                Some((before, after)) => {
                    let pattern = format!("^{}.*{}$", regex::escape(before), regex::escape(after));
                    keys.patterns.extend(Regex::new(&pattern));
                }
            }
        }
        Ok(keys)
    }

    /// Whether no key is wanted.
    pub fn is_empty(&self) -> bool {
        !self.all && self.exact.is_empty() && self.patterns.is_empty()
    }

    /// Whether a key is wanted.
    pub fn has(&self, key: &str) -> bool {
        self.all
            || self.exact.iter().any(|exact| **exact == *key)
            || self.patterns.iter().any(|pattern| pattern.is_match(key))
    }
}

/// Names of labels for keys, by kube-state-metrics' rules: what no label may have becomes `_`, camel case becomes snake
/// case, and names that fall together are numbered, so that no series has a label twice.
pub(super) fn label_names<'k>(prefix: &str, keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    // The last number given to a name that several keys have.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    for (at, key) in keys.enumerate() {
        let name = label_name(prefix, key);
        let given = if let Some(number) = numbers.get_mut(&name) {
            free(&name, number, &taken)
        } else if let Some(earlier) = taken.remove(&name) {
            // The earlier one is no more right than this one: it is renamed too.
            let mut number = 0;
            let renamed = free(&name, &mut number, &taken);
            taken.insert(renamed.clone(), earlier);
            names[earlier] = renamed;
            let given = free(&name, &mut number, &taken);
            numbers.insert(name, number);
            given
        } else {
            name
        };
        taken.insert(given.clone(), at);
        names.push(given);
    }
    names
}

/// The next numbered name that no key has by itself.
fn free(name: &str, number: &mut u32, taken: &HashMap<String, usize>) -> String {
    loop {
        *number += 1;
        let candidate = format!("{name}_conflict{number}");
        if !taken.contains_key(&candidate) {
            return candidate;
        }
    }
}

fn label_name(prefix: &str, key: &str) -> String {
    let mut name = String::with_capacity(prefix.len() + key.len() + 4);
    name.push_str(prefix);
    name.push('_');
    let mut before = None;
    for character in key.chars() {
        let character = if character.is_ascii_alphanumeric() { character } else { '_' };
        let follows = before.is_some_and(|b: char| b.is_ascii_lowercase() || b.is_ascii_digit());
        if character.is_ascii_uppercase() && follows {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
        before = Some(character);
    }
    name
}

/// The same for the name of a resource in the label `resource`: its case stays.
pub(super) fn resource_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[&str]) -> Vec<String> {
        label_names("label", keys.iter().copied())
    }

    #[test]
    fn what_a_label_may_not_have_becomes_an_underscore() {
        assert_eq!(
            names(&["app.kubernetes.io/name", "camelCase", "HTTPServer", ""]),
            ["label_app_kubernetes_io_name", "label_camel_case", "label_httpserver", "label_",]
        );
    }

    #[test]
    fn names_that_fall_together_are_numbered() {
        assert_eq!(
            names(&["a-b", "a.b", "a/b", "c"]),
            ["label_a_b_conflict1", "label_a_b_conflict2", "label_a_b_conflict3", "label_c",]
        );
        assert_eq!(
            names(&["a.b_conflict1", "a-b", "a_b"]),
            ["label_a_b_conflict1", "label_a_b_conflict2", "label_a_b_conflict3",]
        );
    }

    #[test]
    fn keys_with_stars() {
        let keys = |entries: &[&str]| Keys::new(entries).unwrap();
        assert!(keys(&["*"]).has("anything"));
        assert!(keys(&["a", "*"]).has("a") && !keys(&["a", "*"]).has("b"));
        let some = keys(&["exact", "app-*", "*.io", "a*z"]);
        assert!(["exact", "app-", "app-x", "x.io", "az", "abz"].iter().all(|key| some.has(key)));
        assert!(["exact2", "xapp-", "xxio", "azb"].iter().all(|key| !some.has(key)));
        assert!(keys(&[]).is_empty());
        assert_eq!(Keys::new(["a*b*"]).unwrap_err().to_string(), "\"a*b*\" has more than one star");
    }
}
