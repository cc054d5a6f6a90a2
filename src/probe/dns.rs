//! A DNS query

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Described, Endpoint, Probe, Run};
use crate::model::{Desc, Failure};

/// A DNS query
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target.
    pub server: String,
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.server.clone()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.server.clone(), port: 0 }
    }
}

impl Probe for Spec {
    const KIND: &'static str = "dns";
    const SUMMARY: &'static str = "A DNS query";
    const TARGET_KEY: &'static str = "server";
    const EXAMPLE: &'static str = "";
    const FAMILIES: &'static [&'static Desc] = &[];

    async fn run(&self, _to: SocketAddr, _run: &mut Run<'_>) -> Result<(), Failure> {
        unimplemented!()
    }
}
