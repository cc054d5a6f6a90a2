//! What `http` and `websocket` checks share: URLs, request headers, credentials.
//!
//! Contract: everything a user can get wrong is refused when the configuration is read; what may be secret is masked
//! wherever the configuration is shown.

mod authorization;
mod headers;
mod url;

use hyper::header::HeaderValue;

pub(super) use self::{
    authorization::{Authorization, BasicAuth},
    headers::Headers,
    url::{HttpUrl, ProxyUrl, WebsocketUrl, endpoint, host, port, shown},
};

/// What noroshi calls itself.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("noroshi/", env!("CARGO_PKG_VERSION")));

/// Whether a header's or a query parameter's name says that its value is a secret.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "authorization",
        "cookie",
        "token",
        "key",
        "secret",
        "password",
        "passwd",
        "signature",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}
