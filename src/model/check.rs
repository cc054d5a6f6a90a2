use std::{fmt, net::IpAddr, num::NonZeroU32, str::FromStr, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Histogram, Labels, PromDuration};

/// A check's name: unique within the configuration, and its identity over reloads and restarts.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct CheckId(Arc<str>);

impl CheckId {
    /// The longest name, in bytes: it is a label of every series. A group's, too.
    pub const LONGEST: usize = 200;

    /// The name as an identity.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything about a check that is the same for every kind, with all defaults filled in.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSettings {
    /// Its name.
    pub id: CheckId,
    /// The kind's word: `http`, `tcp`, ...
    pub kind: &'static str,
    /// What it looks at, fit to be shown: without userinfo, without query.
    pub target: Arc<str>,
    /// The host whose `per_host` limit its runs count against.
    pub host: Arc<str>,
    /// The group it is listed under.
    pub group: Arc<str>,
    /// The user's labels, shown on `noroshi_check_info`.
    pub labels: Labels,
    /// Those of the labels that every series of the check carries.
    pub export_labels: Labels,
    /// From slot to slot.
    pub interval: Duration,
    /// The deadline over everything one run does.
    pub timeout: Duration,
    /// From slot to slot while PENDING or DOWN.
    pub retry_interval: Option<Duration>,
    /// How many failures make it DOWN.
    pub failures: Threshold,
    /// How many passes in a row make it UP again.
    pub successes: NonZeroU32,
    /// Parents: while one of them is in trouble, this check is SUPPRESSED.
    pub depends_on: Vec<CheckId>,
    /// The check of our own uplink: while it is in trouble, this check is SUPPRESSED.
    pub guard: Option<CheckId>,
    /// What the owner promised.
    pub slo: Option<Slo>,
    /// Rules that make a passing run DEGRADED.
    pub warn: Warn,
    /// A pass is a failure and the other way round.
    pub invert: bool,
    /// When a check counts as FLAPPING.
    pub flapping: Flapping,
    /// Classic bounds of the duration histogram, in seconds, rising.
    pub buckets: Arc<[f64]>,
    /// Whether phases get histograms too.
    pub phase_histograms: bool,
    /// Which of a name's addresses are probed.
    pub addresses: Addresses,
    /// The address family that is tried first.
    pub preferred_ip_protocol: IpProtocol,
    /// Whether the other family will do where the preferred one has no address.
    pub ip_protocol_fallback: bool,
    /// Whether the other family is tried where the first address lets nobody in. It is off for modules of a `blackbox.yml`:
    /// blackbox_exporter dials one address, once.
    pub redial: bool,
    /// The address our side of the connection is bound to.
    pub source_address: Option<IpAddr>,
    /// Asked instead of the system's name servers.
    pub dns_server: Option<std::net::SocketAddr>,
    /// Names that are not looked up at all.
    pub resolve: Vec<Override>,
    /// Who tells people when it is DOWN.
    pub notify: WhoTells,
}

impl CheckSettings {
    /// The shortest interval: less is a load test, or minutes that were meant.
    pub const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
    /// The longest interval, timeout and retry interval: more is a slip of the unit, and slots must fit a clock.
    pub const LONGEST_INTERVAL: Duration = Duration::from_hours(365 * 24);
}

impl CheckSettings {
    /// Settings with every default, the same that an empty `[checks.NAME]` table has.
    pub fn new(id: CheckId, kind: &'static str, target: &str, host: &str) -> Self {
        const THREE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
        Self {
            id,
            kind,
            target: target.into(),
            host: host.into(),
            group: "default".into(),
            labels: Labels::new(),
            export_labels: Labels::new(),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            retry_interval: None,
            failures: Threshold::in_a_row(THREE),
            successes: NonZeroU32::MIN.saturating_add(1),
            depends_on: Vec::new(),
            guard: None,
            slo: None,
            warn: Warn::default(),
            invert: false,
            flapping: Flapping::default(),
            buckets: Histogram::SECONDS.as_slice().into(),
            phase_histograms: false,
            addresses: Addresses::First,
            preferred_ip_protocol: IpProtocol::Ip6,
            ip_protocol_fallback: true,
            redial: true,
            source_address: None,
            dns_server: None,
            resolve: Vec::new(),
            notify: WhoTells::default(),
        }
    }
}

/// What discovery tells the state: a check's settings came, changed or went.
#[derive(Debug, Clone)]
pub enum SettingsChange {
    /// New, or different from before; the name is its identity.
    Set(Arc<CheckSettings>),
    /// Gone, and its series with it.
    Removed(CheckId),
}

/// Which of the addresses of a name are probed, and how many must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Addresses {
    /// The first one of the preferred family.
    #[default]
    First,
    /// Each, and each must pass.
    All,
    /// Each, and one must pass.
    Any,
}

/// Who tells people that a check is DOWN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoTells {
    /// noroshi's own alert pipeline.
    #[default]
    Noroshi,
    /// A rule in Prometheus, by the check's metrics.
    Prometheus,
    /// Both: one alert that either opens; noroshi's resolve waits for `resolve_hold`.
    Both,
    /// Nobody.
    None,
}

impl WhoTells {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Noroshi, Self::Prometheus, Self::Both, Self::None];

    /// The word used as label value and in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Noroshi => "noroshi",
            Self::Prometheus => "prometheus",
            Self::Both => "both",
            Self::None => "none",
        }
    }

    /// Whether noroshi's own pipeline has an alert for the check.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Noroshi | Self::Both)
    }
}

/// An address family, by the names blackbox_exporter gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IpProtocol {
    /// IPv4.
    Ip4,
    /// IPv6, the default as in blackbox_exporter.
    #[default]
    Ip6,
}

impl IpProtocol {
    /// Whether an address belongs to the family.
    pub const fn holds(self, address: &IpAddr) -> bool {
        matches!((self, address), (Self::Ip4, IpAddr::V4(_)) | (Self::Ip6, IpAddr::V6(_)))
    }
}

/// How many failures make a check DOWN: `3` in a row, or `"3/5"`, three of the last five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// So many failures ...
    pub failures: NonZeroU32,
    /// ... among so many runs; equal to `failures` when they must be in a row. At most 64.
    pub of: NonZeroU32,
}

impl Threshold {
    /// The longest window of runs.
    pub const MAX_WINDOW: u32 = 64;

    /// So many failures in a row.
    pub const fn in_a_row(failures: NonZeroU32) -> Self {
        Self { failures, of: failures }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || {
            format!(
                "`{text}` is neither a number of failures in a row nor `M/N`, M of the last N runs \
                 (1 <= M <= N <= {})",
                Self::MAX_WINDOW
            )
        };
        let (failures, of) = text.split_once('/').unwrap_or((text, text));
        let failures: NonZeroU32 = failures.trim().parse().map_err(|_| fail())?;
        let of: NonZeroU32 = of.trim().parse().map_err(|_| fail())?;
        if failures > of || of.get() > Self::MAX_WINDOW {
            return Err(fail());
        }
        Ok(Self { failures, of })
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.failures == self.of {
            serializer.serialize_u32(self.failures.get())
        } else {
            serializer.collect_str(&format_args!("{}/{}", self.failures, self.of))
        }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Threshold;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of failures in a row, or \"M/N\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Threshold, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Threshold, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Threshold, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Threshold {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Threshold".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "failures in a row, or \"M/N\": M failures among the last N runs",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 64 },
                { "type": "string", "pattern": "^[0-9]+/[0-9]+$" }
            ]
        })
    }
}

/// A service level objective; rules and dashboards read it, noroshi itself only shows it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// The share of time in which the check is to be up, such as 0.999; more than 0, less than 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub objective: f64,
    /// The duration a good run stays under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<PromDuration>,
}

/// Rules that turn a passing run DEGRADED.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Warn {
    /// The run took longer than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<PromDuration>,
    /// A certificate of the chain is valid for less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
    /// A value the run measured is out of bounds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<WarnMetric>,
}

impl Warn {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Bounds for one measured value, by the name of its family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarnMetric {
    /// The family, such as `noroshi_icmp_loss_ratio`.
    pub name: String,
    /// Broken by any larger value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Broken by any smaller value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

/// When a check counts as FLAPPING: by the share of changes among the last runs, as Nagios has it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Flapping {
    /// How many runs are looked at, 2 to 64; 0 switches it off.
    #[schemars(range(max = 64))]
    pub window: u32,
    /// It flaps from this share of changes on.
    pub start: f64,
    /// It has calmed down below this share.
    pub stop: f64,
}

impl Default for Flapping {
    fn default() -> Self {
        Self { window: 21, start: 0.5, stop: 0.25 }
    }
}

/// `host:port:address`, as curl's `--resolve` has it, commas between several addresses; `*` stands for any host or port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The host, in lower case; `None` for any.
    pub host: Option<Box<str>>,
    /// The port; `None` for any.
    pub port: Option<u16>,
    /// Where it leads, at least one.
    pub addresses: Box<[IpAddr]>,
}

impl Override {
    /// Whether it speaks of this host and port.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        self.host.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(host))
            && self.port.is_none_or(|own| own == port)
    }
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail =
            || format!("`{text}` is not `host:port:address`, such as `example.org:443:192.0.2.1`");
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(fail());
        };
        let addresses = address.split(',').map(|address| {
            let address = address.trim();
            address.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| fail())
        });
        Ok(Self {
            host: match host {
                "" => return Err(fail()),
                "*" => None,
                host => Some(host.to_ascii_lowercase().into()),
            },
            port: match port {
                "*" => None,
                port => Some(port.parse().map_err(|_| fail())?),
            },
            addresses: addresses.collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.host.as_deref().unwrap_or("*"))?;
        match self.port {
            Some(port) => write!(f, "{port}:")?,
            None => f.write_str("*:")?,
        }
        for (at, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl Serialize for Override {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Override {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Override {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Override".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "host:port:address, commas between several addresses; * stands for any host or port",
            "pattern": "^[^:]+:([0-9]+|\\*):.+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds() {
        let three = NonZeroU32::new(3).unwrap();
        assert_eq!("3".parse(), Ok(Threshold::in_a_row(three)));
        assert_eq!(
            "3/5".parse(),
            Ok(Threshold { failures: three, of: NonZeroU32::new(5).unwrap() })
        );
        for text in ["0", "5/3", "1/65", "x", "", "-1", "1/0"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }

    #[test]
    fn overrides_match_as_curl_does() {
        let one: Override = "Example.org:443:192.0.2.1".parse().unwrap();
        assert!(one.matches("example.ORG", 443) && !one.matches("example.org", 80));
        let any: Override = "*:*:[2001:db8::1]".parse().unwrap();
        assert!(any.matches("x", 1));
        assert_eq!(any.to_string(), "*:*:2001:db8::1");
        let two: Override = "a:1:[::1], 127.0.0.1".parse().unwrap();
        assert_eq!(two.to_string(), "a:1:::1,127.0.0.1");
        assert_eq!(two.to_string().parse(), Ok(two));
        for text in ["a:b:1.1.1.1", "a:1", ":1:1.1.1.1", "a:1:nowhere", "a:1:::1,"] {
            assert!(text.parse::<Override>().is_err(), "{text}");
        }
    }
}
