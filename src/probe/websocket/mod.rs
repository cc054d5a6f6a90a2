//! A WebSocket conversation

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Described, Endpoint, Probe, Run};
use crate::model::{Desc, Failure};

/// A WebSocket conversation
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target.
    pub url: String,
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.url.clone()
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.url.clone(), port: 0 }
    }
}

impl Probe for Spec {
    const KIND: &'static str = "websocket";
    const SUMMARY: &'static str = "A WebSocket conversation";
    const TARGET_KEY: &'static str = "url";
    const EXAMPLE: &'static str = "";
    const FAMILIES: &'static [&'static Desc] = &[];

    async fn run(&self, _to: SocketAddr, _run: &mut Run<'_>) -> Result<(), Failure> {
        unimplemented!()
    }
}
