//! ICMP echo requests

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Described, Endpoint, Probe, Run};
use crate::model::{Desc, Failure};

/// ICMP echo requests
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target.
    pub host: String,
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.host.clone()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.host.clone(), port: 0 }
    }
}

impl Probe for Spec {
    const KIND: &'static str = "icmp";
    const SUMMARY: &'static str = "ICMP echo requests";
    const TARGET_KEY: &'static str = "host";
    const EXAMPLE: &'static str = "";
    const FAMILIES: &'static [&'static Desc] = &[];

    async fn run(&self, _to: SocketAddr, _run: &mut Run<'_>) -> Result<(), Failure> {
        unimplemented!()
    }
}
