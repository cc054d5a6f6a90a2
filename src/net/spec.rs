//! What the configuration may say about connections.

pub use super::{
    tls::{TlsOptions, TlsVersion},
    web::{AnyScheme, BasicAuth, Headers, HttpOptions, HttpUrl, NoProxy, OAuth2, ProxyUrl},
};
