//! Names to addresses, asked anew for every probe: a cache would hide the very failure a probe looks for.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use hickory_net::{DnsError, NetError, runtime::TokioRuntimeProvider};
use hickory_proto::{
    op::{Query, ResponseCode},
    rr::{Name, RecordType},
};
use hickory_resolver::{
    Hosts, TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig},
};
use parking_lot::Mutex;

use super::{Attempt, zone};
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
    /// The name server, which then alone is asked; the system's files and servers when `None`.
    pub server: Option<SocketAddr>,
    /// Where queries to `server` come from, if it is of the same family.
    pub source: Option<IpAddr>,
    /// The family whose addresses come first.
    pub prefer: IpProtocol,
    /// Whether the other family is permitted at all.
    pub fallback: bool,
}

/// One stub resolver per name server asked, each without a cache.
pub struct Resolver {
    stubs: Mutex<Stubs>,
}

/// The server asked, and the address it is asked from; which single family is asked for.
type Key = (Option<(SocketAddr, Option<IpAddr>)>, Option<IpProtocolKey>);

/// `IpProtocol` as a map key: which single family is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum IpProtocolKey {
    Ip4,
    Ip6,
}

#[derive(Default)]
struct Stubs {
    built: HashMap<Key, Arc<TokioResolver>>,
    hosts: Option<Arc<Hosts>>,
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
        let mut found = given(lookup);
        if found.is_empty() {
            found = attempt.phase(Phase::Dns, self.ask(lookup)).await?;
        }
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
        if lookup.server.is_none() {
            let known = hosts_entries(&self.hosts(), lookup.host, only);
            if !known.is_empty() {
                return Ok(known);
            }
        }
        let server = lookup.server.map(|server| {
            (server, lookup.source.filter(|source| source.is_ipv4() == server.is_ipv4()))
        });
        let stub = self.stub((server, only))?;
        match stub.lookup_ip(lookup.host).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) => Err(failure(lookup.host, &error)),
        }
    }

    fn hosts(&self) -> Arc<Hosts> {
        let mut stubs = self.stubs.lock();
        stubs.notice_system_change();
        // Without the file there are no entries.
        let read = || Arc::new(Hosts::from_system().unwrap_or_default());
        Arc::clone(stubs.hosts.get_or_insert_with(read))
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
            self.hosts = None;
        }
        self.system = Some(SystemFiles { looked: now, modified });
    }
}

fn build((server, only): Key) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some((server, source)) => {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut name_server.connections {
                connection.port = server.port();
                connection.bind_addr = source.map(|source| SocketAddr::new(source, 0));
            }
            let config = ResolverConfig::from_name_servers(vec![name_server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    if server.is_some() {
        // Whoever names a server wants to know what it says.
        options.use_hosts_file = ResolveHosts::Never;
    }
    options.cache_size = 0;
    options.timeout = SERVER_TIMEOUT;
    options.ip_strategy = match only {
        None => LookupIpStrategy::Ipv4AndIpv6,
        Some(IpProtocolKey::Ip4) => LookupIpStrategy::Ipv4Only,
        Some(IpProtocolKey::Ip6) => LookupIpStrategy::Ipv6Only,
    };
    builder.build()
}

/// What the hosts file says. As with getaddrinfo, a name that it knows is not asked for: `localhost` with 127.0.0.1 alone has
/// no ::1.
fn hosts_entries(hosts: &Hosts, host: &str, only: Option<IpProtocolKey>) -> Vec<IpAddr> {
    let Ok(name) = Name::from_utf8(host) else {
        return Vec::new();
    };
    let types = [(IpProtocolKey::Ip4, RecordType::A), (IpProtocolKey::Ip6, RecordType::AAAA)];
    types
        .into_iter()
        .filter(|(family, _)| only.is_none_or(|only| only == *family))
        .filter_map(|(_, of_type)| hosts.lookup_static_host(&Query::query(name.clone(), of_type)))
        .flat_map(|found| {
            found.answers().iter().filter_map(|one| one.data.ip_addr()).collect::<Vec<_>>()
        })
        .collect()
}

/// The address of a literal, or those of the overrides: nothing to ask.
fn given(lookup: Lookup<'_>) -> Vec<IpAddr> {
    let literal = lookup.host.trim_start_matches('[').trim_end_matches(']');
    let matching = lookup.overrides.iter().filter(|own| own.matches(literal, lookup.port));
    let mut found: Vec<IpAddr> = Vec::new();
    for address in matching.flat_map(|own| own.addresses.iter()) {
        if !found.contains(address) {
            found.push(*address);
        }
    }
    if found.is_empty() {
        // ::ffff:192.0.2.1 is 192.0.2.1, as in Go: the kernel would reach it over IPv4 anyway.
        found.extend(zone::literal(literal).map(|address| address.to_canonical()));
    }
    found
}

fn ordered(found: Vec<IpAddr>, lookup: Lookup<'_>) -> Vec<IpAddr> {
    let (mut first, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| lookup.prefer.holds(address));
    if lookup.fallback {
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
            source: None,
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
        assert_eq!(given(lookup("[::1]")), [IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]);
        let overrides = ["example.org:80:192.0.2.9", "*:80:192.0.2.9,192.0.2.8"]
            .map(|one| one.parse().unwrap());
        let overridden = Lookup { overrides: &overrides, ..lookup("example.org") };
        assert_eq!(given(overridden), [[192, 0, 2, 9], [192, 0, 2, 8]].map(IpAddr::from));
        assert_eq!(given(Lookup { port: 81, ..overridden }), [] as [IpAddr; 0]);
    }

    #[test]
    fn a_name_in_the_hosts_file_has_no_other_addresses() {
        let mut hosts = Hosts::default();
        let file = "127.0.0.1 localhost\n192.0.2.1 Both\n2001:db8::1 both\n";
        hosts.read_hosts_conf(file.as_bytes()).unwrap();
        let of = |name, only| hosts_entries(&hosts, name, only);
        assert_eq!(of("localhost", None), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(of("LOCALHOST.", Some(IpProtocolKey::Ip6)), [] as [IpAddr; 0]);
        assert_eq!(of("both", None).len(), 2);
        assert_eq!(of("example.org", None), [] as [IpAddr; 0]);
    }

    /// A name server that counts questions, says NXDOMAIN and where the last one came from.
    async fn name_server() -> (SocketAddr, tokio::sync::mpsc::Receiver<SocketAddr>) {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (asked, from) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((len, peer)) = socket.recv_from(&mut question).await {
                let _ = asked.try_send(peer);
                question[2] |= 0x80;
                question[3] = 3;
                let _ = socket.send_to(&question[..len], peer).await;
            }
        });
        (address, from)
    }

    #[tokio::test]
    async fn a_server_is_asked_even_for_names_of_the_hosts_file_and_from_the_source_address() {
        // A name of this machine's own file, other than `localhost`, which no server is ever asked for.
        let file = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        let names = file.lines().filter(|line| !line.starts_with('#'));
        let mut names = names.flat_map(|line| line.split_whitespace().skip(1));
        let name = names.find(|name| !name.contains("localhost")).unwrap_or("example.org");
        let (server, mut from) = name_server().await;
        let source = Some(IpAddr::from([127, 0, 0, 2]));
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut attempt = Attempt::new(deadline, crate::model::Trace::default());
        let lookup = Lookup { server: Some(server), source, ..lookup(name) };
        let failure = Resolver::new().lookup(&mut attempt, lookup).await.unwrap_err();
        assert_eq!(failure.reason, Reason::DnsNxdomain, "{}", failure.detail);
        assert_eq!(from.recv().await.map(|from| from.ip()), source);
    }
}
