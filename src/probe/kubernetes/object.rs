//! What objects there are to be judged, and how many of something.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// Its available replicas.
    Deployment,
    /// Its available replicas.
    StatefulSet,
    /// Its available pods, of those that nodes should have.
    DaemonSet,
    /// Whether it has failed, and when it succeeded.
    Job,
    /// Whether its last job succeeded, and when.
    CronJob,
    /// A pod by its name, or pods by their labels: whether they are ready, and how often they restart.
    Pods,
    /// Its ready endpoints.
    Service,
    /// Whether it is bound to a volume.
    PersistentVolumeClaim,
    /// Whether it is ready.
    Node,
    /// Whether the services that it leads to are there, with ready endpoints.
    Ingress,
    /// Any other object: by its conditions, or by a value in it.
    Custom,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::Pods,
        Self::Service,
        Self::PersistentVolumeClaim,
        Self::Node,
        Self::Ingress,
        Self::Custom,
    ];

    /// The word of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::Job => "job",
            Self::CronJob => "cronjob",
            Self::Pods => "pods",
            Self::Service => "service",
            Self::PersistentVolumeClaim => "persistentvolumeclaim",
            Self::Node => "node",
            Self::Ingress => "ingress",
            Self::Custom => "custom",
        }
    }
}

/// A resource that the server was taught, as `group/version/plural`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomResource {
    /// `cert-manager.io`
    pub group: String,
    /// `v1`
    pub version: String,
    /// `certificates`
    pub plural: String,
}

impl FromStr for CustomResource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [group, version, plural] if parts.iter().all(|part| is_name(part)) => Ok(Self {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
            }),
            _ => Err("a custom resource is written `group/version/plural`, such as \
                      `cert-manager.io/v1/certificates`"
                .to_owned()),
        }
    }
}

/// Whether a text may be the name of an object, or a part of a path: letters, digits, `-`, `.`, and `:` as roles have it.
pub(super) fn is_name(text: &str) -> bool {
    let permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
    !text.is_empty() && text.len() <= 253 && text.bytes().all(permitted) && !text.starts_with('.')
}

impl fmt::Display for CustomResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.group, self.version, self.plural)
    }
}

impl Serialize for CustomResource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CustomResource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for CustomResource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CustomResource".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`group/version/plural`",
            "pattern": "^[^/]+/[^/]+/[^/]+$"
        })
    }
}

/// How many, or which share of those that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Number(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl Amount {
    /// Of so many, rounded up.
    pub fn of(self, all: i64) -> i64 {
        match self {
            Self::Number(number) => number.into(),
            Self::Percent(percent) => {
                all.saturating_mul(percent.into()).saturating_add(99).div_euclid(100)
            }
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Percent(percent) => serializer.collect_str(&format_args!("{percent}%")),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a share from \"0%\" to \"100%\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                let number = u32::try_from(number);
                number.map(Amount::Number).map_err(|_| E::custom("it counts from 0"))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                let number = u32::try_from(number);
                number.map(Amount::Number).map_err(|_| E::custom("that many are never there"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                let share = text.strip_suffix('%').and_then(|number| number.parse().ok());
                let share = share.filter(|share| *share <= 100).map(Amount::Percent);
                let wrong = || E::custom("it is a number, or a share from \"0%\" to \"100%\"");
                share.or_else(|| text.parse().ok().map(Amount::Number)).ok_or_else(wrong)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a number, or a share such as \"80%\"",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+%?$" }
            ]
        })
    }
}
