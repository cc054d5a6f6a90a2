//! What a check may say of redirects; how they are followed is `net`'s.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use crate::net::web::redirect::{
    Next, asks, is_lost, is_same_house, is_trusted, next, referer,
};

/// Whether and how far redirects are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Redirects {
    /// Whether they are followed at all; if not, the 3xx answer itself is looked at.
    pub follow: bool,
    /// How many are followed. The answer that asks for one more is looked at like a final one; it fails the run unless
    /// `expect.status` accepts it.
    pub limit: u8,
    /// Whether credentials go along to other ports of the first host and to hosts below it, and headers that sound secret to
    /// any host, as in Go's and Prometheus' own HTTP clients. Without it all of them stay with the first origin.
    pub forward_credentials: bool,
}

impl Default for Redirects {
    fn default() -> Self {
        Self { follow: true, limit: 10, forward_credentials: false }
    }
}
