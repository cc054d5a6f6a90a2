use std::{borrow::Cow, collections::BTreeMap, fmt};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use crate::model::{Secret, sensitive::is_secret_name};

/// What is said beside the call: names with their values. Those of telling names are masked wherever they are shown.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Metadata(BTreeMap<String, Vec<HeaderValue>>);

/// Names that are gRPC's own; grpc-go does not send them either.
const RESERVED: [&str; 4] = ["content-type", "te", "user-agent", "host"];

/// As gRPC writes binary values: without padding. Both are read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Metadata {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds it to the fields of a request.
    pub(super) fn write(&self, fields: &mut HeaderMap) {
        for (name, values) in &self.0 {
            let Ok(name) = HeaderName::try_from(name) else { continue };
            for value in values {
                fields.append(name.clone(), value.clone());
            }
        }
    }

    fn shown(&self) -> impl Iterator<Item = (&str, Vec<Cow<'_, str>>)> {
        self.0.iter().map(|(name, values)| {
            let secret = is_secret_name(name);
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let shown = |value| if secret { Secret::MASK.into() } else { text(value).into() };
            (name.as_str(), values.iter().map(shown).collect())
        })
    }
}

/// A name in lower case, as it goes over the wire.
fn name_of(written: &str) -> Result<String, String> {
    let name = written.to_ascii_lowercase();
    let permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(permitted) {
        return Err(format!("`{written}` is no name: letters, digits, `-`, `_` and `.`"));
    }
    if RESERVED.contains(&name.as_str()) || name.starts_with("grpc-") {
        return Err(format!("`{written}` is decided by gRPC itself"));
    }
    Ok(name)
}

fn value_of(name: &str, value: &str) -> Result<HeaderValue, String> {
    if !name.ends_with("-bin") {
        let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let value = HeaderValue::try_from(value).ok().filter(|_| printable);
        let why = "is not printable ASCII; the name of a binary value ends in `-bin`";
        return value.ok_or_else(|| format!("a value of `{name}` {why}"));
    }
    let bytes = BASE64.decode(value);
    let bytes = bytes.map_err(|_| format!("a value of `{name}` is not Base64"))?;
    HeaderValue::try_from(BASE64.encode(bytes)).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut read = BTreeMap::new();
        for (name, values) in BTreeMap::<String, Vec<String>>::deserialize(deserializer)? {
            let name = name_of(&name).map_err(de::Error::custom)?;
            let values: Result<_, _> = values.iter().map(|value| value_of(&name, value)).collect();
            if read.insert(name.clone(), values.map_err(de::Error::custom)?).is_some() {
                return Err(de::Error::custom(format!("`{name}` is there twice")));
            }
        }
        Ok(Self(read))
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in self.shown() {
            map.serialize_entry(name, &values)?;
        }
        map.end()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl JsonSchema for Metadata {
    fn schema_name() -> Cow<'static, str> {
        "Metadata".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "lists of values by name",
            "additionalProperties": { "type": "array", "items": { "type": "string" } }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Metadata, toml::de::Error> {
        toml::from_str(toml)
    }

    #[test]
    fn binary_values_go_without_padding_and_names_in_lower_case() {
        let metadata = read("Tenant = ['a', 'b c']\ntrace-bin = ['AA==', 'AQI']").unwrap();
        let mut fields = HeaderMap::new();
        metadata.write(&mut fields);
        let all: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(
            all,
            [("tenant", "a"), ("tenant", "b c"), ("trace-bin", "AA"), ("trace-bin", "AQI")]
        );
        assert_eq!(
            toml::to_string(&metadata).unwrap(),
            "tenant = [\"a\", \"b c\"]\ntrace-bin = [\"AA\", \"AQI\"]\n"
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let metadata = read("Authorization = ['Bearer hunter2']\nx-api-key = ['hunter3']").unwrap();
        let shown = format!("{metadata:?} {}", toml::to_string(&metadata).unwrap());
        assert!(!shown.contains("hunter") && shown.contains("<secret>"), "{shown}");
    }

    #[test]
    fn mistakes() {
        for (toml, words) in [
            ("'a b' = ['x']", "is no name"),
            ("':path' = ['x']", "is no name"),
            ("'' = ['x']", "is no name"),
            ("grpc-timeout = ['1S']", "gRPC itself"),
            ("TE = ['x']", "gRPC itself"),
            ("a = ['é']", "not printable"),
            ("a = [\"x\\ny\"]", "not printable"),
            ("a-bin = ['*']", "not Base64"),
            ("a = ['1']\nA = ['2']", "twice"),
        ] {
            let error = read(toml).unwrap_err().to_string();
            assert!(error.contains(words), "{toml}: {error}");
        }
    }
}
