use std::{cmp::Ordering, fmt, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// Labels or annotations of an alert: sorted by name, each name once, in one shared allocation.
///
/// A hundred thousand alerts are held at once, so there is no map and no string per label: the text is a row of
/// netstrings (`9:alertname4:Down`), which need no second look to be taken apart again. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pairs(Arc<str>);

impl Pairs {
    /// Sorts the pairs. Of several with one name the last one counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        // Stable, so that the last of equal names stays the last.
        pairs.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        let mut text = String::with_capacity(
            pairs.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len() + 6).sum(),
        );
        for (at, (name, value)) in pairs.iter().enumerate() {
            let next = pairs.get(at + 1);
            if next.is_some_and(|(next, _)| next.as_ref() == name.as_ref()) {
                continue;
            }
            netstring(&mut text, name.as_ref());
            netstring(&mut text, value.as_ref());
        }
        Self(text.into())
    }

    /// By name, in byte order of the names.
    pub fn iter(&self) -> Iter<'_> {
        Iter(&self.0)
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that are held, without the allocation's own.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// FNV-1a over every name and value, each closed by 0xFF: Prometheus' `LabelSet.Fingerprint`.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        for (name, value) in self {
            hash.part(name);
            hash.part(value);
        }
        hash.0
    }

    /// Those of the pairs whose names `keep` wants.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self::new(self.iter().filter(|(name, _)| keep(name)))
    }
}

impl Default for Pairs {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

/// The pairs of a [`Pairs`].
#[derive(Debug, Clone)]
pub struct Iter<'p>(&'p str);

impl<'p> Iterator for Iter<'p> {
    type Item = (&'p str, &'p str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = taken(self.0)?;
        let (value, rest) = taken(rest)?;
        self.0 = rest;
        Some((name, value))
    }
}

impl<'p> IntoIterator for &'p Pairs {
    type Item = (&'p str, &'p str);
    type IntoIter = Iter<'p>;
    fn into_iter(self) -> Iter<'p> {
        self.iter()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self::new(pairs)
    }
}

impl PartialOrd for Pairs {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By content, pair by pair: as Alertmanager sorts label sets.
impl Ord for Pairs {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of strings")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Pairs, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs::new(pairs))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// FNV-1a with 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Takes a text and the byte that closes it.
    pub fn part(&mut self, text: &str) {
        for byte in text.bytes().chain([0xFF]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn netstring(out: &mut String, text: &str) {
    use fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = write!(out, "{}:", text.len());
    out.push_str(text);
}

/// The first netstring, and what follows it.
fn taken(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let (mut length, mut at) = (0_usize, 0);
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        length = length * 10 + usize::from(digit - b'0');
        at += 1;
    }
    if at == 0 {
        return None;
    }
    let end = at + 1 + length;
    Some((text.get(at + 1..end)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fingerprints_are_prometheus_own() {
        assert_eq!(Pairs::default().fingerprint(), 0xcbf2_9ce4_8422_2325);
        let one = Pairs::new([("b", "2"), ("a", "1"), ("a", "3")]);
        assert_eq!(one.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
        assert_eq!(one.get("b"), Some("2"));
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(map: std::collections::BTreeMap<String, String>) {
            let pairs = Pairs::new(&map);
            let back: std::collections::BTreeMap<String, String> =
                pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(pairs.len(), map.len());
            prop_assert_eq!(back, map);
        }
    }
}
