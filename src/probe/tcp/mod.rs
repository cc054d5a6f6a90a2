//! A TCP connection

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Described, Endpoint, Probe, Run};
use crate::{
    model::{Desc, Failure},
    net::dial,
};

/// A TCP connection
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
        let (host, port) = self.address.rsplit_once(':').unwrap_or((&self.address, "0"));
        Endpoint { host: host.to_owned(), port: port.parse().unwrap_or_default() }
    }
}

impl Probe for Spec {
    const KIND: &'static str = "tcp";
    const SUMMARY: &'static str = "A TCP connection";
    const TARGET_KEY: &'static str = "address";
    const EXAMPLE: &'static str = "";
    const FAMILIES: &'static [&'static Desc] = &[];

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        dial::tcp(&mut run.attempt, to, run.settings.source_address).await.map(drop)
    }
}
