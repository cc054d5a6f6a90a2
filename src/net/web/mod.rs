//! What everything that speaks HTTP shares: URLs, request headers, credentials, proxies, redirects.
//!
//! Contract: everything a user can get wrong is refused when the configuration is read; what may be secret is masked
//! wherever the configuration is shown.

mod authorization;
pub mod client;
mod headers;
mod no_proxy;
mod oauth2;
mod options;
mod proxy;
pub mod redirect;
mod url;
mod written;

use std::net::{IpAddr, SocketAddr};

use hyper::header::HeaderValue;

pub use self::{
    authorization::{AnyScheme, Authorization, BasicAuth},
    headers::Headers,
    no_proxy::NoProxy,
    oauth2::OAuth2,
    options::HttpOptions,
    proxy::{Proxies, Way},
    url::{
        HttpUrl, ProxyUrl, WebsocketUrl, decoded, endpoint, host, port, shown, unfit, without_zone,
    },
    written::{path_and_query, reference},
};
use super::{Attempt, Net, resolve::Lookup};
use crate::model::{Failure, IpProtocol, Override};

/// What noroshi calls itself.
pub const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("noroshi/", env!("CARGO_PKG_VERSION")));

/// What connections are made with: what the process shares, the attempt they belong to, how names become addresses.
pub struct Dialer<'a> {
    /// What all connections share.
    pub net: &'a Net,
    /// The deadline, the phases, the trace.
    pub attempt: &'a mut Attempt,
    /// How names become addresses.
    pub names: Names<'a>,
}

/// How names become addresses, and where connections come from.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Names that are not asked for.
    pub overrides: &'a [Override],
    /// The name server, which then alone is asked.
    pub server: Option<SocketAddr>,
    /// Where connections and queries come from.
    pub source: Option<IpAddr>,
    /// The family whose addresses come first.
    pub prefer: IpProtocol,
    /// Whether the other family is permitted at all.
    pub fallback: bool,
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self {
            overrides: &[],
            server: None,
            source: None,
            prefer: IpProtocol::default(),
            fallback: true,
        }
    }
}

impl Dialer<'_> {
    /// The addresses of a host.
    ///
    /// # Errors
    /// `dns_*`
    pub async fn lookup(&mut self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let lookup = Lookup {
            host,
            port,
            overrides: self.names.overrides,
            server: self.names.server,
            source: self.names.source,
            prefer: self.names.prefer,
            fallback: self.names.fallback,
        };
        let addresses = self.net.resolver().lookup(self.attempt, lookup).await?;
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

/// The name in a `Host` header, without its port: whose certificate is wanted, as in blackbox_exporter.
pub fn name_of(host: &HeaderValue) -> Option<&str> {
    let host = host.to_str().ok()?;
    match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next(),
        None => host.split(':').next(),
    }
}

/// A token as RFC 9110 section 5.6.2 has it.
pub fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_a_name_without_its_port() {
        for (text, host) in
            [("a.example", "a.example"), ("a.example:81", "a.example"), ("[::1]:81", "::1")]
        {
            assert_eq!(name_of(&HeaderValue::from_static(text)), Some(host));
        }
    }
}
