//! An object of the API: its metadata, and the part of the rest that its kind shows.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::{
    keys::Keys,
    pool::{Shared, Word, pooled},
    wire::Time,
};
use crate::model::{Fnv, Pairs};

/// An object: what all kinds have, and what this kind shows of it.
#[derive(Debug, PartialEq)]
pub struct Object<B> {
    /// The metadata.
    pub meta: Meta,
    /// What the kind keeps.
    pub body: B,
}

/// Metadata as it is kept. Only what some series shows.
#[derive(Debug, PartialEq)]
pub struct Meta {
    /// Who it is, whatever its name.
    pub uid: Uid,
    /// Its namespace; empty for what has none.
    pub namespace: Word,
    /// Its name.
    pub name: Box<str>,
    /// When it was created.
    pub created: Time,
    /// Since when it is being deleted.
    pub deleted: Time,
    /// Counts changes of what is wanted.
    pub generation: i64,
    /// `resourceVersion` as a number, kept for the kinds that show it.
    pub revision: Option<f64>,
    /// Whose it is.
    pub owners: Shared<[Owner]>,
    /// The labels that are to be shown, if any are for this kind.
    pub labels: Option<Shared<Pairs>>,
    /// The annotations that are to be shown, if any are for this kind.
    pub annotations: Option<Shared<Pairs>>,
}

/// `metadata.uid`: a UUID in practice, and then kept as its 16 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Uid {
    /// Written as UUIDs are, in lower case.
    Uuid(uuid::Uuid),
    /// Anything else.
    Text(Box<str>),
}

impl Uid {
    /// That of a text.
    pub fn new(text: &str) -> Self {
        let uuid = uuid::Uuid::try_parse(text).ok();
        // Only what is written back as it came.
        uuid.filter(|uuid| uuid.hyphenated().encode_lower(&mut [0; UID_TEXT]) == text)
            .map_or_else(|| Self::Text(text.into()), Self::Uuid)
    }

    /// As it stands in the metadata.
    pub fn text<'b>(&'b self, buffer: &'b mut [u8; UID_TEXT]) -> &'b str {
        match self {
            Self::Uuid(uuid) => uuid.hyphenated().encode_lower(buffer),
            Self::Text(text) => text,
        }
    }

    /// FNV-1a with 64 bits over its text: what kube-state-metrics' shards go by.
    pub fn fnv(&self) -> u64 {
        let mut hash = Fnv::default();
        hash.bytes(self.text(&mut [0; UID_TEXT]).bytes());
        hash.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

/// Letters of a UUID.
pub(super) const UID_TEXT: usize = uuid::fmt::Hyphenated::LENGTH;

/// One of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Owner {
    /// Its kind.
    #[serde(default)]
    pub kind: Word,
    /// Its name.
    #[serde(default)]
    pub name: Word,
    /// Whether it is the one that manages the object.
    #[serde(default)]
    pub controller: Option<bool>,
}

impl Owner {
    /// Whether it manages the object; unset is no.
    pub fn is_controller(&self) -> bool {
        self.controller.unwrap_or_default()
    }
}

pooled!([Owner], Pairs);

/// Metadata in the wire. Labels and annotations are taken apart only where somebody wants them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata<'a> {
    /// Empty where the object has none: such an object is told apart by its name.
    #[serde(borrow)]
    pub uid: Cow<'a, str>,
    /// The name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The namespace.
    #[serde(borrow)]
    pub namespace: Cow<'a, str>,
    /// The version of the object.
    #[serde(borrow)]
    pub resource_version: Cow<'a, str>,
    generation: i64,
    /// When it was created.
    pub creation_timestamp: Time,
    deletion_timestamp: Time,
    owner_references: Option<Vec<Owner>>,
    #[serde(borrow)]
    labels: Option<&'a RawValue>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
}

/// Pairs of strings in the order of the wire.
pub(super) type Texts<'a> = super::wire::Map<Cow<'a, str>, Cow<'a, str>>;

impl<'a> Metadata<'a> {
    /// All its labels.
    pub fn labels<E: de::Error>(&self) -> Result<Texts<'a>, E> {
        texts(self.labels)
    }

    /// All its annotations.
    pub fn annotations<E: de::Error>(&self) -> Result<Texts<'a>, E> {
        texts(self.annotations)
    }

    /// What the object is told apart by.
    pub fn uid(&self) -> Uid {
        Uid::new(&self.uid)
    }

    fn compact<E: de::Error>(self, shown: &Shown) -> Result<Meta, E> {
        let owners = self.owner_references.as_deref().unwrap_or_default();
        Ok(Meta {
            uid: self.uid(),
            namespace: Word::new(&*self.namespace),
            name: self.name.as_ref().into(),
            created: self.creation_timestamp,
            deleted: self.deletion_timestamp,
            generation: self.generation,
            revision: if shown.revision { self.resource_version.parse().ok() } else { None },
            owners: Shared::new(owners),
            labels: shown.labels.of(self.labels)?,
            annotations: shown.annotations.of(self.annotations)?,
        })
    }
}

fn texts<E: de::Error>(raw: Option<&RawValue>) -> Result<Texts<'_>, E> {
    raw.map_or_else(
        || Ok(Texts::default()),
        |raw| serde_json::from_str(raw.get()).map_err(E::custom),
    )
}

/// What of the metadata is kept beyond what every kind shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Which labels.
    pub labels: Keys,
    /// Which annotations.
    pub annotations: Keys,
    /// Whether the number of `resourceVersion`.
    pub revision: bool,
}

impl Keys {
    fn of<E: de::Error>(&self, raw: Option<&RawValue>) -> Result<Option<Shared<Pairs>>, E> {
        if self.is_empty() {
            return Ok(None);
        }
        let all = texts::<E>(raw)?;
        let kept = all.iter().filter(|(key, _)| self.has(key));
        Ok(Some(Shared::new(kept.map(|(key, value)| (key, value)).collect::<Pairs>())))
    }
}

/// What a kind keeps of its objects beside the metadata.
pub trait Body: for<'de> Deserialize<'de> {
    /// Takes what it needs of the metadata; most need nothing.
    fn take<E: de::Error>(&mut self, _metadata: &Metadata<'_>) -> Result<(), E> {
        Ok(())
    }
}

/// Decodes an object in one pass.
pub(super) struct Decode<'s, B> {
    shown: &'s Shown,
    body: PhantomData<B>,
}

impl<'s, B: Body> Decode<'s, B> {
    /// Reads an object, and its version, from its JSON.
    pub(super) fn object(json: &str, shown: &'s Shown) -> serde_json::Result<(Object<B>, String)> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        Self { shown, body: PhantomData }.deserialize(&mut deserializer)
    }
}

impl<'de, B: Body> DeserializeSeed<'de> for Decode<'_, B> {
    type Value = (Object<B>, String);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, B: Body> de::Visitor<'de> for Decode<'_, B> {
    type Value = (Object<B>, String);
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let mut metadata = Metadata::default();
        let rest = WithoutMetadata { inner, metadata: &mut metadata };
        let mut body = B::deserialize(MapAccessDeserializer::new(rest))?;
        body.take(&metadata)?;
        let version = metadata.resource_version.as_ref().to_owned();
        Ok((Object { meta: metadata.compact(self.shown)?, body }, version))
    }
}

/// The entries of an object without its metadata, which is put aside: what `flatten` does, without keeping the rest in
/// between.
struct WithoutMetadata<'m, 'de, A> {
    inner: A,
    metadata: &'m mut Metadata<'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutMetadata<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.inner.next_key::<Cow<'de, str>>()? {
            if key != "metadata" {
                return seed.deserialize(de::value::CowStrDeserializer::new(key)).map(Some);
            }
            *self.metadata = self.inner.next_value()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}
