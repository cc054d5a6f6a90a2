//! The words a question is configured with.

use std::{fmt, net::IpAddr, str::FromStr};

use hickory_proto::rr::{DNSClass, Name, RecordType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name server: a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// A name or an address literal, without brackets.
    pub host: Box<str>,
    /// 53 where none was given.
    pub port: u16,
}

/// Where name servers listen (RFC 1035, section 4.2).
const DEFAULT_PORT: u16 = 53;

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: &str| {
            format!(
                "`{text}` is not a name server such as `192.0.2.53`, `ns.example.org:5353` or `[2001:db8::53]:53`: {why}"
            )
        };
        let (host, port) = split(text).map_err(fail)?;
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(0) | Err(_) => return Err(fail("the port is a number from 1 to 65535")),
                Ok(port) => port,
            },
        };
        let literal = host.parse::<IpAddr>().is_ok();
        if !literal && (host.is_empty() || host.contains(['/', '@', '[', ']', ' ', ':'])) {
            return Err(fail("the host is neither a name nor an address"));
        }
        Ok(Self { host: host.into(), port })
    }
}

/// Host and port; a bare IPv6 address has colons but no port.
fn split(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("the bracket is not closed")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("after the bracket only `:port` may follow"),
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    Ok(text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))))
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (_, DEFAULT_PORT) => f.write_str(&self.host),
            (true, port) => write!(f, "[{}]:{port}", self.host),
            (false, port) => write!(f, "{}:{port}", self.host),
        }
    }
}

written_as_text!(Server, "DnsServer", "host, host:port or [ipv6]:port; port 53 by default");

/// The name asked for, or an address whose reverse name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryName {
    text: Box<str>,
    name: Name,
    /// Set where the text is an IP address.
    pub(super) address: Option<IpAddr>,
}

impl QueryName {
    /// The name that goes into the question.
    pub(super) fn asked(&self, record_type: QueryType) -> Name {
        match self.address {
            Some(address) if record_type.is_reverse() => {
                let mut name = Name::from(address);
                name.set_fqdn(true);
                name
            }
            _ => self.name.clone(),
        }
    }
}

impl FromStr for QueryName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the name is empty; the root is `.`".into());
        }
        let address: Option<IpAddr> = text.parse().ok();
        let mut name = match address {
            // An IPv6 address is no name at all; what stands for it is only known with the type.
            Some(address) => Name::from(address),
            None => Name::from_str_relaxed(text)
                .map_err(|error| format!("`{text}` is not a domain name: {error}"))?,
        };
        name.set_fqdn(true);
        Ok(Self { text: text.into(), name, address })
    }
}

impl fmt::Display for QueryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

written_as_text!(QueryName, "DnsName", "a domain name, or an IP address with type PTR");

/// A record type that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryType(pub(super) RecordType);

/// Mnemonics of the registry that hickory does not know.
const MORE_TYPES: [(&str, u16); 11] = [
    ("RP", 17),
    ("AFSDB", 18),
    ("LOC", 29),
    ("KX", 36),
    ("APL", 42),
    ("IPSECKEY", 45),
    ("DHCID", 49),
    ("ZONEMD", 63),
    ("SPF", 99),
    ("URI", 256),
    ("DLV", 32769),
];

impl QueryType {
    pub(super) fn is_reverse(self) -> bool {
        self.0 == RecordType::PTR
    }
}

impl Default for QueryType {
    fn default() -> Self {
        Self(RecordType::A)
    }
}

impl FromStr for QueryType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let number = upper.strip_prefix("TYPE").and_then(|number| number.parse::<u16>().ok());
        let more = MORE_TYPES.iter().find(|(name, _)| *name == upper).map(|(_, number)| *number);
        let found = match number.or(more) {
            Some(number) => Some(RecordType::from(number)),
            None => upper.parse().ok(),
        };
        match found {
            Some(RecordType::AXFR | RecordType::IXFR) => {
                Err(format!("`{text}` is a zone transfer, not a question with one answer"))
            }
            Some(RecordType::OPT | RecordType::TSIG | RecordType::ZERO) => {
                Err(format!("`{text}` is not a record type that can be asked for"))
            }
            Some(found) => Ok(Self(found)),
            None => Err(format!(
                "`{text}` is not a record type: write a mnemonic such as `AAAA`, or `TYPE` and a number such as `TYPE65`"
            )),
        }
    }
}

impl fmt::Display for QueryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u16::from(self.0);
        match self.0 {
            RecordType::Unknown(_) => match MORE_TYPES.iter().find(|(_, known)| *known == number) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "TYPE{number}"),
            },
            known => f.write_str(known.into()),
        }
    }
}

written_as_text!(QueryType, "DnsType", "a record type such as AAAA, or TYPE and its number");

/// The class of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryClass {
    /// The Internet.
    #[default]
    In,
    /// Chaos, where servers tell their version.
    Ch,
    /// Hesiod.
    Hs,
    /// Any class.
    Any,
}

impl QueryClass {
    pub(super) fn wire(self) -> DNSClass {
        match self {
            Self::In => DNSClass::IN,
            Self::Ch => DNSClass::CH,
            Self::Hs => DNSClass::HS,
            Self::Any => DNSClass::ANY,
        }
    }
}

impl FromStr for QueryClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match &*text.to_ascii_uppercase() {
            "IN" => Ok(Self::In),
            "CH" => Ok(Self::Ch),
            "HS" => Ok(Self::Hs),
            "ANY" => Ok(Self::Any),
            _ => Err(format!("`{text}` is not a class: write `IN`, `CH`, `HS` or `ANY`")),
        }
    }
}

impl fmt::Display for QueryClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "IN",
            Self::Ch => "CH",
            Self::Hs => "HS",
            Self::Any => "ANY",
        })
    }
}

written_as_text!(QueryClass, "DnsClass", "IN, CH, HS or ANY");

/// How the question is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// One datagram each way.
    #[default]
    Udp,
    /// One connection.
    Tcp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_written() {
        for (text, host, port, shown) in [
            ("192.0.2.53", "192.0.2.53", 53, "192.0.2.53"),
            ("192.0.2.53:5353", "192.0.2.53", 5353, "192.0.2.53:5353"),
            ("ns.example.org", "ns.example.org", 53, "ns.example.org"),
            ("2001:db8::53", "2001:db8::53", 53, "2001:db8::53"),
            ("[2001:db8::53]", "2001:db8::53", 53, "2001:db8::53"),
            ("[2001:db8::53]:5353", "2001:db8::53", 5353, "[2001:db8::53]:5353"),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!((&*server.host, server.port), (host, port), "{text}");
            assert_eq!(server.to_string(), shown);
            assert_eq!(shown.parse(), Ok(server));
        }
        for text in
            ["", ":53", "a:0", "a:65536", "a:b", "[::1", "[::1]53", "udp://a", "a b", "a:1:2"]
        {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_fully_qualified_and_addresses_reversed() {
        let asked = |text: &str, kind: &str| {
            text.parse::<QueryName>().unwrap().asked(kind.parse().unwrap()).to_ascii()
        };
        assert_eq!(asked("example.org", "A"), "example.org.");
        assert_eq!(asked("example.org.", "A"), "example.org.");
        assert_eq!(asked("bücher.example", "A"), "xn--bcher-kva.example.");
        assert_eq!(asked("_dmarc.example.org", "TXT"), "_dmarc.example.org.");
        assert_eq!(asked(".", "NS"), ".");
        assert_eq!(asked("192.0.2.1", "PTR"), "1.2.0.192.in-addr.arpa.");
        assert!(asked("2001:db8::1", "ptr").starts_with("1.0.0.0."));
        assert!(asked("2001:db8::1", "ptr").ends_with(".8.b.d.0.1.0.0.2.ip6.arpa."));
        for text in ["", "a..b", "a b", &"x".repeat(64), &"abc.".repeat(70)] {
            assert!(text.parse::<QueryName>().is_err(), "{text}");
        }
    }

    #[test]
    fn types_by_name_and_number() {
        for (text, shown) in [
            ("a", "A"),
            ("TYPE1", "A"),
            ("type65", "HTTPS"),
            ("TYPE65280", "TYPE65280"),
            ("uri", "URI"),
            ("TYPE99", "SPF"),
            ("any", "ANY"),
        ] {
            let kind: QueryType = text.parse().unwrap();
            assert_eq!(kind.to_string(), shown);
            assert_eq!(shown.parse(), Ok(kind));
        }
        for text in ["", "AAAAA", "TYPE", "TYPE65536", "TYPE-1", "AXFR", "OPT", "TYPE0", "TYPE252"]
        {
            assert!(text.parse::<QueryType>().is_err(), "{text}");
        }
    }
}
