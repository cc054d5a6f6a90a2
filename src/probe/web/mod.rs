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
