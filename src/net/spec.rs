//! What the configuration may say about connections.

pub use super::tls::{TlsOptions, TlsVersion};
