use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Hosts that are reached without the proxy, in the notation of curl and Go: `example.org` (and what is below it),
/// `.example.org` (only what is below), `192.0.2.0/24`, each with `:port` if only that is meant; `*` is everything. This
/// machine itself is always among them.
///
/// Entries that mean nothing are passed over, as in Go's `httpproxy`, from which the rules come.
#[derive(Clone, PartialEq, Eq)]
pub struct NoProxy {
    text: Arc<str>,
    entries: Arc<[Entry]>,
}

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    All,
    Network { address: IpAddr, prefix: u8 },
    Address { address: IpAddr, port: Option<u16> },
    Domain { suffix: Box<str>, itself: bool, port: Option<u16> },
}

impl NoProxy {
    /// Whether a host is reached without the proxy. A name is not resolved for it.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let bare = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        match bare.parse::<IpAddr>() {
            Ok(address) => self.covers_address(address, port),
            Err(_) => bare == "localhost" || self.covers_name(&bare, port),
        }
    }

    fn covers_address(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        address.is_loopback()
            || self.entries.iter().any(|entry| match entry {
                Entry::All => true,
                Entry::Network { address: network, prefix } => within(address, *network, *prefix),
                Entry::Address { address: own, port: only } => {
                    *own == address && only.is_none_or(|only| only == port)
                }
                Entry::Domain { .. } => false,
            })
    }

    fn covers_name(&self, name: &str, port: u16) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::All => true,
            Entry::Domain { suffix, itself, port: only } => {
                let below = name.strip_suffix(&**suffix).is_some_and(|rest| rest.ends_with('.'));
                (below || (*itself && name == &**suffix)) && only.is_none_or(|only| only == port)
            }
            Entry::Network { .. } | Entry::Address { .. } => false,
        })
    }
}

impl From<&str> for NoProxy {
    fn from(text: &str) -> Self {
        let words = text.split(',').map(|word| word.trim().to_lowercase());
        let entries = words.filter_map(|word| entry(&word)).collect();
        Self { text: text.into(), entries }
    }
}

fn entry(word: &str) -> Option<Entry> {
    if word == "*" {
        return Some(Entry::All);
    }
    if let Some((address, prefix)) = word.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= bits(address))?;
        return Some(Entry::Network { address, prefix });
    }
    let (host, port) = match word.rsplit_once(':') {
        // More than one colon and no bracket: an IPv6 address without a port.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (word, None),
        Some((host, port)) => (host, Some(u16::from_str(port).ok()?)),
        None => (word, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Entry::Address { address: address.to_canonical(), port });
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
    let (suffix, itself) = host.strip_prefix('.').map_or((host, true), |below| (below, false));
    let suffix = url::Host::parse(suffix).map_or_else(|_| suffix.into(), |host| host.to_string());
    (!suffix.is_empty()).then(|| Entry::Domain { suffix: suffix.into(), itself, port })
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let shift = |bits: u8| u32::from(bits - prefix);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = u32::from(address) ^ u32::from(network);
            differ.checked_shr(shift(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = u128::from(address) ^ u128::from(network);
            differ.checked_shr(shift(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

impl fmt::Debug for NoProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for NoProxy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for NoProxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = Self::from(text.as_str());
        if parsed.entries.is_empty() && !text.trim().is_empty() {
            return Err(de::Error::custom("none of it is a host, an address or a network"));
        }
        Ok(parsed)
    }
}

impl schemars::JsonSchema for NoProxy {
    fn schema_name() -> Cow<'static, str> {
        "NoProxy".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "hosts, domains, addresses and networks, separated by commas",
            "examples": ["localhost,.svc,10.0.0.0/8,example.org:8443"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is that of `golang.org/x/net/http/httpproxy`, whose `useProxy` is the opposite.
    #[test]
    fn covers_what_go_leaves_out() {
        let all = NoProxy::from(
            "foo.com, .barbaz.net, *.example.org, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, \
             2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64, port.net:8443, \
             :1, /8, , bücher.example",
        );
        for (host, port, covered) in [
            ("localhost", 80, true),
            ("127.0.0.1", 80, true),
            ("127.0.0.2", 80, true),
            ("::1", 80, true),
            ("::ffff:127.0.0.1", 80, true),
            ("localhost.net", 80, false),
            ("local.localhost", 80, false),
            ("barbaz.net", 80, false),
            ("www.barbaz.net", 80, true),
            ("foobarbaz.net", 80, false),
            ("foo.com", 80, true),
            ("FOO.com.", 80, true),
            ("www.foo.com", 8080, true),
            ("foofoo.com", 80, false),
            ("baz.com", 80, false),
            ("example.org", 80, false),
            ("a.example.org", 80, true),
            ("192.168.1.1", 80, true),
            ("192.168.1.2", 80, false),
            ("192.168.1.2", 81, true),
            ("192.168.1.3", 80, true),
            ("192.168.1.4", 80, false),
            ("10.0.0.2", 80, true),
            ("10.0.0.4", 80, false),
            ("2001:db8::52:0:1", 80, true),
            ("2001:db8::52:0:2", 80, false),
            ("2001:db8::52:0:2", 443, true),
            ("2001:db8::52:0:3", 80, true),
            ("2002:db8:a::123", 80, true),
            ("2002:db8:b::123", 80, false),
            ("port.net", 80, false),
            ("port.net", 8443, true),
            ("www.port.net", 8443, true),
            ("xn--bcher-kva.example", 80, true),
        ] {
            assert_eq!(all.covers(host, port), covered, "{host}:{port}");
        }
        assert!(NoProxy::from("a, *").covers("anything", 1));
        assert!(NoProxy::from("0.0.0.0/0").covers("192.0.2.1", 1));
    }

    #[test]
    fn is_written_as_it_was_read() {
        let parsed: NoProxy = serde_json::from_str("\"a , b:1\"").unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), "\"a , b:1\"");
        assert!(serde_json::from_str::<NoProxy>("\":1\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c0-9.:/*\\[\\], ü]{0,30}", host in "[a-c0-9.:\\[\\]ü]{0,12}", port: u16) {
            NoProxy::from(text.as_str()).covers(&host, port);
        }
    }
}
