//! Objects that cannot be read: what can be told of them all the same.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::selection::Labels;
use crate::{
    cluster::object::{Texts, UID_TEXT, Uid},
    model::{Failure, Reason},
};

/// Characters of a name that are shown. No object has more.
const NAME: usize = 253;

/// An object that cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Unread {
    pub(super) name: Box<str>,
    /// `None` where nobody knows which it has.
    pub(super) labels: Option<Labels>,
    uid: Option<Box<str>>,
}

/// Each for itself: what is wrong with one says nothing of the others.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    uid: Option<&'a RawValue>,
    #[serde(borrow)]
    labels: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

impl Unread {
    /// What can be told of an object; `None` where not even its name can.
    pub(super) fn of(json: &str) -> Option<Self> {
        let Object { metadata } = serde_json::from_str(json).ok()?;
        let name: Box<str> = read(metadata.name?)?;
        if name.is_empty() {
            return None;
        }
        let labels = metadata.labels.map_or_else(|| Some(Labels::new()), labels);
        Some(Self { name, labels, uid: metadata.uid.and_then(read) })
    }

    /// Whether it may be the object of this UID: that of one without any can be any.
    pub(super) fn may_be(&self, uid: &Uid) -> bool {
        self.uid.as_ref().is_none_or(|own| **own == *uid.text(&mut [0; UID_TEXT]))
    }

    /// That it cannot be read.
    pub(super) fn failure(&self) -> Failure {
        let end = self.name.char_indices().nth(NAME).map_or(self.name.len(), |(end, _)| end);
        let detail = format!("what the API server says of {}", &self.name[..end]);
        Failure::new(Reason::ObjectUnreadable, detail)
    }
}

fn labels(raw: &RawValue) -> Option<Labels> {
    let all: Texts<'_> = serde_json::from_str(raw.get()).ok()?;
    let owned = |text: &Cow<'_, str>| text.clone().into_owned();
    Some(all.iter().map(|(key, value)| (owned(key), owned(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told() {
        let of = |metadata: &str| Unread::of(&format!(r#"{{"metadata":{metadata},"status":7}}"#));
        let told = |metadata: &str| of(metadata).map(|one| (one.name.to_string(), one.labels));
        let labels = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
        };
        let a = |labels| Some(("a".to_owned(), labels));
        let broken =
            r#"{"name":"a","creationTimestamp":[],"ownerReferences":3,"labels":{"x":"1"}}"#;
        assert_eq!(told(broken), a(labels(&[("x", "1")])));
        assert_eq!(told(r#"{"name":"a","labels":null}"#), a(labels(&[])));
        assert_eq!(told(r#"{"name":"a"}"#), a(labels(&[])));
        assert_eq!(told(r#"{"name":"a","labels":"many"}"#), a(None));
        assert_eq!(told(r#"{"name":"a","labels":{"x":[]}}"#), a(None));
        for nobody in [r#"{"name":7}"#, r#"{"name":""}"#, "{}", "null", "3"] {
            assert_eq!(told(nobody), None, "{nobody}");
        }
        let uid = Uid::Text("1".into());
        assert!(of(r#"{"name":"a","uid":"1"}"#).unwrap().may_be(&uid));
        assert!(of(r#"{"name":"a","uid":1}"#).unwrap().may_be(&uid));
        assert!(!of(r#"{"name":"a","uid":"2"}"#).unwrap().may_be(&uid));
        let long = of(&format!(r#"{{"name":"{}"}}"#, "é".repeat(9000))).unwrap();
        assert!(long.failure().detail.chars().count() < 300);
    }
}
