//! `/probe`, and what blackbox_exporter shows beside it.
//!
//! Contract: one request is one probe, with nothing cached; at most `max_requests` go on at once; an answer is 200 also when
//! the probe failed. What is the same for every request of a module is made when its file is read, not here. The
//! personality's own pages are in [`personality`]; the daemon adds `/probe` and `/logs` to its router.

mod answer;
mod cached;
mod entry;
mod history;
mod logs;
mod metrics;
mod personality;
mod probe;
mod request;

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;

use self::history::History;
use super::web::Limit;
use crate::{
    clock::Clock,
    compat::blackbox::{
        Modules,
        log::{Format, Told},
    },
    model::Trace,
    probe::{Report, spec::Check},
};

pub(super) use answer::{exposition, written};
pub(super) use cached::cached;
pub(super) use logs::logs;
pub use metrics::Metrics;
pub use personality::{Pages, personality};
pub(super) use probe::probe;
pub(super) use request::pairs;

/// Runs a check once, wherever probes run. `None` when everything stops.
pub type Run = Arc<dyn Fn(Check, Trace) -> BoxFuture<'static, Option<Report>> + Send + Sync>;

/// Tells our own log of a probe that is over.
pub type Say = Arc<dyn Fn(&Told<'_>) + Send + Sync>;

/// How `/probe` behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Seconds by which a probe's deadline is before that of its scrape.
    pub timeout_offset: f64,
    /// Results that are kept; as many failures again are kept after they fell out.
    pub history_limit: usize,
    /// Probes at the same time.
    pub max_requests: usize,
    /// How the lines of a probe are written.
    pub format: Format,
}

/// Everything requests for `/probe` share.
pub struct Blackbox {
    modules: Arc<ArcSwap<Modules>>,
    options: Options,
    run: Run,
    say: Say,
    clock: Clock,
    history: History,
    places: Limit,
    metrics: Metrics,
}

impl Blackbox {
    /// With modules that whoever holds the other end may replace at any time.
    pub fn new(
        modules: Arc<ArcSwap<Modules>>,
        options: Options,
        run: Run,
        say: Say,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        Self {
            modules,
            options,
            run,
            say,
            clock,
            history: History::new(options.history_limit),
            places: Limit::new(options.max_requests),
            metrics,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
