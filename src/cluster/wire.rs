//! How values stand in Kubernetes' JSON: what Go leaves out or writes as `null` is the empty value.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess},
};

use super::pool::Word;

/// A text as it stands in the JSON that is being read, copied only where it has escapes; `null` is the empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The same, pooled.
    pub(super) fn word(&self) -> Word {
        if self.is_empty() { Word::default() } else { Word::new(&**self) }
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
}

/// A list; `null` is the empty one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct List<T>(Box<[T]>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'l, T> IntoIterator for &'l List<T> {
    type Item = &'l T;
    type IntoIter = std::slice::Iter<'l, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(List(items.into()))
    }
    fn visit_unit<E: de::Error>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }
}

/// A map in the order of its keys, bytewise; `null` is the empty one. Of equal keys the last counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Map<K, V>(Box<[(K, V)]>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K, V> Deref for Map<K, V> {
    type Target = [(K, V)];
    fn deref(&self) -> &[(K, V)] {
        &self.0
    }
}

impl<'m, K, V> IntoIterator for &'m Map<K, V> {
    type Item = &'m (K, V);
    type IntoIter = std::slice::Iter<'m, (K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K: Deref<Target = str>, V> Map<K, V> {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.iter().find(|(own, _)| &**own == key).map(|(_, value)| value)
    }
}

impl<'de, K, V> Deserialize<'de> for Map<K, V>
where
    K: Deserialize<'de> + Deref<Target = str>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> de::Visitor<'de> for PairsVisitor<K, V>
where
    K: Deserialize<'de> + Deref<Target = str>,
    V: Deserialize<'de>,
{
    type Value = Map<K, V>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<K, V>, A::Error> {
        let mut pairs: Vec<(K, V)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<K, V>()? {
            match pairs.binary_search_by(|(own, _)| (**own).cmp(&key)) {
                Ok(at) => pairs[at].1 = value,
                Err(at) => pairs.insert(at, (key, value)),
            }
        }
        Ok(Map(pairs.into()))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Map<K, V>, E> {
        Ok(Map::default())
    }
}

/// A boolean as the value of a label; empty where it is unset.
pub(super) fn flag(is: Option<bool>) -> &'static str {
    match is {
        Some(true) => "true",
        Some(false) => "false",
        None => "",
    }
}

/// A moment in whole seconds since the epoch, as RFC 3339 in the wire; unset where it is `null` or left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time(i64);

impl Time {
    const UNSET: Self = Self(i64::MIN);
    /// What Go's zero time is in seconds since the epoch; kube-state-metrics shows it where it does not look.
    const GO_ZERO: f64 = -62_135_596_800.0;

    /// Seconds since the epoch.
    pub fn get(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "exact for 280 million years")]
        (self != Self::UNSET).then_some(self.0 as f64)
    }

    /// The same; Go's zero time where it is unset.
    pub fn or_go_zero(self) -> f64 {
        self.get().unwrap_or(Self::GO_ZERO)
    }

    /// Whether there is one.
    pub fn is_set(self) -> bool {
        self != Self::UNSET
    }

    /// As a timestamp.
    pub fn timestamp(self) -> Option<Timestamp> {
        if self.is_set() { Timestamp::from_second(self.0).ok() } else { None }
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::UNSET
    }
}

/// A [`Time`] in half the space: one between 1970 and 2106, or an unset one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near(u32);

impl Near {
    const UNSET: Self = Self(u32::MAX);

    /// The same moment; `None` if it is too far away.
    pub fn of(time: Time) -> Option<Self> {
        if !time.is_set() {
            return Some(Self::UNSET);
        }
        u32::try_from(time.0).ok().map(Self).filter(|near| *near != Self::UNSET)
    }
}

impl Default for Near {
    fn default() -> Self {
        Self::UNSET
    }
}

impl From<Near> for Time {
    fn from(near: Near) -> Self {
        if near == Near::UNSET { Self::UNSET } else { Self(near.0.into()) }
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        // Towards the past, also before the epoch: as Go's `Unix`.
        Self(at.as_second() - i64::from(at.subsec_nanosecond() < 0))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.timestamp(), f)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl de::Visitor<'_> for TimeVisitor {
    type Value = Time;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time as in RFC 3339")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
        let at = text.parse::<Timestamp>().map_err(|error| E::custom(format_args!("{error}")))?;
        Ok(at.into())
    }
    fn visit_unit<E: de::Error>(self) -> Result<Time, E> {
        Ok(Time::UNSET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let time = |text: &str| serde_json::from_str::<Time>(text).unwrap().get();
        assert_eq!(time("\"2026-11-28T00:00:00Z\""), Some(1_795_824_000.0));
        assert_eq!(time("\"1969-12-31T23:59:58.500000Z\""), Some(-2.0));
        assert_eq!(time("null"), None);
        assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
        assert!((Time::default().or_go_zero() + 62_135_596_800.0).abs() < 1.0);
    }

    #[test]
    fn near_times() {
        for seconds in [0, 1_795_824_000, i64::from(u32::MAX) - 1, i64::MIN] {
            assert_eq!(Near::of(Time(seconds)).map(Time::from), Some(Time(seconds)));
        }
        for seconds in [-1, i64::from(u32::MAX), i64::MAX] {
            assert_eq!(Near::of(Time(seconds)), None);
        }
    }

    #[test]
    fn texts_are_borrowed_where_they_can_be() {
        let texts: List<Text<'_>> = serde_json::from_str(r#"["plain", "a\nb", null]"#).unwrap();
        assert!(matches!(texts[0].0, Cow::Borrowed("plain")));
        assert_eq!((&*texts[1], &*texts[2]), ("a\nb", ""));
    }

    #[test]
    fn null_lists_and_maps_are_empty() {
        assert!(serde_json::from_str::<List<i64>>("null").unwrap().is_empty());
        assert_eq!(*serde_json::from_str::<List<i64>>("[2,1]").unwrap(), [2, 1]);
        let map: Map<Word, i64> = serde_json::from_str(r#"{"b":1,"a":2,"b":3}"#).unwrap();
        assert_eq!(
            map.iter().map(|(key, value)| (&**key, *value)).collect::<Vec<_>>(),
            [("a", 2), ("b", 3)]
        );
        assert!(serde_json::from_str::<Map<Word, i64>>("null").unwrap().is_empty());
    }
}
