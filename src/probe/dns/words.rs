//! The words a question is configured with.

use std::{fmt, net::IpAddr, str::FromStr};

use hickory_proto::rr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    name::Name,
    registry::{CLASSES, TYPES, name, number},
};
use crate::net::zone;

/// What of a stranger's text a message repeats.
pub(super) fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(80)]
}

/// A name server: a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// A name or an address literal, without brackets.
    pub host: Box<str>,
    /// Where one was given.
    pub port: Option<u16>,
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: &str| {
            let text = shown(text);
            format!(
                "`{text}` is not a name server such as `192.0.2.53`, `ns.example.org:5353` or `[2001:db8::53]:53`: {why}"
            )
        };
        let (host, port) = split(text).map_err(fail)?;
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(0) | Err(_)) => return Err(fail("the port is a number from 1 to 65535")),
            Some(Ok(port)) => Some(port),
        };
        let literal = zone::literal(host).is_some();
        if !literal && (host.is_empty() || host.contains(['/', '@', '[', ']', ' ', ':'])) {
            return Err(fail("the host is neither a name nor an address"));
        }
        if host.len() > LONGEST_HOST {
            return Err(fail("the host is longer than 253 characters"));
        }
        Ok(Self { host: host.into(), port })
    }
}

/// 253 characters and the final dot.
const LONGEST_HOST: usize = 254;

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
    if zone::literal(text).is_some() {
        return Ok((text, None));
    }
    Ok(text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))))
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (_, None) => f.write_str(&self.host),
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
        }
    }
}

written_as_text!(Server, "DnsServer", "host, host:port or [ipv6]:port");

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
    pub(super) fn asked(&self) -> &Name {
        &self.name
    }
}

impl FromStr for QueryName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the name is empty; the root is `.`".into());
        }
        let address: Option<IpAddr> = text.parse().ok();
        // An address stands for its reverse name; whether that makes sense is only known with the type.
        let reverse = address.map(|address| rr::Name::from(address).to_ascii());
        let name = Name::written(reverse.as_deref().unwrap_or(text))
            .map_err(|why| format!("`{}` is not a domain name: {why}", shown(text)))?;
        Ok(Self { text: text.into(), name, address })
    }
}

impl fmt::Display for QueryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

written_as_text!(QueryName, "DnsName", "a domain name, or an IP address with type PTR");

/// A record type, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryType(pub(super) u16);

/// Names that blackbox_exporter does not know.
const MORE_TYPES: &[(&str, u16)] =
    &[("NSAP", 22), ("SINK", 40), ("DSYNC", 66), ("DOA", 259), ("WALLET", 262), ("ANAME", 65305)];

impl QueryType {
    pub(super) const SOA: Self = Self(6);
    pub(super) const PTR: Self = Self(12);
    pub(super) const RRSIG: Self = Self(46);
    pub(super) const ANY: Self = Self(255);
}

impl Default for QueryType {
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for QueryType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || [TYPES, MORE_TYPES].iter().find_map(|table| number(table, text));
        numbered(text, "TYPE").or_else(known).map(Self).ok_or_else(|| {
            let text = shown(text);
            format!(
                "`{text}` is not a record type: write a mnemonic such as `AAAA`, or `TYPE` and a number such as `TYPE65`"
            )
        })
    }
}

/// A number behind its word: `TYPE65`, `CLASS3` (RFC 3597, section 5).
fn numbered(text: &str, word: &str) -> Option<u16> {
    let (head, digits) = text.split_at_checked(word.len())?;
    let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|_| head.eq_ignore_ascii_case(word))
}

impl fmt::Display for QueryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match [TYPES, MORE_TYPES].iter().find_map(|table| name(table, self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

written_as_text!(QueryType, "DnsType", "a record type such as AAAA, or TYPE and its number");

/// The class of the question, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryClass(pub(super) u16);

impl QueryClass {
    /// The Internet.
    pub(super) const IN: Self = Self(1);
}

impl Default for QueryClass {
    fn default() -> Self {
        Self::IN
    }
}

impl FromStr for QueryClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = numbered(text, "CLASS").or_else(|| number(CLASSES, text));
        found.map(Self).ok_or_else(|| {
            let text = shown(text);
            format!("`{text}` is not a class: write `IN`, `CS`, `CH`, `HS`, `NONE`, `ANY`, or `CLASS` and a number")
        })
    }
}

impl fmt::Display for QueryClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(CLASSES, self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "CLASS{}", self.0),
        }
    }
}

written_as_text!(QueryClass, "DnsClass", "IN, CS, CH, HS, NONE, ANY, or CLASS and its number");

/// How the question is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// One datagram each way.
    #[default]
    Udp,
    /// One connection.
    Tcp,
    /// One connection with TLS from its first byte: DNS over TLS (RFC 7858).
    Tls,
}

impl Transport {
    /// Where name servers listen for it (RFC 1035, section 4.2; RFC 7858, section 3.1).
    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls => 853,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_written() {
        for (text, host, port, shown) in [
            ("192.0.2.53", "192.0.2.53", None, "192.0.2.53"),
            ("192.0.2.53:5353", "192.0.2.53", Some(5353), "192.0.2.53:5353"),
            ("ns.example.org", "ns.example.org", None, "ns.example.org"),
            ("ns.example.org:53", "ns.example.org", Some(53), "ns.example.org:53"),
            ("2001:db8::53", "2001:db8::53", None, "2001:db8::53"),
            ("[2001:db8::53]", "2001:db8::53", None, "2001:db8::53"),
            ("[2001:db8::53]:5353", "2001:db8::53", Some(5353), "[2001:db8::53]:5353"),
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
        let asked = |text: &str| text.parse::<QueryName>().unwrap().asked().presentation();
        assert_eq!(asked("Example.org"), "Example.org.");
        assert_eq!(asked("bücher.example"), "xn--bcher-kva.example.");
        assert_eq!(asked("192.0.2.1"), "1.2.0.192.in-addr.arpa.");
        assert_eq!(asked("192.0.2.1."), "192.0.2.1.");
        assert!(asked("2001:db8::1").starts_with("1.0.0.0."));
        assert!(asked("2001:db8::1").ends_with(".8.b.d.0.1.0.0.2.ip6.arpa."));
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
            ("nsap-ptr", "NSAP-PTR"),
            ("ANAME", "ANAME"),
            ("TYPE0", "None"),
        ] {
            let kind: QueryType = text.parse().unwrap();
            assert_eq!(kind.to_string(), shown);
            assert_eq!(shown.parse(), Ok(kind));
        }
        for text in ["", "AAAAA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1"] {
            assert!(text.parse::<QueryType>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_name_of_a_table_means_its_number() {
        for (name, number) in TYPES {
            assert_eq!(name.parse(), Ok(QueryType(*number)));
            assert_eq!(QueryType(*number).to_string(), *name);
        }
        for (name, number) in CLASSES {
            assert_eq!(name.parse(), Ok(QueryClass(*number)));
            assert_eq!(QueryClass(*number).to_string(), *name);
        }
        assert_eq!("class3".parse(), Ok(QueryClass(3)));
        assert_eq!(QueryClass(77).to_string(), "CLASS77");
        assert!("XX".parse::<QueryClass>().is_err());
    }

    #[test]
    fn a_stranger_s_text_is_not_repeated_whole() {
        let long = "ü x".repeat(500);
        let errors = [
            long.parse::<Server>().unwrap_err(),
            long.parse::<QueryName>().unwrap_err(),
            long.parse::<QueryType>().unwrap_err(),
            long.parse::<QueryClass>().unwrap_err(),
        ];
        for error in errors {
            assert!(error.len() < 400, "{error}");
        }
    }
}
