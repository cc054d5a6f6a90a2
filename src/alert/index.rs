//! Which sets of matchers could match an alert, without trying them all.
//!
//! Each set is kept under its most telling matcher: the values one label may have, else what its value begins with, else the
//! name of a label that must be there. An alert is looked up by its own labels, so a thousand silences cost it a handful of look-ups.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use crate::model::{Matcher, Pairs};

/// More alternatives than these in one matcher are not worth an entry each.
const MOST_VALUES: usize = 64;

/// Sets of matchers by what an alert must have. A key is in it at most once.
#[derive(Debug, Clone)]
pub(crate) struct MatcherIndex<K> {
    by_name: HashMap<Box<str>, Bucket<K>>,
    /// Those that an alert without any certain label could match.
    anywhere: Vec<K>,
}

#[derive(Debug, Clone)]
struct Bucket<K> {
    by_value: HashMap<Box<str>, Vec<K>>,
    /// By the length of the beginning; people write a few lengths only.
    by_prefix: BTreeMap<usize, HashMap<Box<str>, Vec<K>>>,
    any_value: Vec<K>,
}

impl<K> Default for MatcherIndex<K> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), anywhere: Vec::new() }
    }
}

impl<K> Default for Bucket<K> {
    fn default() -> Self {
        Self { by_value: HashMap::new(), by_prefix: BTreeMap::new(), any_value: Vec::new() }
    }
}

/// Where a set of matchers is kept.
enum Place<'m> {
    Values(&'m str, Vec<&'m str>),
    Prefixes(&'m str, Vec<&'m str>),
    Name(&'m str),
    Anywhere,
}

impl<K: Copy + Eq + Hash> MatcherIndex<K> {
    /// Adds a set under a key.
    pub(crate) fn insert(&mut self, key: K, matchers: &[Matcher]) {
        match place(matchers) {
            Place::Values(name, values) => {
                let bucket = self.by_name.entry(name.into()).or_default();
                for value in values {
                    bucket.by_value.entry(value.into()).or_default().push(key);
                }
            }
            Place::Prefixes(name, prefixes) => {
                let bucket = self.by_name.entry(name.into()).or_default();
                for prefix in prefixes {
                    let same_length = bucket.by_prefix.entry(prefix.len()).or_default();
                    same_length.entry(prefix.into()).or_default().push(key);
                }
            }
            Place::Name(name) => self.by_name.entry(name.into()).or_default().any_value.push(key),
            Place::Anywhere => self.anywhere.push(key),
        }
    }

    /// Takes a set out again; `matchers` are those it came with.
    pub(crate) fn remove(&mut self, key: K, matchers: &[Matcher]) {
        let place = place(matchers);
        let name = match place {
            Place::Anywhere => return self.anywhere.retain(|own| *own != key),
            Place::Values(name, _) | Place::Prefixes(name, _) | Place::Name(name) => name,
        };
        let Some(bucket) = self.by_name.get_mut(name) else { return };
        match &place {
            Place::Values(_, values) => {
                for value in values {
                    forget(&mut bucket.by_value, value, key);
                }
            }
            Place::Prefixes(_, prefixes) => {
                for prefix in prefixes {
                    if let Some(same_length) = bucket.by_prefix.get_mut(&prefix.len()) {
                        forget(same_length, prefix, key);
                    }
                }
                bucket.by_prefix.retain(|_, same_length| !same_length.is_empty());
            }
            Place::Name(_) | Place::Anywhere => bucket.any_value.retain(|own| *own != key),
        }
        if bucket.is_empty() {
            self.by_name.remove(name);
        }
    }

    /// The keys of all sets that could match, each once. Whether they do is for the caller to see.
    pub(crate) fn candidates<'i>(&'i self, labels: &'i Pairs) -> impl Iterator<Item = K> + 'i {
        let by_label = labels.iter().filter_map(|(name, value)| {
            let bucket = self.by_name.get(name)?;
            let by_prefix = bucket
                .by_prefix
                .iter()
                .filter_map(move |(length, same_length)| same_length.get(value.get(..*length)?));
            let by_value = bucket.by_value.get(value).into_iter().chain(by_prefix).flatten();
            Some(by_value.chain(&bucket.any_value))
        });
        by_label.flatten().chain(&self.anywhere).copied()
    }
}

impl<K> Bucket<K> {
    fn is_empty(&self) -> bool {
        self.by_value.is_empty() && self.by_prefix.is_empty() && self.any_value.is_empty()
    }
}

fn forget<K: Copy + Eq>(keys: &mut HashMap<Box<str>, Vec<K>>, text: &str, key: K) {
    if let Some(own) = keys.get_mut(text) {
        own.retain(|own| *own != key);
        if own.is_empty() {
            keys.remove(text);
        }
    }
}

fn place(matchers: &[Matcher]) -> Place<'_> {
    // Whoever accepts the empty value accepts a label that is not there.
    let telling = || matchers.iter().filter(|matcher| !matcher.matches(""));
    let few = |texts: &Vec<&str>| texts.len() <= MOST_VALUES;
    let values = telling().filter_map(|one| Some((&*one.name, one.values().filter(few)?)));
    if let Some((name, values)) = values.min_by_key(|(_, values)| values.len()) {
        return Place::Values(name, values);
    }
    let prefixes = telling().filter_map(|one| Some((&*one.name, one.prefixes().filter(few)?)));
    if let Some((name, prefixes)) = prefixes.min_by_key(|(_, prefixes)| prefixes.len()) {
        return Place::Prefixes(name, prefixes);
    }
    telling().next().map_or(Place::Anywhere, |one| Place::Name(&one.name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::matcher::{MatchOp, Syntax, all_match};

    fn set(text: &str) -> Vec<Matcher> {
        Syntax::Classic.matchers(text).unwrap().value
    }

    #[test]
    fn the_most_telling_matcher_is_the_place() {
        let sets =
            ["a=~\"x|y\",b=1", "a=~\"x.*\",b=~\".+\"", "a!=b", "a=~\"|x\",b!=\"\"", "c=~\"x|y\""];
        let mut index = MatcherIndex::default();
        for (key, text) in sets.iter().enumerate() {
            index.insert(key, &set(text));
        }
        let found = |labels: &[(&str, &str)]| {
            let mut keys: Vec<usize> =
                index.candidates(&Pairs::new(labels.iter().copied())).collect();
            keys.sort_unstable();
            keys
        };
        assert_eq!(found(&[]), [2]);
        assert_eq!(found(&[("a", "x")]), [1, 2]);
        assert_eq!((found(&[("a", "xyz")]), found(&[("a", "yx")])), (vec![1, 2], vec![2]));
        assert_eq!(found(&[("b", "1"), ("c", "y")]), [0, 2, 3, 4]);
        assert_eq!(found(&[("b", "2"), ("c", "z")]), [2, 3]);
        for (key, text) in sets.iter().enumerate() {
            index.remove(key, &set(text));
        }
        assert!(index.by_name.is_empty() && index.anywhere.is_empty());
    }

    fn matcher() -> impl Strategy<Value = Matcher> {
        let op = prop::sample::select(vec![
            MatchOp::Equal,
            MatchOp::NotEqual,
            MatchOp::Regex,
            MatchOp::NotRegex,
        ]);
        (
            "[ab]",
            op,
            prop::sample::select(vec!["", "x", "x|y", "x.*", "x[xy]|yz*", ".+", "[xy]?", "[xy]"]),
        )
            .prop_map(|(name, op, value)| Matcher::new(name, op, value).unwrap())
    }

    proptest! {
        /// What matches is among the candidates, once.
        #[test]
        fn nothing_that_matches_is_missed(
            sets in prop::collection::vec(prop::collection::vec(matcher(), 1..4), 0..12),
            labels in prop::collection::btree_map("[abc]", "[xyz]{1,2}", 0..3),
        ) {
            let labels = Pairs::new(&labels);
            let mut index = MatcherIndex::default();
            for (key, matchers) in sets.iter().enumerate() {
                index.insert(key, matchers);
            }
            let mut candidates: Vec<usize> = index.candidates(&labels).collect();
            let count = candidates.len();
            candidates.sort_unstable();
            candidates.dedup();
            prop_assert_eq!(count, candidates.len());
            for (key, matchers) in sets.iter().enumerate() {
                prop_assert!(!all_match(matchers, &labels) || candidates.contains(&key));
            }
        }
    }
}
