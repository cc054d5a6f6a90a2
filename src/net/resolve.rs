//! Names to addresses, asked anew for every probe: a cache would hide the very failure a probe looks for.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use hickory_net::{DnsError, NetError, runtime::TokioRuntimeProvider};
use hickory_proto::op::ResponseCode;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolverConfig},
};
use parking_lot::Mutex;

use super::Attempt;
use crate::{
    clock::Instant,
    model::{Failure, IpProtocol, Override, Phase, Reason},
};

/// What to look up, and how.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// A name or an address literal, brackets permitted.
    pub host: &'a str,
    /// Only to find an override.
    pub port: u16,
    /// Names that are not asked for.
    pub overrides: &'a [Override],
    /// The name server; the system's when `None`.
    pub server: Option<SocketAddr>,
    /// The family whose addresses come first.
    pub prefer: IpProtocol,
    /// Whether the other family is permitted at all.
    pub fallback: bool,
}

/// One stub resolver per name server asked, each without a cache.
pub struct Resolver {
    stubs: Mutex<Stubs>,
}

type Key = (Option<SocketAddr>, Option<IpProtocolKey>);

/// `IpProtocol` as a map key: which single family is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum IpProtocolKey {
    Ip4,
    Ip6,
}

#[derive(Default)]
struct Stubs {
    built: HashMap<Key, Arc<TokioResolver>>,
    system: Option<SystemFiles>,
}

/// The state of `/etc/resolv.conf` and `/etc/hosts` when the stubs were built.
struct SystemFiles {
    looked: Instant,
    modified: [Option<SystemTime>; 2],
}

/// How long a change of the system's files may go unnoticed.
const SYSTEM_RECHECK: Duration = Duration::from_secs(5);

/// A stub's own patience for one server; the attempt's deadline cuts the whole.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

impl Resolver {
    /// No stub yet; each is built at first use.
    pub fn new() -> Self {
        Self { stubs: Mutex::default() }
    }

    /// The addresses of a host, the preferred family first, at least one. The phase `dns`.
    ///
    /// # Errors
    /// `dns_*`; literals and overrides fail only with `dns_no_address`, when their family is excluded.
    pub async fn lookup(
        &self,
        attempt: &mut Attempt,
        lookup: Lookup<'_>,
    ) -> Result<Vec<IpAddr>, Failure> {
        let found = match given(lookup) {
            Some(address) => vec![address],
            None => attempt.phase(Phase::Dns, self.ask(lookup)).await?,
        };
        let addresses = ordered(found, lookup);
        attempt.step(|| format!("{} is {}", lookup.host, listed(&addresses)));
        if addresses.is_empty() {
            let family = if lookup.prefer == IpProtocol::Ip4 { "IPv4" } else { "IPv6" };
            let detail = format!("{} has no {family} address", lookup.host);
            return Err(Failure::new(Reason::DnsNoAddress, detail));
        }
        Ok(addresses)
    }

    async fn ask(&self, lookup: Lookup<'_>) -> Result<Vec<IpAddr>, Failure> {
        let only = match (lookup.fallback, lookup.prefer) {
            (true, _) => None,
            (false, IpProtocol::Ip4) => Some(IpProtocolKey::Ip4),
            (false, IpProtocol::Ip6) => Some(IpProtocolKey::Ip6),
        };
        let stub = self.stub((lookup.server, only))?;
        match stub.lookup_ip(lookup.host).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) => Err(failure(lookup.host, &error)),
        }
    }

    fn stub(&self, key: Key) -> Result<Arc<TokioResolver>, Failure> {
        let mut stubs = self.stubs.lock();
        stubs.notice_system_change();
        if let Some(stub) = stubs.built.get(&key) {
            return Ok(Arc::clone(stub));
        }
        let stub = Arc::new(build(key).map_err(|error| {
            Failure::new(Reason::DnsFailed, format!("no usable name server: {error}"))
        })?);
        stubs.built.insert(key, Arc::clone(&stub));
        Ok(stub)
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Stubs {
    fn notice_system_change(&mut self) {
        let now = Instant::now();
        if self.system.as_ref().is_some_and(|system| now - system.looked < SYSTEM_RECHECK) {
            return;
        }
        let modified = ["/etc/resolv.conf", "/etc/hosts"]
            .map(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok());
        if self.system.as_ref().is_some_and(|system| system.modified != modified) {
            self.built.clear();
        }
        self.system = Some(SystemFiles { looked: now, modified });
    }
}

fn build((server, only): Key) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut name_server.connections {
                connection.port = server.port();
            }
            let config = ResolverConfig::from_name_servers(vec![name_server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = SERVER_TIMEOUT;
    options.ip_strategy = match only {
        None => LookupIpStrategy::Ipv4AndIpv6,
        Some(IpProtocolKey::Ip4) => LookupIpStrategy::Ipv4Only,
        Some(IpProtocolKey::Ip6) => LookupIpStrategy::Ipv6Only,
    };
    builder.build()
}

/// The address of a literal or of an override: nothing to ask.
fn given(lookup: Lookup<'_>) -> Option<IpAddr> {
    let literal = lookup.host.trim_start_matches('[').trim_end_matches(']');
    let overridden = lookup.overrides.iter().find(|own| own.matches(literal, lookup.port));
    overridden.map(|own| own.address).or_else(|| literal.parse().ok())
}

fn ordered(found: Vec<IpAddr>, lookup: Lookup<'_>) -> Vec<IpAddr> {
    let (mut first, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| lookup.prefer.holds(address));
    // A literal of the other family leaves no choice, as in blackbox_exporter.
    if lookup.fallback || given(lookup).is_some() {
        first.extend(others);
    }
    first
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn failure(host: &str, error: &NetError) -> Failure {
    let code = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => Some(*code),
        _ => None,
    };
    let (reason, what) = match (code, error) {
        (Some(ResponseCode::NXDomain), _) => (Reason::DnsNxdomain, "no such name".to_owned()),
        (Some(ResponseCode::NoError), _) => (Reason::DnsNoAddress, "it has no address".to_owned()),
        (Some(ResponseCode::ServFail), _) => (Reason::DnsServfail, "SERVFAIL".to_owned()),
        (Some(ResponseCode::Refused), _) => (Reason::DnsRefused, "REFUSED".to_owned()),
        (_, NetError::Timeout) => (Reason::DnsTimeout, "no answer from the name server".to_owned()),
        (_, other) => (Reason::DnsFailed, other.to_string()),
    };
    Failure::new(reason, format!("{host}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(host: &str) -> Lookup<'_> {
        Lookup {
            host,
            port: 80,
            overrides: &[],
            server: None,
            prefer: IpProtocol::Ip6,
            fallback: true,
        }
    }

    #[test]
    fn the_preferred_family_comes_first_and_alone_without_fallback() {
        let found: Vec<IpAddr> =
            ["192.0.2.1", "2001:db8::1"].map(|text| text.parse().unwrap()).to_vec();
        assert!(ordered(found.clone(), lookup("x"))[0].is_ipv6());
        let strict = Lookup { fallback: false, prefer: IpProtocol::Ip4, ..lookup("x") };
        assert_eq!(ordered(found, strict), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn literals_and_overrides_are_not_asked_for() {
        assert_eq!(given(lookup("[::1]")), "::1".parse().ok());
        let overrides = ["example.org:80:192.0.2.9".parse().unwrap()];
        let overridden = Lookup { overrides: &overrides, ..lookup("example.org") };
        assert_eq!(given(overridden), "192.0.2.9".parse().ok());
        assert_eq!(given(Lookup { port: 81, ..overridden }), None);
    }
}
