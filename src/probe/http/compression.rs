use std::{borrow::Cow, fmt};

use hyper::header::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Coding {
    /// RFC 1952
    Gzip,
    /// RFC 7932
    Br,
    /// RFC 1950, or RFC 1951 without its frame, as some servers send it
    Deflate,
    /// RFC 8878
    Zstd,
}

/// The content codings a check asks for: a list, `true` for all, `false` (the default) for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Compression(Vec<Coding>);

impl Coding {
    const ALL: [Self; 4] = [Self::Gzip, Self::Br, Self::Deflate, Self::Zstd];

    const fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    /// By the word in `Content-Encoding`; RFC 9110 wants the old `x-gzip` understood too.
    pub(super) fn named(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.into_iter().find(|coding| coding.word().eq_ignore_ascii_case(word))
    }
}

/// The coding that a body is demanded in. It is decoded as this one, whatever the answer's headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Encoding {
    /// RFC 1952
    Gzip,
    /// RFC 7932
    Br,
    /// RFC 1951: bare deflate, which is what Go's programs, blackbox_exporter among them, take the word for
    Deflate,
    /// RFC 1950: deflate in its zlib frame, which is what RFC 9110 takes the word `deflate` for
    Zlib,
    /// RFC 8878
    Zstd,
    /// Plain
    Identity,
}

impl Encoding {
    /// As `Accept-Encoding` names it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
            Self::Deflate | Self::Zlib => "deflate",
            Self::Zstd => "zstd",
            Self::Identity => "identity",
        }
    }
}

impl Compression {
    /// Whether nothing is asked for.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `Accept-Encoding`; `None` where nothing is asked for.
    pub(super) fn accept(&self) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let words: Vec<_> = self.0.iter().map(|coding| coding.word()).collect();
        HeaderValue::from_str(&words.join(", ")).ok()
    }
}

impl Serialize for Compression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_bool(false),
            list if list == Coding::ALL => serializer.serialize_bool(true),
            list => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Compression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Compression;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a list of gzip, br, deflate, zstd")
            }
            fn visit_bool<E: de::Error>(self, all: bool) -> Result<Compression, E> {
                Ok(Compression(if all { Coding::ALL.to_vec() } else { Vec::new() }))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Compression, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(Compression)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Compression {
    fn schema_name() -> Cow<'static, str> {
        "Compression".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let coding = generator.subschema_for::<Coding>();
        schemars::json_schema!({
            "description": "content codings to ask for; true means all",
            "anyOf": [{ "type": "boolean" }, { "type": "array", "items": coding }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_or_a_list() {
        for (text, accept, again) in [
            ("false", None, "false"),
            ("[]", None, "false"),
            ("true", Some("gzip, br, deflate, zstd"), "true"),
            (r#"["zstd","gzip"]"#, Some("zstd, gzip"), r#"["zstd","gzip"]"#),
        ] {
            let compression: Compression = serde_json::from_str(text).unwrap();
            assert_eq!(compression.accept().as_ref().map(|value| value.to_str().unwrap()), accept);
            assert_eq!(serde_json::to_string(&compression).unwrap(), again);
        }
        assert!(serde_json::from_str::<Compression>(r#"["lzma"]"#).is_err());
        assert_eq!(Coding::named("GZIP"), Some(Coding::Gzip));
    }
}
