//! What a probe found, as the `probe_*` families blackbox_exporter would have shown of it.
//!
//! Contract: names, types, label sets and values are those of 0.28, also which families there are when a probe failed
//! early; all are gauges. Each prober has a file that picks from an [`Outcome`] by the names of its facts; `page` puts the
//! rows in order. `probe_timeout_seconds` and `probe_failure_reason` are added to each, and certificates are shown even
//! where their verification failed.

mod certificate;
mod dns;
mod grpc;
mod http;
mod icmp;
mod page;
mod stream;
mod websocket;

use std::time::Duration;

pub(super) use self::http::leads_nowhere;
use self::page::{Facts, Page};
use super::{Module, Prober};
use crate::{
    model::{CheckSettings, Desc, Outcome, Phase, Reason, Sink, Verdict},
    probe::spec::{Check, Spec},
};

static SUCCESS: Desc =
    Desc::gauge("probe_success", "Displays whether or not the probe was a success");
static DURATION: Desc =
    Desc::gauge("probe_duration_seconds", "Returns how long the probe took to complete in seconds");
static TIMEOUT: Desc =
    Desc::gauge("probe_timeout_seconds", "How long the probe was given, in seconds");
static FAILURE_REASON: Desc = Desc::gauge(
    "probe_failure_reason",
    "Why the probe failed, in the words of `noroshi explain`; always 1, and absent after a success",
)
.labels(&["reason"]);
static LOOKUP: Desc = Desc::gauge(
    "probe_dns_lookup_time_seconds",
    "Returns the time taken for probe dns lookup in seconds",
);
static IP_PROTOCOL: Desc =
    Desc::gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6");
static ADDRESS_HASH: Desc = Desc::gauge(
    "probe_ip_addr_hash",
    "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
);

/// What decides, beside the outcome, which families an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    prober: Prober,
    has_cel: bool,
    /// Whether a name server is asked for an SOA record, and so for its serial number.
    asks_soa: bool,
    /// Whether the target's own name is looked up: not where only a proxy's is.
    resolves: bool,
    timeout: Duration,
}

impl Shape {
    /// Of a module's check.
    pub fn of_module(module: &Module, check: &Check) -> Self {
        Self {
            prober: module.prober,
            has_cel: module.has_cel,
            asks_soa: asks_soa(&check.spec),
            resolves: looks_up_target(module.prober, &check.settings),
            timeout: check.settings.timeout,
        }
    }

    /// Of a target that no check could be made of.
    pub fn without_check(module: &Module, target: &str, timeout: Duration) -> Self {
        let (prober, has_cel) = (module.prober, module.has_cel);
        // Where anything may be a host, blackbox_exporter looks up what it is given.
        let resolves = match prober {
            Prober::Icmp | Prober::Dns => true,
            Prober::Tcp => has_port(target),
            Prober::Http | Prober::Grpc | Prober::Unix | Prober::Websocket => false,
        };
        Self { prober, has_cel, asks_soa: false, resolves, timeout }
    }

    /// Of a native check: that of the prober which shows what its kind measures.
    pub fn of_check(settings: &CheckSettings) -> Self {
        let prober = match settings.kind {
            "http" => Prober::Http,
            "dns" => Prober::Dns,
            "icmp" => Prober::Icmp,
            "grpc" => Prober::Grpc,
            "unix" => Prober::Unix,
            "websocket" => Prober::Websocket,
            // `tls` is a TCP connection with nothing said over it.
            _ => Prober::Tcp,
        };
        // The target begins with the question: `example.org SOA @192.0.2.53`.
        let asks_soa = settings.target.split(' ').rev().nth(1) == Some("SOA");
        let resolves = looks_up_target(prober, settings);
        Self { prober, has_cel: false, asks_soa, resolves, timeout: settings.timeout }
    }
}

/// Whether Go's `SplitHostPort` finds a host and a port.
fn has_port(target: &str) -> bool {
    match target.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").is_some_and(|(_, port)| !port.contains(':')),
        None => target.split_once(':').is_some_and(|(_, port)| !port.contains(':')),
    }
}

fn looks_up_target(prober: Prober, settings: &CheckSettings) -> bool {
    match prober {
        Prober::Unix => false,
        Prober::Http => {
            let host = settings.target.split_once("://").map_or("", |(_, rest)| rest);
            // Of an address with a zone the URL shows the address alone.
            let own = settings.host.split('%').next().unwrap_or_default();
            host.trim_start_matches('[').starts_with(own)
        }
        _ => true,
    }
}

fn asks_soa(spec: &Spec) -> bool {
    matches!(spec, Spec::Dns(spec) if spec.record_type.to_string() == "SOA")
}

/// Writes the families of one probe, sorted by name.
pub fn write(shape: Shape, outcome: &Outcome, sink: &mut impl Sink) {
    let facts = Facts(&outcome.facts);
    let mut page = Page::new();
    let passed = passed(outcome);
    page.add(&SUCCESS, flag(passed));
    page.add(&DURATION, outcome.duration.as_secs_f64());
    page.add(&TIMEOUT, shape.timeout.as_secs_f64());
    if let Some(reason) = outcome.reason.filter(|_| !passed) {
        page.labelled(&FAILURE_REASON, vec![("reason", reason.word())], 1.0);
    }
    let seen = Seen { outcome, facts, passed, resolves: shape.resolves };
    if seen.was_looked_up() {
        addresses(&seen, &mut page);
    }
    match shape.prober {
        Prober::Http => http::rows(&seen, shape.has_cel, &mut page),
        Prober::Tcp | Prober::Unix => stream::rows(&seen, &mut page),
        Prober::Dns => dns::rows(&seen, shape.asks_soa, &mut page),
        Prober::Icmp => icmp::rows(&seen, &mut page),
        Prober::Grpc => grpc::rows(&seen, &mut page),
        Prober::Websocket => websocket::rows(&seen, &mut page),
    }
    page.write(sink);
}

/// Whether blackbox_exporter would call it a success.
pub fn passed(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Pass | Verdict::Warn)
}

/// An outcome, as the probers' files look at it.
struct Seen<'a> {
    outcome: &'a Outcome,
    facts: Facts<'a>,
    passed: bool,
    resolves: bool,
}

impl Seen<'_> {
    /// Whether it came to looking for an address.
    fn was_looked_up(&self) -> bool {
        self.resolves && self.outcome.reason != Some(Reason::ModuleInvalid)
    }

    /// Whether there was an address to go to.
    fn has_address(&self) -> bool {
        self.facts.text("noroshi_check_address_info", "address").is_some()
    }

    /// Seconds spent in these phases together.
    fn seconds(&self, phases: &[Phase]) -> f64 {
        phases
            .iter()
            .filter_map(|phase| self.outcome.phases.of(*phase))
            .sum::<Duration>()
            .as_secs_f64()
    }
}

fn addresses(seen: &Seen<'_>, page: &mut Page<'_>) {
    page.add(&LOOKUP, seen.seconds(&[Phase::Dns]));
    page.add(&IP_PROTOCOL, seen.facts.value("noroshi_check_ip_protocol").unwrap_or_default());
    let address = seen.facts.text("noroshi_check_address_info", "address");
    let address = address.and_then(|text| text.parse().ok());
    page.add(&ADDRESS_HASH, address.map_or(0.0, |address| f64::from(hash(address))));
}

/// FNV-1a of the 4 or 16 bytes, by which blackbox_exporter makes a change of the address visible.
fn hash(address: std::net::IpAddr) -> u32 {
    let fold = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    };
    match address.to_canonical() {
        std::net::IpAddr::V4(address) => fold(&address.octets()),
        std::net::IpAddr::V6(address) => fold(&address.octets()),
    }
}

fn flag(set: bool) -> f64 {
    f64::from(u8::from(set))
}

#[cfg(test)]
mod tests;
