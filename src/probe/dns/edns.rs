//! EDNS as it is configured.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Whether and how the question carries EDNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edns {
    /// No OPT record.
    Off,
    /// An OPT record.
    On(EdnsOptions),
}

/// What the OPT record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EdnsOptions {
    /// The largest answer we take over UDP, in bytes; 1232 passes every path without fragments.
    #[serde(deserialize_with = "payload_size")]
    #[schemars(range(min = 512))]
    pub udp_payload_size: u16,
    /// Whether DNSSEC records are asked for (the DO bit).
    pub dnssec_ok: bool,
}

/// The size of a datagram without EDNS (RFC 1035), below which EDNS cannot go (RFC 6891).
const MIN_PAYLOAD: u16 = 512;

fn payload_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        small @ 0..MIN_PAYLOAD => {
            Err(de::Error::custom(format!("{small} is too small: it is 512 to 65535 bytes")))
        }
        size => Ok(size),
    }
}

impl Default for EdnsOptions {
    fn default() -> Self {
        Self { udp_payload_size: 1232, dnssec_ok: false }
    }
}

impl Default for Edns {
    fn default() -> Self {
        Self::On(EdnsOptions::default())
    }
}

impl Edns {
    pub(super) fn udp_payload_size(self) -> u16 {
        match self {
            Self::Off => MIN_PAYLOAD,
            Self::On(options) => options.udp_payload_size,
        }
    }
}

impl Serialize for Edns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On(options) => options.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Edns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Edns;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a table with `udp_payload_size` and `dnssec_ok`")
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Edns, E> {
                Ok(if on { Edns::default() } else { Edns::Off })
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Edns, A::Error> {
                EdnsOptions::deserialize(de::value::MapAccessDeserializer::new(map)).map(Edns::On)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Edns {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DnsEdns".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let options = generator.subschema_for::<EdnsOptions>();
        schemars::json_schema!({ "anyOf": [{ "type": "boolean" }, options] })
    }
}
