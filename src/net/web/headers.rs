use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use super::authorization::sensitive;
use crate::{
    clock::Instant,
    model::{Failure, Secret, sensitive::is_secret_name},
    net::credential,
};

/// Request headers by name. Values of telling names are masked wherever the configuration is shown. Cheap to clone.
#[derive(Clone, Default, PartialEq)]
pub struct Headers(Arc<[Field]>);

#[derive(PartialEq)]
struct Field {
    name: HeaderName,
    value: Told,
}

/// What is said of one header.
#[derive(PartialEq)]
enum Told {
    One(HeaderValue),
    Many(Many),
}

/// Several values of one header, each sent in a line of its own, in this order.
#[derive(Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "HeaderValues")]
#[serde(deny_unknown_fields, default)]
struct Many {
    /// Values that may be shown.
    #[schemars(with = "Vec<String>")]
    values: Vec<Value>,
    /// Values that are never shown.
    secrets: Vec<Secret>,
    /// Files that hold one value each; read at each run.
    files: Vec<PathBuf>,
    /// Environment variables that hold one value each.
    env: Vec<String>,
}

impl Headers {
    /// Whether anything is said of a header.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.names().any(|own| own == name)
    }

    /// Whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().map(|field| &field.name)
    }

    /// What is said of a header that has one text.
    pub fn text(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|field| field.name == *name).and_then(|field| match &field.value {
            Told::One(value) => Some(value),
            Told::Many(_) => None,
        })
    }

    /// Puts them in the place of those with the same names.
    ///
    /// # Errors
    /// `local_file` when a value cannot be had by `deadline`.
    pub async fn put(&self, into: &mut HeaderMap, deadline: Instant) -> Result<(), Failure> {
        for Field { name, value } in self.0.iter() {
            match value {
                Told::One(value) => {
                    into.insert(name, value.clone());
                }
                Told::Many(many) => {
                    into.remove(name);
                    for value in many.read(deadline).await? {
                        into.append(name, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// The headers that may only be sent to the host the user wrote them for.
    pub fn private(&self) -> impl Iterator<Item = &HeaderName> {
        let private = self.0.iter().filter(|field| {
            Self::is_private(&field.name)
                || matches!(&field.value, Told::Many(many) if many.has_secrets())
        });
        private.map(|field| &field.name)
    }

    /// Whether the name alone says that a header may only be sent to the host the user wrote it for.
    pub fn is_private(name: &HeaderName) -> bool {
        is_secret_name(name.as_str()) || *name == HOST
    }
}

impl Many {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && !self.has_secrets()
    }

    fn has_secrets(&self) -> bool {
        !(self.secrets.is_empty() && self.files.is_empty() && self.env.is_empty())
    }

    async fn read(&self, deadline: Instant) -> Result<Vec<HeaderValue>, Failure> {
        let mut values: Vec<_> = self.values.iter().map(|value| value.0.clone()).collect();
        for secret in &self.secrets {
            values.push(sensitive(secret.expose())?);
        }
        let files = self.files.iter().map(|path| (Some(path.as_path()), None));
        for (file, variable) in files.chain(self.env.iter().map(|name| (None, Some(name.as_str()))))
        {
            let secret = credential::read(deadline, None, file, variable).await?;
            values.extend(secret.map(|secret| sensitive(secret.expose().trim())).transpose()?);
        }
        Ok(values)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|field| (&field.name, field.shown()))).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for field in self.0.iter() {
            map.serialize_entry(field.name.as_str(), &field.shown())?;
        }
        map.end()
    }
}

/// A field as it may be shown; written as it is read.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    One(&'a str),
    Many {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        values: Vec<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        secrets: &'a [Secret],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        files: &'a [PathBuf],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        env: &'a [String],
    },
}

impl Field {
    fn shown(&self) -> Shown<'_> {
        let is_secret = is_secret_name(self.name.as_str());
        match &self.value {
            Told::One(value) => Shown::One(masked(is_secret, value)),
            Told::Many(many) => Shown::Many {
                values: many.values.iter().map(|value| masked(is_secret, &value.0)).collect(),
                secrets: &many.secrets,
                files: &many.files,
                env: &many.env,
            },
        }
    }
}

fn masked(is_secret: bool, value: &HeaderValue) -> &str {
    if is_secret { Secret::MASK } else { value.to_str().unwrap_or("<bytes>") }
}

/// A header's value, checked where it stands, so that the diagnostic points at it.
#[derive(PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Value(HeaderValue);

impl TryFrom<String> for Value {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let value = HeaderValue::try_from(text)
            .map_err(|_| "a header's value has no line breaks or control characters".to_owned())?;
        Ok(Self(value))
    }
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Told;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a table of `values`, `secrets`, `files` and `env`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Told, E> {
                Value::try_from(text.to_owned()).map(|value| Told::One(value.0)).map_err(E::custom)
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Told, A::Error> {
                let many = Many::deserialize(MapAccessDeserializer::new(map))?;
                if many.is_empty() {
                    return Err(de::Error::custom("no value is there: leave the header out"));
                }
                let usable = |secret: &Secret| HeaderValue::from_str(secret.expose()).is_ok();
                if !many.secrets.iter().all(usable) {
                    let why = "a secret holds characters that a header cannot carry";
                    return Err(de::Error::custom(why));
                }
                Ok(Told::Many(many))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields: Vec<Field> = Vec::new();
        for (name, value) in BTreeMap::<String, Told>::deserialize(deserializer)? {
            let name = HeaderName::try_from(&name)
                .map_err(|_| de::Error::custom(format!("`{name}` is not a header's name")))?;
            if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
                let why = format!("`{name}` is decided by the body and cannot be set");
                return Err(de::Error::custom(why));
            }
            if name == HOST && matches!(value, Told::Many(_)) {
                return Err(de::Error::custom("`host` is one text"));
            }
            if fields.iter().any(|field| field.name == name) {
                return Err(de::Error::custom(format!("`{name}` is there twice")));
            }
            fields.push(Field { name, value });
        }
        fields.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        Ok(Self(fields.into()))
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Headers".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let many = generator.subschema_for::<Many>();
        schemars::json_schema!({
            "type": "object",
            "description": "headers by name: a text, or a table of values, secrets, files and env",
            "additionalProperties": { "anyOf": [{ "type": "string" }, many] }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Headers, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    async fn sent(headers: &Headers) -> Result<HeaderMap, Failure> {
        let mut map = HeaderMap::new();
        map.insert("accept", "*/*".parse().unwrap());
        headers.put(&mut map, Instant::now() + std::time::Duration::from_secs(5)).await?;
        Ok(map)
    }

    #[tokio::test]
    async fn secrets_are_masked() {
        let text = r#"{"Accept":"x","Authorization":"Bearer hunter2","X-Api-Key":{"values":["hunter2"]},
            "X-Team":{"values":["web"],"secrets":["hunter2"]}}"#;
        let headers = parse(text).unwrap();
        let shown = format!("{headers:?} {}", serde_json::to_string(&headers).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("accept"), "{shown}");
        assert!(shown.contains("web"), "{shown}");
        assert_eq!(sent(&headers).await.unwrap()["x-api-key"], "hunter2");
        let private: Vec<_> = headers.private().map(HeaderName::as_str).collect();
        assert_eq!(private, ["authorization", "x-api-key", "x-team"]);
    }

    #[tokio::test]
    async fn a_header_has_several_values_from_several_places() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " three \n").unwrap();
        let text = serde_json::json!({
            "X": {"values": ["one"], "secrets": ["two"], "files": [file.path()]}, "Accept": "text/plain",
        });
        let headers = parse(&text.to_string()).unwrap();
        let map = sent(&headers).await.unwrap();
        assert_eq!(map.get_all("x").iter().collect::<Vec<_>>(), ["one", "two", "three"]);
        assert_eq!(map.get_all("accept").iter().collect::<Vec<_>>(), ["text/plain"]);
        let again = serde_json::to_string(&headers).unwrap();
        assert!(
            again.contains(r#""x":{"values":["one"],"secrets":["<secret>"],"files":["#),
            "{again}"
        );
        let missing = parse(r#"{"X":{"files":["/nonexistent/x"]}}"#).unwrap();
        assert!(sent(&missing).await.unwrap_err().detail.contains("/nonexistent/x"));
        let missing = parse(r#"{"X":{"env":["NOROSHI_TEST_NOT_SET"]}}"#).unwrap();
        assert!(sent(&missing).await.is_err());
    }

    #[test]
    fn what_sounds_secret_stays_with_the_host_it_was_written_for() {
        for name in ["x-auth", "x-pwd", "x-api-key", "x-signature", "cookie", "host"] {
            assert!(Headers::is_private(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!Headers::is_private(&HeaderName::from_static("accept")));
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, why) in [
            (r#"{"a b":"x"}"#, "not a header's name"),
            (r#"{"A":"x\ny"}"#, "line breaks"),
            (r#"{"A":"x","a":"y"}"#, "twice"),
            (r#"{"Content-Length":"1"}"#, "body"),
            (r#"{"A":{}}"#, "no value"),
            (r#"{"A":{"value":"x"}}"#, "unknown field"),
            (r#"{"A":{"values":["x\ny"]}}"#, "line breaks"),
            (r#"{"A":{"secrets":["hunter2\n"]}}"#, "cannot carry"),
            (r#"{"Host":{"values":["a","b"]}}"#, "one text"),
            (r#"{"A":1}"#, "a text, or a table"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
