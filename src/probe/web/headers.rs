use std::{collections::BTreeMap, fmt};

use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use crate::model::{Secret, sensitive::is_secret_name};

/// Request headers by name. Values of telling names are masked wherever the configuration is shown.
#[derive(Clone, Default, PartialEq)]
pub(in crate::probe) struct Headers {
    map: HeaderMap,
}

impl Headers {
    /// The headers for the wire.
    pub(in crate::probe) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// The name in the user's own `Host` header, without its port: whose certificate is wanted, as in blackbox_exporter.
    pub(in crate::probe) fn host(&self) -> Option<&str> {
        let host = self.map.get(HOST)?.to_str().ok()?;
        match host.strip_prefix('[') {
            Some(literal) => literal.split(']').next(),
            None => host.split(':').next(),
        }
    }

    /// Says `Host` in the user's place.
    ///
    /// # Errors
    /// One sentence, where no header can carry the value.
    pub(in crate::probe) fn set_host(&mut self, host: &str) -> Result<(), String> {
        let value = HeaderValue::try_from(host).map_err(|_| "not a host name".to_owned())?;
        self.map.insert(HOST, value);
        Ok(())
    }

    /// Whether a header may only be sent to the host the user wrote it for.
    pub(in crate::probe) fn is_private(name: &HeaderName) -> bool {
        is_secret_name(name.as_str()) || *name == HOST
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.iter().map(|(name, value)| {
            let secret = is_secret_name(name.as_str());
            (name.as_str(), if secret { Secret::MASK } else { value.to_str().unwrap_or("<bytes>") })
        })
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.map.len()))?;
        for (name, value) in self.shown() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A header's value, checked where it stands, so that the diagnostic points at it.
#[derive(Deserialize)]
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

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = HeaderMap::new();
        for (name, Value(value)) in BTreeMap::<String, Value>::deserialize(deserializer)? {
            let name = HeaderName::try_from(&name)
                .map_err(|_| de::Error::custom(format!("`{name}` is not a header's name")))?;
            if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
                let why = format!("`{name}` is decided by the body and cannot be set");
                return Err(de::Error::custom(why));
            }
            if map.insert(&name, value).is_some() {
                return Err(de::Error::custom(format!("`{name}` is there twice")));
            }
        }
        Ok(Self { map })
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Headers".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "headers by name",
            "additionalProperties": { "type": "string" }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Headers, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_are_masked() {
        let text = r#"{"Accept":"x","Authorization":"Bearer hunter2","X-Api-Key":"hunter2"}"#;
        let headers = parse(text).unwrap();
        let shown = format!("{headers:?} {}", serde_json::to_string(&headers).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("accept"), "{shown}");
        assert_eq!(headers.map()["x-api-key"], "hunter2");
    }

    #[test]
    fn what_sounds_secret_stays_with_the_host_it_was_written_for() {
        for name in ["x-auth", "x-pwd", "x-api-key", "x-signature", "cookie", "host"] {
            assert!(Headers::is_private(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!Headers::is_private(&HeaderName::from_static("accept")));
    }

    #[test]
    fn the_host_is_a_name_without_its_port() {
        for (text, host) in
            [("a.example", "a.example"), ("a.example:81", "a.example"), ("[::1]:81", "::1")]
        {
            let headers = parse(&format!(r#"{{"host":"{text}"}}"#)).unwrap();
            assert_eq!(headers.host(), Some(host));
        }
        assert_eq!(parse("{}").unwrap().host(), None);
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, why) in [
            (r#"{"a b":"x"}"#, "not a header's name"),
            (r#"{"A":"x\ny"}"#, "line breaks"),
            (r#"{"A":"x","a":"y"}"#, "twice"),
            (r#"{"Content-Length":"1"}"#, "body"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
