use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// Labels or annotations of an alert: sorted by name, each name once, in one shared allocation.
///
/// A hundred thousand alerts are held at once, so there is no map and no string per label: the text is a row of
/// netstrings (`9:alertname4:Down`), which need no second look to be taken apart again. What many have in common may stand
/// in a [`Form`] that they share. Cheap to clone.
#[derive(Clone, Default)]
pub struct Pairs {
    /// Names and values; with a form only the values that it leaves open.
    text: Arc<str>,
    form: Option<Arc<Form>>,
}

/// What many [`Pairs`] have in common: all their names, and some of their values.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// A netstring for each name, and behind it one for its value, or [`OPEN`].
    text: Box<str>,
}

/// In the place of a value that each has for itself; no netstring begins so.
const OPEN: char = '?';

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
        Self { text: text.into(), form: None }
    }

    /// The same pairs, of which only what a form leaves open is held anew; `None` if they do not fit it.
    #[must_use]
    pub fn in_form(&self, form: &Arc<Form>) -> Option<Self> {
        let mut open = String::new();
        let mut own = self.iter();
        for (name, value) in form.parts() {
            let (_, held) = own.next().filter(|(own, _)| *own == name)?;
            match value {
                Some(value) if value == held => {}
                Some(_) => return None,
                None => netstring(&mut open, held),
            }
        }
        if own.next().is_some() {
            return None;
        }
        // The empty text needs no allocation.
        let text = if open.is_empty() { Arc::default() } else { open.into() };
        Some(Self { text, form: Some(Arc::clone(form)) })
    }

    /// By name, in byte order of the names.
    pub fn iter(&self) -> Iter<'_> {
        Iter { text: &self.text, form: self.form.as_deref().map(|form| &*form.text) }
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
        self.text.is_empty() && self.form.as_ref().is_none_or(|form| form.text.is_empty())
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

impl Form {
    /// With all names and values of these.
    pub fn of(pairs: &Pairs) -> Self {
        Self::new(pairs.iter().map(|(name, value)| (name, Some(value))))
    }

    /// The same, but open where these have other values; `None` if they have other names.
    #[must_use]
    pub fn open_for(&self, pairs: &Pairs) -> Option<Self> {
        let names = self.parts().map(|(name, _)| name);
        names.eq(pairs.iter().map(|(name, _)| name)).then(|| {
            let both = self.parts().zip(pairs);
            Self::new(
                both.map(|((name, value), (_, held))| (name, value.filter(|value| *value == held))),
            )
        })
    }

    fn new<'p>(parts: impl Iterator<Item = (&'p str, Option<&'p str>)>) -> Self {
        let mut text = String::new();
        for (name, value) in parts {
            netstring(&mut text, name);
            match value {
                Some(value) => netstring(&mut text, value),
                None => text.push(OPEN),
            }
        }
        Self { text: text.into() }
    }

    fn parts(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut rest = &*self.text;
        std::iter::from_fn(move || part(&mut rest))
    }
}

/// The first name of a form's text, and its value if it is closed.
fn part<'p>(form: &mut &'p str) -> Option<(&'p str, Option<&'p str>)> {
    let (name, rest) = taken(form)?;
    let (value, rest) = match rest.strip_prefix(OPEN) {
        Some(rest) => (None, rest),
        None => taken(rest).map(|(value, rest)| (Some(value), rest))?,
    };
    *form = rest;
    Some((name, value))
}

/// The pairs of a [`Pairs`].
#[derive(Debug, Clone)]
pub struct Iter<'p> {
    text: &'p str,
    form: Option<&'p str>,
}

impl<'p> Iterator for Iter<'p> {
    type Item = (&'p str, &'p str);

    fn next(&mut self) -> Option<Self::Item> {
        let name = match &mut self.form {
            Some(form) => match part(form)? {
                (name, Some(value)) => return Some((name, value)),
                (name, None) => name,
            },
            None => self.next_text()?,
        };
        Some((name, self.next_text()?))
    }
}

impl<'p> Iter<'p> {
    fn next_text(&mut self) -> Option<&'p str> {
        let (text, rest) = taken(self.text)?;
        self.text = rest;
        Some(text)
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        let same_form = match (&self.form, &other.form) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        };
        if same_form { self.text == other.text } else { self.iter().eq(other) }
    }
}

impl Eq for Pairs {}

/// The same with and without a form.
impl Hash for Pairs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for pair in self {
            pair.hash(state);
        }
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
        self.bytes(text.bytes().chain([0xFF]));
    }

    /// Takes bytes.
    pub fn bytes(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn netstring(out: &mut String, text: &str) {
    out.push_str(itoa::Buffer::new().format(text.len()));
    out.push(':');
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

        #[test]
        fn a_form_changes_nothing_but_the_memory(
            values in prop::collection::vec(prop::collection::vec("[a?1:]{0,2}", 3), 1..6),
        ) {
            let all: Vec<Pairs> =
                values.iter().map(|values| Pairs::new(["a", "?", "é"].iter().zip(values))).collect();
            let mut form = Form::of(&all[0]);
            for pairs in &all {
                form = form.open_for(pairs).unwrap();
            }
            let form = Arc::new(form);
            let hash = |pairs: &Pairs| {
                let mut hasher = std::hash::DefaultHasher::new();
                pairs.hash(&mut hasher);
                hasher.finish()
            };
            for pairs in &all {
                let packed = pairs.in_form(&form).unwrap();
                prop_assert_eq!(&packed, pairs);
                prop_assert_eq!(hash(&packed), hash(pairs));
                prop_assert_eq!(packed.fingerprint(), pairs.fingerprint());
                prop_assert_eq!(packed.len(), 3);
                for other in &all {
                    prop_assert_eq!(packed == other.in_form(&form).unwrap(), pairs == other);
                }
                // What all have in common is held once, and all else once for each.
                let open: usize = packed.iter().filter(|(name, _)| all.iter().any(|one| one.get(name) != pairs.get(name)))
                    .map(|(_, value)| value.len() + 2).sum();
                prop_assert_eq!(packed.text.len(), open);
            }
        }

        #[test]
        fn what_does_not_fit_a_form_is_not_packed(
            one in prop::collection::btree_map("[ab]", "[xy]", 0..3),
            other in prop::collection::btree_map("[ab]", "[xy]", 0..3),
        ) {
            let (one, other) = (Pairs::new(&one), Pairs::new(&other));
            let form = Arc::new(Form::of(&one));
            prop_assert_eq!(other.in_form(&form).is_some(), one == other);
            let same_names = one.iter().map(|(name, _)| name).eq(other.iter().map(|(name, _)| name));
            prop_assert_eq!(form.open_for(&other).is_some(), same_names);
        }
    }
}
