//! Alertmanager's v2 API, its page and its surroundings, in front of the alert pipeline.
//!
//! Contract: answers like Alertmanager 0.33, errors and their two shapes included; bad input is never our fault (no 5xx)
//! and holds bounded memory; long lists are streamed from a snapshot that never changes. No rule of alerting lives here:
//! the pipeline judges, this folder reads and writes. The daemon adds [`routes`] to its router; the drop-in's own server
//! is [`personality`].

mod alerts;
mod apart;
mod body;
mod content;
mod cors;
mod cursor;
mod dispatch;
mod exposition;
mod groups;
mod hook;
mod json;
mod list;
mod metrics;
mod page;
mod personality;
mod posted;
mod query;
mod receivers;
mod refusal;
mod routes;
mod silences;
mod status;

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use self::{apart::Apart, body::Bodies, refusal::Refusal};
use super::web::Limit;
use crate::{
    alert::{CallError, Handle, Snapshot},
    clock::{self, Clock, Instant},
    model::matcher::Syntax,
};

pub use exposition::Counts;
pub use hook::HookToken;
pub use metrics::Metrics;
pub use personality::{Pages, personality};
pub use routes::routes;
pub use status::VERSION;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How long the pipeline may take for an answer: it waits for the disk at most.
const DEADLINE: Duration = Duration::from_secs(30);

/// Alertmanager's own least number of GETs at once.
const READS: usize = 8;

/// Writes the configuration in force as an `alertmanager.yml` whose secrets are masked.
pub type Original = Arc<dyn Fn() -> Arc<str> + Send + Sync>;

/// How the API behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--web.get-concurrency`: GETs at once; 0 for as many as there are processors, and at least eight.
    pub get_concurrency: usize,
    /// `--web.timeout`: how long a request may take until its answer begins; zero for any time.
    pub timeout: Duration,
    /// How matchers are read.
    pub syntax: Syntax,
    /// What `/hooks/alertmanager` wants as bearer token, if anything.
    pub hook_token: HookToken,
}

/// Everything requests of the API share.
pub struct Alertmanager {
    handle: Handle,
    original: Original,
    clock: Clock,
    started: Timestamp,
    options: Options,
    bodies: Bodies,
    apart: Apart,
    reads: Limit,
    most_reads: usize,
    metrics: Metrics,
}

impl Alertmanager {
    /// In front of a pipeline.
    pub fn new(
        handle: Handle,
        original: Original,
        options: Options,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(READS, usize::from);
        let most_reads = match options.get_concurrency {
            0 => processors.max(READS),
            most => most,
        };
        Self {
            handle,
            original,
            clock,
            started: clock.now(),
            options,
            bodies: Bodies::default(),
            apart: Apart::new(processors),
            reads: Limit::new(most_reads),
            most_reads,
            metrics,
        }
    }

    /// How everything stands.
    async fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        self.within(self.handle.snapshot()).await?.map_err(|error| ours(&error))
    }

    /// The answer of the pipeline, or that there is none.
    async fn within<T>(&self, answer: impl Future<Output = T>) -> Result<T, Refusal> {
        clock::timeout_at(Instant::now() + DEADLINE, answer).await.map_err(|_| {
            let words = format!("no answer within {} s, it may still come", DEADLINE.as_secs());
            Refusal::told(StatusCode::GATEWAY_TIMEOUT, words)
        })
    }
}

/// What is our fault and not the client's.
fn ours<E: std::error::Error>(error: &CallError<E>) -> Refusal {
    let status = match error {
        CallError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        CallError::NotOnDisk(_) | CallError::Refused(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::told(status, error.to_string())
}

#[cfg(test)]
mod tests;
