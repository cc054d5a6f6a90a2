//! `host:port`, checked where it is written.

use std::{borrow::Cow, fmt, net::Ipv6Addr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Host;

use super::Endpoint;
use crate::net::zone;

/// A host and a port. `DEFAULT` is the port where none is written; with 0 one has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<const DEFAULT: u16> {
    /// In lower case, IDNA as ASCII, an IPv6 address without brackets.
    host: String,
    port: Option<u16>,
}

impl<const DEFAULT: u16> Address<DEFAULT> {
    /// The name or the address literal, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, unless it is left to the default.
    pub fn written_port(&self) -> Option<u16> {
        self.port
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT)
    }

    /// What is resolved and dialled.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.host.clone(), port: self.port() }
    }
}

impl<const DEFAULT: u16> FromStr for Address<DEFAULT> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: String| format!("`{}` is not an address: {why}", shown(text));
        let (host, port) = split(text).map_err(fail)?;
        let host = host_of(host).map_err(fail)?;
        let port = port.map(port_of).transpose().map_err(fail)?;
        if port.is_none() && DEFAULT == 0 {
            return Err(fail(format!("the port is missing; write `{}:PORT`", bracketed(&host))));
        }
        Ok(Self { host, port })
    }
}

/// The host as written, brackets and all, and the port.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some((_, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let bare = authority.rsplit('@').next().unwrap_or_default();
        return Err(format!("it is a URL; did you mean `{}`?", shown(bare)));
    }
    if let Some((_, bare)) = text.rsplit_once('@') {
        return Err(format!("a user does not belong here; did you mean `{}`?", shown(bare)));
    }
    if text.starts_with('[') {
        let Some((host, rest)) = text.split_once(']') else {
            return Err("the bracket is not closed".into());
        };
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((&text[..=host.len()], None)),
            (_, Some(port)) => Ok((&text[..=host.len()], Some(port))),
            _ => Err("only `:PORT` may follow the bracket".into()),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Err(colons(text)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

/// `::1:443` could be an address with or without a port, so nothing is guessed.
fn colons(text: &str) -> String {
    let last = text.rsplit_once(':').filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok());
    match (last, text.parse::<Ipv6Addr>()) {
        (Some((host, port)), _) => {
            format!("an IPv6 address stands in brackets; did you mean `[{host}]:{port}`?")
        }
        (None, Ok(_)) => format!("an IPv6 address stands in brackets; did you mean `[{text}]`?"),
        (None, Err(_)) => "it has more than one port".into(),
    }
}

fn host_of(written: &str) -> Result<String, String> {
    if written.is_empty() {
        return Err("the host is missing".into());
    }
    let literal = written.strip_prefix('[').and_then(|written| written.strip_suffix(']'));
    if let Some(literal) = literal.filter(|literal| zone::bare(literal) != *literal) {
        return Ok(literal.to_owned());
    }
    match Host::parse(written) {
        Ok(Host::Ipv6(address)) => Ok(address.to_string()),
        // `10.1` is 10.0.0.1 to a browser, and a mistake here.
        Ok(Host::Ipv4(address)) if address.to_string() == written => Ok(address.to_string()),
        Ok(Host::Domain(name)) if name.len() <= 254 => Ok(name),
        Ok(Host::Ipv4(address)) => Err(format!("did you mean `{address}`?")),
        Ok(Host::Domain(_)) => Err("the name is longer than 253 characters".into()),
        Err(_) => Err("the host is neither a name nor an IP address".into()),
    }
}

fn port_of(written: &str) -> Result<u16, String> {
    match written.parse() {
        Ok(port) if port > 0 && !written.starts_with('+') => Ok(port),
        _ => Err("the port is not a number from 1 to 65535".into()),
    }
}

/// A long text is cut; what looks like a password before `@` is not repeated.
fn shown(text: &str) -> String {
    let after =
        text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, after)| format!("…@{after}"));
    after.chars().take(80).collect()
}

fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { format!("[{host}]").into() } else { host.into() }
}

impl<const DEFAULT: u16> fmt::Display for Address<DEFAULT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bracketed(&self.host))?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl<const DEFAULT: u16> Serialize for Address<DEFAULT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const DEFAULT: u16> Deserialize<'de> for Address<DEFAULT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const DEFAULT: u16>;
        impl<const DEFAULT: u16> de::Visitor<'_> for Visitor<DEFAULT> {
            type Value = Address<DEFAULT>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address such as \"example.org:443\" or \"[2001:db8::1]:443\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl<const DEFAULT: u16> JsonSchema for Address<DEFAULT> {
    fn schema_name() -> Cow<'static, str> {
        format!("Address{DEFAULT}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let port = match DEFAULT {
            0 => "host:port".to_owned(),
            default => format!("host or host:port; the port is {default} where none is given"),
        };
        json_schema!({
            "type": "string",
            "description": format!("{port}. An IPv6 address stands in brackets."),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Required = Address<0>;
    type Https = Address<443>;

    #[test]
    fn hosts_and_ports() {
        for (text, host, port) in [
            ("example.org:25", "example.org", 25),
            ("Example.ORG.:25", "example.org.", 25),
            ("192.0.2.1:1", "192.0.2.1", 1),
            ("[2001:DB8::1]:65535", "2001:db8::1", 65535),
            ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
            ("münchen.example:80", "xn--mnchen-3ya.example", 80),
            ("_srv.example:80", "_srv.example", 80),
        ] {
            let address: Required = text.parse().unwrap();
            assert_eq!((address.host(), address.port()), (host, port), "{text}");
        }
        assert_eq!("example.org".parse::<Https>().unwrap().endpoint().port, 443);
        assert_eq!("[::1]".parse::<Https>().unwrap().to_string(), "[::1]");
        assert_eq!("[::1]:25".parse::<Https>().unwrap().to_string(), "[::1]:25");
    }

    #[test]
    fn a_mistake_says_what_was_meant() {
        for (text, words) in [
            ("example.org", "the port is missing; write `example.org:PORT`"),
            ("[::1]", "write `[::1]:PORT`"),
            ("https://user:hunter2@example.org:443/x", "did you mean `example.org:443`?"),
            ("2001:db8::1:443", "did you mean `[2001:db8::1]:443`?"),
            ("::1", "an IPv6 address stands in brackets"),
            ("a:b:c", "more than one port"),
            (":25", "the host is missing"),
            ("", "the host is missing"),
            ("example.org:", "the port is not a number"),
            ("example.org:0", "from 1 to 65535"),
            ("example.org:65536", "from 1 to 65535"),
            ("example.org:+5", "from 1 to 65535"),
            ("10.1:80", "did you mean `10.0.0.1`?"),
            ("[::1:80", "not closed"),
            ("[::1]80", "only `:PORT`"),
            ("[fe80::1%eth 0]:80", "neither a name nor an IP address"),
            ("a b:80", "neither a name nor an IP address"),
            (
                "user:hunter2@example.org:80",
                "a user does not belong here; did you mean `example.org:80`?",
            ),
        ] {
            let error = text.parse::<Required>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_written_is_read_back(text in "\\PC{0,40}|[a-z0-9.:\\[\\]@/]{0,24}") {
            if let Ok(address) = text.parse::<Https>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
