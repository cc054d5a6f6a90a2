use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Problem, PromDuration, Secret},
    net::web::{HttpOptions, client::Target},
};

/// `[deadman.NAME]`: a heartbeat out while scheduler, store and delivery are alive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadman {
    /// The entry's key.
    #[serde(skip)]
    pub name: Arc<str>,
    /// From one heartbeat to the next.
    #[serde(default = "interval")]
    pub interval: PromDuration,
    /// The receiver whose integrations carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Arc<str>>,
    /// A URL that is asked for by GET, as watchers of cron jobs want it; it may be a secret. Prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// A file that holds the URL; read at each heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<std::path::PathBuf>,
    /// The environment variable that holds the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// The longest time of one heartbeat.
    #[serde(default = "timeout")]
    pub timeout: PromDuration,
    /// How the URL is asked for: credentials, TLS, proxy, headers.
    #[serde(default)]
    pub http: HttpOptions,
}

fn interval() -> PromDuration {
    PromDuration(std::time::Duration::from_mins(1))
}

fn timeout() -> PromDuration {
    PromDuration(std::time::Duration::from_secs(10))
}

impl Deadman {
    /// Mistakes that no single value shows. Paths are relative to the entry's table. That the receiver exists is for the
    /// configuration to check.
    pub fn problems(&self) -> Vec<Problem> {
        let url = crate::notify::secret::places!(self, url, url_file, url_env);
        let mut problems = url.problems();
        let problem = |message: &str| Problem {
            path: "url".into(),
            message: message.into(),
            hint: Some("say one of `receiver` and `url`".into()),
        };
        match (self.receiver.is_some(), url.is_given()) {
            (true, true) => problems.push(problem("`receiver` and `url` exclude each other")),
            (false, false) => problems.push(problem("nobody hears the heartbeat")),
            _ => {}
        }
        if let Some(url) = &self.url
            && let Err(why) = url.expose().parse::<Target>()
        {
            let message = format!("`url`: {why}");
            problems.push(Problem { path: "url".into(), message, hint: None });
        }
        problems.extend(self.http.problems("http."));
        problems
    }
}
