//! What `http` and `websocket` checks share: URLs, request headers, credentials, proxies.
//!
//! Contract: everything a user can get wrong is refused when the configuration is read; what may be secret is masked
//! wherever the configuration is shown.

mod authorization;
mod headers;
mod no_proxy;
mod oauth2;
mod proxy;
mod url;
mod written;

use std::net::SocketAddr;

use hyper::header::HeaderValue;

pub(super) use self::{
    authorization::{AnyScheme, Authorization, BasicAuth},
    headers::Headers,
    no_proxy::NoProxy,
    oauth2::OAuth2,
    proxy::{Proxies, Way},
    url::{HttpUrl, ProxyUrl, WebsocketUrl, endpoint, host, port, shown, unfit, without_zone},
    written::{path_and_query, reference},
};
use super::Run;
use crate::{model::Failure, net::resolve::Lookup};

/// What noroshi calls itself.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("noroshi/", env!("CARGO_PKG_VERSION")));

/// The addresses of a host that a run meets on its way: a proxy, a token server, where a redirect leads.
async fn lookup(host: &str, port: u16, run: &mut Run<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let lookup = Lookup {
        host,
        port,
        overrides: &run.settings.resolve,
        server: run.settings.dns_server,
        source: run.settings.source_address,
        prefer: run.settings.preferred_ip_protocol,
        fallback: run.settings.ip_protocol_fallback,
    };
    let addresses = run.net.resolver().lookup(&mut run.attempt, lookup).await?;
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// The name in a `Host` header, without its port: whose certificate is wanted, as in blackbox_exporter.
pub(super) fn name_of(host: &HeaderValue) -> Option<&str> {
    let host = host.to_str().ok()?;
    match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next(),
        None => host.split(':').next(),
    }
}

/// A token as RFC 9110 section 5.6.2 has it.
pub(super) fn is_token(text: &str) -> bool {
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
