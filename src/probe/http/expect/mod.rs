//! What an answer is expected to be, as the configuration says it.
//!
//! Contract: what cannot be looked at is refused when the configuration is read; the rules themselves judge nothing.

mod body;
mod header;
mod json;

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use hyper::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(super) use self::{
    body::BodyRule,
    header::{HeaderRule, HeaderWanted},
    json::{JsonRule, JsonWanted},
};
use super::{HTTP3, cel::CelRule, compression::Encoding, status::StatusRange};
use crate::model::PromDuration;

/// What a good answer looks like. Every expectation is looked at, in the order of this table; the first broken one names
/// the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    /// Accepted status codes: `200`, `"200-299"`, `"2xx"`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "listed")]
    pub status: Vec<StatusRange>,
    /// What is expected of the answer's headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRule>,
    /// The coding the body has to have, whatever the answer's headers say: the body is decoded as this one, and one that does
    /// not decode, such as a plain one, fails. It is asked for by `Accept-Encoding`, unless `compression` is `false` or
    /// `headers` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// What is expected of the body, after decompression. Rules look at 16 MiB at most; a larger body fails where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<BodyRule>,
    /// What is expected of the body as JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<Arc<JsonRule>>,
    /// CEL expressions that must be true of the body as JSON, which is their variable `body`: `"body.db == 'up'"`. Numbers are
    /// doubles, as JSON has no others; macros (`has`, `all`, `exists`, `filter`...) and the standard functions work, those of
    /// calendar time do not. A rule ends after 500,000 steps of its loops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cel: Vec<CelRule>,
    /// Accepted protocol versions; any where empty. HTTP/3 only in a build with the feature `http3`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub version: Vec<HttpVersion>,
    /// Whether the final answer must come over TLS (`true`) or must not (`false`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// How long each certificate of the chain must stay valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
    /// The longest time for the whole run, name resolution and redirects included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<PromDuration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            status: vec![StatusRange::SUCCESS],
            headers: Vec::new(),
            encoding: None,
            body: Vec::new(),
            json: Vec::new(),
            cel: Vec::new(),
            version: Vec::new(),
            tls: None,
            certificate_validity: None,
            latency: None,
        }
    }
}

impl Expect {
    /// Whether any rule looks at the body.
    pub(super) fn reads_body(&self) -> bool {
        !(self.body.is_empty() && self.json.is_empty() && self.cel.is_empty())
    }

    /// Whether a status code is an accepted one.
    pub(super) fn accepts(&self, code: u16) -> bool {
        self.status.iter().any(|range| range.holds(code))
    }
}

/// A list; who writes its only element instead is told how a list is written.
fn listed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<StatusRange>, D::Error> {
    struct Visitor;
    impl Visitor {
        fn hint<T, E: de::Error>(written: &str) -> Result<T, E> {
            Err(E::custom(format!("it is a list of status codes: write `[{written}]`")))
        }
    }
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<StatusRange>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list such as [200, \"3xx\"]")
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(list))
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
            Self::hint(&number.to_string())
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Self::hint(&number.to_string())
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let text: String = text.chars().take(40).collect();
            Self::hint(&format!("{text:?}"))
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// A protocol version as it is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
    /// HTTP/3
    Http3,
}

impl HttpVersion {
    /// As hyper has it.
    pub(super) const fn wire(self) -> Version {
        match self {
            Self::Http10 => Version::HTTP_10,
            Self::Http11 => Version::HTTP_11,
            Self::Http2 => Version::HTTP_2,
            Self::Http3 => Version::HTTP_3,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::Http3 => "HTTP/3",
        }
    }
}

impl FromStr for HttpVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "HTTP/1.0" => Ok(Self::Http10),
            "HTTP/1.1" => Ok(Self::Http11),
            "HTTP/2" | "HTTP/2.0" => Ok(Self::Http2),
            "HTTP/3" | "HTTP/3.0" if HTTP3 => Ok(Self::Http3),
            "HTTP/3" | "HTTP/3.0" => {
                let why =
                    "this build of noroshi does not speak it (build it with `--features http3`)";
                Err(format!("HTTP/3 cannot be met: {why}"))
            }
            _ => Err("not a version of HTTP: write it like `HTTP/1.1` or `HTTP/2`".into()),
        }
    }
}

impl Serialize for HttpVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for HttpVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for HttpVersion {
    fn schema_name() -> Cow<'static, str> {
        "HttpVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words = ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0"];
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}

/// Why a rule with these keys is not one rule.
fn not_one(given: &[(&str, bool)]) -> String {
    let mut present = given.iter().filter_map(|(key, is_given)| is_given.then_some(*key));
    if let (Some(first), Some(second)) = (present.next(), present.next()) {
        return format!("`{first}` and `{second}` exclude each other; make them two elements");
    }
    let keys: Vec<_> = given.iter().map(|(key, _)| format!("`{key}`")).collect();
    format!("one of {} is missing", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Expect, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = r#"{"status":[200,"3xx"],"version":["HTTP/2"],
            "headers":[{"name":"etag","present":true},{"name":"x","absent":true},{"name":"y","equals":"1"},
                       {"name":"z","regex":"a+"},{"name":"z","not_regex":"b"},
                       {"name":"z","regex":"a+","optional":true},{"name":"z","not_regex":"b","optional":false}],
            "encoding":"zlib","cel":["body.a == 1.0"],"tls":true,
            "body":[{"contains":"a"},{"not_contains":"b"},{"regex":"c"},{"not_regex":"d"}],
            "json":[{"path":"$.a","equals":{"b":[1,null]}},{"path":"$.a[?@.b > 1]","exists":false},
                    {"path":"$.n","greater":1.5},{"path":"$.n","less":2.0},{"path":"$..s","regex":"^x"}],
            "latency":"500ms","certificate_validity":"2w"}"#;
        let expect = parse(text).unwrap();
        let written = serde_json::to_value(&expect).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(written, wanted);
        assert_eq!(serde_json::from_value::<Expect>(written).unwrap(), expect);
    }

    #[test]
    fn http3_can_be_expected_where_it_was_built_in() {
        for text in [r#"{"version":["HTTP/3"]}"#, r#"{"version":["HTTP/3.0"]}"#] {
            match parse(text) {
                Ok(expect) => {
                    assert_eq!((HTTP3, &*expect.version), (true, &[HttpVersion::Http3][..]));
                }
                Err(error) => assert!(!HTTP3 && error.contains("--features http3"), "{error}"),
            }
        }
    }

    #[test]
    fn mistakes_name_the_keys() {
        for (text, why) in [
            (
                r#"{"body":[{}]}"#,
                "one of `contains`, `not_contains`, `regex`, `not_regex` is missing",
            ),
            (r#"{"body":[{"contains":"a","regex":"b"}]}"#, "`contains` and `regex` exclude"),
            (r#"{"body":[{"regex":"("}]}"#, "not a regular expression"),
            (r#"{"headers":[{"name":"a"}]}"#, "one of `present`"),
            (r#"{"headers":[{"equals":"a"}]}"#, "`name` is missing"),
            (r#"{"headers":[{"name":"a","present":true,"absent":true}]}"#, "exclude"),
            (r#"{"json":[{"path":"$.a"}]}"#, "one of `equals`"),
            (
                r#"{"headers":[{"name":"a","present":true,"optional":true}]}"#,
                "`optional` goes with",
            ),
            (r#"{"json":[{"path":"a.b","exists":true}]}"#, "begins with `$`"),
            (r#"{"json":[{"path":"$.a[","exists":true}]}"#, "not a JSONPath"),
            (r#"{"cel":["body.a =="]}"#, "CEL"),
            (r#"{"encoding":"lzma"}"#, "gzip"),
            (r#"{"status":204}"#, "write `[204]`"),
            (r#"{"status":"2xx"}"#, "write `[\"2xx\"]`"),
            (r#"{"json":[{"path":"$.a","greater":1,"less":2}]}"#, "exclude"),
            (r#"{"status":["2y"]}"#, "no status"),
            (r#"{"version":["2"]}"#, "HTTP/1.1"),
            (r#"{"statuses":[]}"#, "unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}
