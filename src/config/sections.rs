//! The sections that are not about checks.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use crate::model::Histogram;

/// `[metrics]`: what `/metrics` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsOptions {
    /// Labels of checks that every series of a check carries; the others are on `noroshi_check_info` alone.
    pub export_labels: Vec<String>,
    /// Upper bounds of the latency histograms in seconds, rising, for checks that set none.
    pub buckets: Vec<f64>,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { export_labels: Vec::new(), buckets: Histogram::SECONDS.to_vec() }
    }
}

/// `[schedule]`: how much runs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleOptions {
    /// Probes that run at the same time, at most.
    pub concurrency: NonZeroU32,
    /// Probes of one host that run at the same time, at most.
    pub per_host: NonZeroU32,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            concurrency: const { NonZeroU32::new(1000).unwrap() },
            per_host: const { NonZeroU32::new(8).unwrap() },
        }
    }
}

/// `[web]`: the HTTP server. The flags are `--web.listen-address` and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebOptions {
    /// Where it listens: `ADDRESS:PORT`, `:PORT` for every address of this machine, or `vsock://:PORT` inside a virtual
    /// machine. One string, or a list of them.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(schema_with = "one_or_many_schema")]
    pub listen_address: Vec<ListenAddress>,
    /// The path all routes are under. The path of `external_url` when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_prefix: Option<RoutePrefix>,
    /// The URL under which people reach this server, for links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_url: Option<ExternalUrl>,
    /// Scrapes answered at the same time, at most; more get 503.
    pub max_requests: NonZeroU32,
    /// The file that switches on TLS, users, headers and a rate limit, in the format of Prometheus' exporter-toolkit. It
    /// and the files it names are read again when they change, without a reload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<PathBuf>,
    /// Serve on the sockets systemd passed (or another parent by the same protocol) instead of on `listen_address`.
    pub systemd_socket: bool,
}

impl Default for WebOptions {
    fn default() -> Self {
        let host = Some(Ipv4Addr::UNSPECIFIED.into());
        let every = ListenAddress::Tcp { host, port: DEFAULT_PORT };
        Self {
            listen_address: vec![every],
            route_prefix: None,
            external_url: None,
            max_requests: const { NonZeroU32::new(40).unwrap() },
            config_file: None,
            systemd_socket: false,
        }
    }
}

/// The port people find noroshi at.
pub const DEFAULT_PORT: u16 = 10070;

/// `[log]`: what noroshi says of itself, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogOptions {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// Levels, from the most severe on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Something is off; failing probes among it.
    Warn,
    /// What changed.
    #[default]
    Info,
    /// Every run.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// The word in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `ts=... level=info msg="..."`
    #[default]
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// `[demo]`: targets of our own on loopback, so that `config.example.toml` works offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DemoOptions {
    /// Whether the demo's listeners are opened.
    pub enabled: bool,
    /// The first of their ports on 127.0.0.1; the others follow it.
    pub first_port: u16,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { enabled: false, first_port: DEFAULT_PORT + 1 }
    }
}

/// An address to listen on: `127.0.0.1:10070`, `[::1]:10070`, `localhost:10070`, `:10070` for every address, or
/// `vsock://:10070`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// TCP.
    Tcp {
        /// `None` for every address of this machine, of both families where there are two.
        host: Option<IpAddr>,
        /// The port; 0 for any free one.
        port: u16,
    },
    /// What a virtual machine's host connects to without a network.
    Vsock {
        /// The port.
        port: u32,
    },
}

impl ListenAddress {
    /// The port of TCP; none for `vsock`.
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Tcp { port, .. } => Some(port),
            Self::Vsock { .. } => None,
        }
    }

    /// What to bind for TCP, the best first: a machine without IPv6 refuses `[::]`, which would serve both families.
    pub fn candidates(self) -> Vec<SocketAddr> {
        match self {
            Self::Tcp { host: Some(host), port } => vec![SocketAddr::new(host, port)],
            Self::Tcp { host: None, port } => vec![
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
            ],
            Self::Vsock { .. } => Vec::new(),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("vsock://") {
            // As in exporter-toolkit, whose host part means nothing.
            let port = rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            let port = port.ok_or_else(|| format!("`{text}` is not `vsock://:PORT`"))?;
            return Ok(Self::Vsock { port });
        }
        let fail =
            || format!("`{text}` is not `ADDRESS:PORT` or `:PORT`, such as `127.0.0.1:10070`");
        let (host, port) = text.rsplit_once(':').ok_or_else(fail)?;
        let port = port.parse().map_err(|_| fail())?;
        let host = match host {
            "" => None,
            "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
            _ => Some(text.parse::<SocketAddr>().map_err(|_| fail())?.ip()),
        };
        Ok(Self::Tcp { host, port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host: Some(host), port } => SocketAddr::new(*host, *port).fmt(f),
            Self::Tcp { host: None, port } => write!(f, ":{port}"),
            Self::Vsock { port } => write!(f, "vsock://:{port}"),
        }
    }
}

/// A path such as `/noroshi`: begins with a slash, ends without one; empty at the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutePrefix(String);

impl RoutePrefix {
    /// What every route begins with: empty, or `/noroshi`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoutePrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        if text.is_empty()
            || (!path.is_empty() && !path.starts_with('/'))
            || !path.chars().all(plain)
        {
            return Err(format!("`{text}` is not a path such as `/noroshi`"));
        }
        Ok(Self(path.to_owned()))
    }
}

impl fmt::Display for RoutePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

/// An `http` or `https` URL without userinfo, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl(Url);

impl ExternalUrl {
    /// The URL.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for ExternalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|error| format!("it is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("its scheme must be http or https".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must not hold a user name or a password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it must not have a query or a fragment".to_owned());
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl WebOptions {
    /// The web configuration; an empty name is none, as with the flag of exporter-toolkit.
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref().filter(|file| !file.as_os_str().is_empty())
    }

    /// The prefix of every route, that of `external_url` if none is set: empty, or `/noroshi`.
    pub fn prefix(&self) -> RoutePrefix {
        let external = || self.external_url.as_ref().and_then(|url| url.0.path().parse().ok());
        self.route_prefix.clone().or_else(external).unwrap_or_default()
    }
}

/// serde and JSON Schema for types that are written as one string.
macro_rules! written_as_text {
    ($($type:ident $format:literal $description:literal)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format, "description": $description })
            }
        }
    )+};
}

written_as_text! {
    ListenAddress "address" "`ADDRESS:PORT`, `:PORT` for every address of this machine, or `vsock://:PORT`"
    RoutePrefix "path" "a path such as `/noroshi`"
    ExternalUrl "uri" "an http or https URL without user name, query and fragment"
}

/// A variable holds one string more easily than a list.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ListenAddress>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<ListenAddress>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an address such as \":10070\", or a list of them")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            text.split(',').map(|one| one.trim().parse().map_err(E::custom)).collect()
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut addresses = Vec::new();
            while let Some(address) = list.next_element()? {
                addresses.push(address);
            }
            Ok(addresses)
        }
    }
    deserializer.deserialize_any(Visitor)
}

fn one_or_many_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let one = generator.subschema_for::<ListenAddress>();
    schemars::json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        for (text, first) in [
            (":10070", "[::]:10070"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:9", "[::1]:9"),
            ("localhost:9", "127.0.0.1:9"),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.candidates()[0].to_string(), first);
        }
        for text in ["", "10070", "::1:80", "host:1", ":70000", ":", "vsock://9", "vsock://:x"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
        let vsock: ListenAddress = "vsock://:70000".parse().unwrap();
        assert_eq!(
            (vsock, vsock.to_string()),
            (ListenAddress::Vsock { port: 70000 }, "vsock://:70000".into())
        );
    }

    #[test]
    fn prefixes() {
        for (text, prefix) in [("/", ""), ("/a/", "/a"), ("/a/b", "/a/b")] {
            assert_eq!(text.parse::<RoutePrefix>().unwrap().as_str(), prefix);
        }
        for text in ["", "a", "/a?b", "/a b"] {
            assert!(text.parse::<RoutePrefix>().is_err(), "{text}");
        }
        let web = WebOptions {
            external_url: Some("https://example.org/noroshi/".parse().unwrap()),
            ..WebOptions::default()
        };
        assert_eq!(web.prefix().as_str(), "/noroshi");
        for text in ["example.org", "ftp://x/", "https://u:p@x/", "https://x/?a"] {
            let error = text.parse::<ExternalUrl>().unwrap_err();
            assert!(!error.contains("u:p"), "{error}");
        }
    }
}
