//! A POST of Alertmanager's JSON, version 4, or of a payload of one's own.
//!
//! Contract: byte for byte what Alertmanager sends, so that what listens to it listens to us; what is ours is in headers.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    provider::{Described, Tells},
    secret::{Places, places},
    spec::TemplateUse,
};
use crate::{
    model::{Problem, PromDuration, Secret},
    net::web::HttpOptions,
};

/// A POST of JSON to any URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Whether resolves are told too.
    #[serde(default = "yes")]
    pub send_resolved: bool,
    /// Where to, `http://` or `https://`; a Go template, never shown. Prefer one of the other two forms for a secret one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// A file that holds the URL; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The environment variable that holds the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// At most so many alerts in one message; how many were left out is told in `truncatedAlerts`. 0: all of them.
    #[serde(default)]
    pub max_alerts: u64,
    /// A payload in place of Alertmanager's: a value whose texts are Go templates, or one template for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
    /// Signs each message, as Flux' `generic-hmac` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The longest time of one attempt.
    #[serde(default = "timeout")]
    pub timeout: PromDuration,
    /// How requests are made: credentials, TLS, proxy, headers.
    #[serde(default)]
    pub http: HttpOptions,
}

/// HMAC-SHA256 of the body in a header: `sha256=` and hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The shared secret; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// The header.
    #[serde(default = "header")]
    pub header: String,
}

fn yes() -> bool {
    true
}

pub(super) fn timeout() -> PromDuration {
    PromDuration(std::time::Duration::from_secs(30))
}

fn header() -> String {
    "X-Signature".into()
}

impl Spec {
    fn url(&self) -> Places<'_> {
        places!(self, url, url_file, url_env)
    }
}

impl Tells for Spec {
    const KIND: &'static str = "webhook";
    const SUMMARY: &'static str = "A POST of Alertmanager's JSON to any URL";
    const EXAMPLE: &'static str = r#"webhook.url = "https://example.org/alerts"
webhook.signature = { secret_file = "/run/secrets/webhook" }
webhook.http.headers = { X-Team = "web" }
"#;
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn send_resolved(&self) -> bool {
        self.send_resolved
    }

    fn timeout(&self) -> PromDuration {
        self.timeout
    }

    fn templates(&self) -> Vec<TemplateUse<'_>> {
        Vec::new()
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.url().needed_problems();
        problems.extend(self.http.problems("http."));
        problems
    }
}
