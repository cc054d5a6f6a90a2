//! The keys every check has, as they are written: in `[defaults]` and in each `[checks.NAME]`.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    model::{
        Addresses, CheckId, CheckSettings, Flapping, IpProtocol, Labels, Override, PromDuration,
        Slo, Threshold, Warn, WhoTells,
    },
    probe::spec::Spec,
};

/// Common keys of checks. What a check leaves out comes from `[defaults]`, then from the built-in values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommonKeys {
    /// From one run to the next. 100ms to 1y.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<PromDuration>,
    /// The deadline over everything a run does. Not longer than `interval`; where that is under 10s, it is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PromDuration>,
    /// How many failures make a check DOWN: a number in a row, or `"3/5"` for three of the last five runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<Threshold>,
    /// How many passes in a row make it UP again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes: Option<NonZeroU32>,
    /// Takes the place of `interval` while a check is failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<PromDuration>,
    /// Labels for `noroshi_check_info`. A check's are added to those of `[defaults]`; an empty value takes one away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The group it is listed under: the label `group` of every series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Checks this one stands behind. While one of them is failing, this one is SUPPRESSED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
    /// The check that watches our own uplink. While it is failing, this one is SUPPRESSED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// What was promised: `{ objective = 0.999, latency = "500ms" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    /// Rules that make a passing check DEGRADED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Warn>,
    /// A pass is a failure and the other way round: for what must not be reachable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invert: Option<bool>,
    /// When a check counts as FLAPPING, by the share of changes among its last runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// Upper bounds of the latency histogram in seconds, rising. `metrics.buckets` when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<f64>>,
    /// Whether each phase (dns, connect, tls, ...) gets a histogram too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase_histograms: Option<bool>,
    /// Which of the addresses of a name are probed, and how many must pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Addresses>,
    /// The address family that is tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_ip_protocol: Option<IpProtocol>,
    /// Whether the other family will do where the preferred one has no address, or where its first address refuses the
    /// connection or cannot be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_protocol_fallback: Option<bool>,
    /// The address our side of a connection is bound to; look-ups by `dns_server` too, where that is of the same family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<IpAddr>,
    /// The name server to ask instead of the system's and of `/etc/hosts`: an address, with a port if it is not 53.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_server: Option<DnsServer>,
    /// Names that are not looked up: `host:port:address` as in curl; `*` stands for any host or port. A name has the
    /// addresses of every entry that fits, and an entry may list several: `host:port:address,address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Vec<Override>>,
}

/// The built-in interval.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);
/// The built-in timeout, where the interval is not shorter.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
const FAILURES: Threshold = Threshold::in_a_row(NonZeroU32::new(3).unwrap());
/// Two, as a single pass in the middle of an outage is common.
const SUCCESSES: NonZeroU32 = NonZeroU32::new(2).unwrap();
const GROUP: &str = "default";

impl CommonKeys {
    /// What applies where neither a check nor `[defaults]` says anything.
    pub fn built_in() -> Self {
        Self {
            interval: Some(PromDuration(INTERVAL)),
            timeout: Some(PromDuration(TIMEOUT)),
            failures: Some(FAILURES),
            successes: Some(SUCCESSES),
            labels: Some(BTreeMap::new()),
            group: Some(GROUP.to_owned()),
            depends_on: Some(Vec::new()),
            invert: Some(false),
            flapping: Some(Flapping::default()),
            phase_histograms: Some(false),
            addresses: Some(Addresses::default()),
            preferred_ip_protocol: Some(IpProtocol::default()),
            ip_protocol_fallback: Some(true),
            resolve: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// A check's settings as they would be written, nothing left out.
    pub(super) fn of(settings: &CheckSettings) -> Self {
        let text = |text: &Arc<str>| text.as_ref().to_owned();
        Self {
            interval: Some(PromDuration(settings.interval)),
            timeout: Some(PromDuration(settings.timeout)),
            failures: Some(settings.failures),
            successes: Some(settings.successes),
            retry_interval: settings.retry_interval.map(PromDuration),
            labels: Some(settings.labels.iter().map(|(k, v)| (text(k), text(v))).collect()),
            group: Some(text(&settings.group)),
            depends_on: Some(settings.depends_on.iter().map(ToString::to_string).collect()),
            guard: settings.guard.as_ref().map(ToString::to_string),
            slo: settings.slo,
            warn: (!settings.warn.is_empty()).then(|| settings.warn.clone()),
            invert: Some(settings.invert),
            flapping: Some(settings.flapping),
            buckets: Some(settings.buckets.to_vec()),
            phase_histograms: Some(settings.phase_histograms),
            addresses: Some(settings.addresses),
            preferred_ip_protocol: Some(settings.preferred_ip_protocol),
            ip_protocol_fallback: Some(settings.ip_protocol_fallback),
            source_address: settings.source_address,
            dns_server: settings.dns_server.map(DnsServer),
            resolve: Some(settings.resolve.clone()),
        }
    }
}

/// What all checks of a configuration share: `[defaults]`, and texts that many of them repeat.
pub(super) struct Base<'a> {
    /// `[defaults]`.
    pub(super) defaults: &'a CommonKeys,
    /// The buckets of checks that set none.
    pub(super) buckets: Arc<[f64]>,
    /// `metrics.export_labels`.
    pub(super) export_labels: &'a [String],
    shared: HashSet<Arc<str>>,
}

impl<'a> Base<'a> {
    /// From `[defaults]` and `[metrics]`.
    pub(super) fn new(
        defaults: &'a CommonKeys,
        buckets: &[f64],
        export_labels: &'a [String],
    ) -> Self {
        let buckets = defaults.buckets.as_deref().unwrap_or(buckets).into();
        Self { defaults, buckets, export_labels, shared: HashSet::new() }
    }

    /// One text for all that are equal: 100,000 checks have few groups and few labels.
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.shared.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.shared.insert(Arc::clone(&new));
        new
    }

    fn labels(&mut self, own: Option<&BTreeMap<String, String>>) -> Labels {
        let defaults = self.defaults.labels.iter().flatten();
        let mut labels = Labels::new();
        for (name, value) in defaults.chain(own.into_iter().flatten()) {
            let name = self.share(name);
            if value.is_empty() {
                labels.remove(&name);
            } else {
                let value = self.share(value);
                labels.insert(name, value);
            }
        }
        labels
    }

    /// A check's settings with all defaults filled in.
    pub(super) fn settings(&mut self, id: CheckId, keys: CommonKeys, spec: &Spec) -> CheckSettings {
        let defaults = self.defaults;
        let interval = keys.interval.or(defaults.interval).map_or(INTERVAL, |own| own.0);
        let timeout = keys.timeout.or(defaults.timeout).map_or(TIMEOUT.min(interval), |own| own.0);
        let labels = self.labels(keys.labels.as_ref());
        let exported = |label: &&String| labels.get_key_value(label.as_str());
        let export_labels = self
            .export_labels
            .iter()
            .filter_map(|label| exported(&label))
            .map(|(name, value)| (Arc::clone(name), Arc::clone(value)))
            .collect();
        let group = keys.group.as_deref().or(defaults.group.as_deref()).unwrap_or(GROUP);
        let guard = keys.guard.or_else(|| defaults.guard.clone());
        CheckSettings {
            kind: spec.kind(),
            target: spec.target().into(),
            host: self.share(&spec.host()),
            group: self.share(group),
            export_labels,
            labels,
            interval,
            timeout,
            retry_interval: keys.retry_interval.or(defaults.retry_interval).map(|own| own.0),
            failures: keys.failures.or(defaults.failures).unwrap_or(FAILURES),
            successes: keys.successes.or(defaults.successes).unwrap_or(SUCCESSES),
            depends_on: keys.depends_on.into_iter().flatten().map(CheckId::new).collect(),
            // The guard itself has none.
            guard: guard.filter(|guard| *guard != *id.as_str()).map(CheckId::new),
            slo: keys.slo.or(defaults.slo),
            warn: keys.warn.or_else(|| defaults.warn.clone()).unwrap_or_default(),
            invert: keys.invert.or(defaults.invert).unwrap_or_default(),
            flapping: keys.flapping.or(defaults.flapping).unwrap_or_default(),
            buckets: keys.buckets.map_or_else(|| Arc::clone(&self.buckets), Arc::from),
            phase_histograms: keys
                .phase_histograms
                .or(defaults.phase_histograms)
                .unwrap_or_default(),
            addresses: keys.addresses.or(defaults.addresses).unwrap_or_default(),
            preferred_ip_protocol: keys
                .preferred_ip_protocol
                .or(defaults.preferred_ip_protocol)
                .unwrap_or_default(),
            ip_protocol_fallback: keys
                .ip_protocol_fallback
                .or(defaults.ip_protocol_fallback)
                .unwrap_or(true),
            redial: true,
            source_address: keys.source_address.or(defaults.source_address),
            dns_server: keys.dns_server.or(defaults.dns_server).map(|server| server.0),
            resolve: keys.resolve.or_else(|| defaults.resolve.clone()).unwrap_or_default(),
            notify: WhoTells::default(),
            id,
        }
    }
}

/// A name server: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsServer(pub SocketAddr);

impl FromStr for DnsServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        address.or_else(|_| text.parse()).map(Self).map_err(|_| {
            format!("`{text}` is not an address such as `192.0.2.53` or `192.0.2.53:5353`")
        })
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for DnsServer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DnsServer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DnsServer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DnsServer".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "address", "description": "an address, with a port if it is not 53" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers() {
        for (text, address) in [
            ("192.0.2.53", "192.0.2.53:53"),
            ("192.0.2.53:5353", "192.0.2.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]", "[2001:db8::53]:53"),
            ("[2001:db8::53]:54", "[2001:db8::53]:54"),
        ] {
            assert_eq!(text.parse::<DnsServer>().unwrap().to_string(), address);
        }
        assert!("ns.example.org".parse::<DnsServer>().is_err());
    }
}
