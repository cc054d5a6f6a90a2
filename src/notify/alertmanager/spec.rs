use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Problem, PromDuration},
    net::web::{HttpOptions, HttpUrl},
};

/// A real Alertmanager that our alerts are pushed to: the delivering half of `[alertmanagers.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// The entry's key.
    #[serde(skip)]
    pub name: Arc<str>,
    /// Where it is; `/api/v2/alerts` is added.
    pub url: HttpUrl,
    /// The longest time of one request.
    #[serde(default = "timeout")]
    pub timeout: PromDuration,
    /// How requests are made: credentials, TLS, proxy, headers.
    #[serde(default)]
    pub http: HttpOptions,
}

fn timeout() -> PromDuration {
    PromDuration(std::time::Duration::from_secs(10))
}

impl Alertmanager {
    /// Mistakes that no single value shows. Paths are relative to the entry's table.
    pub fn problems(&self) -> Vec<Problem> {
        self.http.problems("http.")
    }
}
