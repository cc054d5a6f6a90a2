//! A TLS handshake

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Described, Endpoint, Probe, Run};
use crate::model::{Desc, Failure};

/// A TLS handshake
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target.
    pub address: String,
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.address.clone()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.address.clone(), port: 0 }
    }
}

impl Probe for Spec {
    const KIND: &'static str = "tls";
    const SUMMARY: &'static str = "A TLS handshake";
    const TARGET_KEY: &'static str = "address";
    const EXAMPLE: &'static str = "";
    const FAMILIES: &'static [&'static Desc] = &[];

    async fn run(&self, _to: SocketAddr, _run: &mut Run<'_>) -> Result<(), Failure> {
        unimplemented!()
    }
}
