use std::{collections::HashMap, future::Future, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    metrics::Metrics,
    slot::{self, Nanos},
};
use crate::clock::Clock;

/// How much may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Runs at a time, over all checks.
    pub concurrency: usize,
    /// Runs at a time against one host.
    pub per_host: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 1000, per_host: 8 }
    }
}

/// The gates a run passes before it starts. A run waits here at most until its check is removed: at most one run
/// per check exists, so as many as there are checks can wait.
pub(super) struct Admission {
    all: Arc<Semaphore>,
    hosts: HashMap<Arc<str>, Arc<Semaphore>>,
    per_host: usize,
    metrics: Metrics,
}

/// Held while a run goes on.
pub(super) struct Permit {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
    running: prometheus_client::metrics::gauge::Gauge,
}

impl Admission {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS))),
            hosts: HashMap::new(),
            per_host: limits.per_host.clamp(1, Semaphore::MAX_PERMITS),
            metrics,
        }
    }

    /// Sets other limits. Runs in flight keep their places behind the old gates.
    pub(super) fn limit(&mut self, limits: Limits) {
        *self = Self::new(limits, self.metrics.clone());
    }

    /// Waits for the host's gate first, so that a slow host does not hold places of the common one.
    pub(super) fn admit(
        &mut self,
        host: &Arc<str>,
        due: Nanos,
        clock: Clock,
    ) -> impl Future<Output = Permit> + Send + use<> {
        let own = self.hosts.entry(Arc::clone(host));
        let host = Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(self.per_host))));
        let (all, metrics) = (Arc::clone(&self.all), self.metrics.clone());
        async move {
            let waiting = Waiting::new(&metrics);
            // The semaphores are never closed.
            let host = host.acquire_owned().await.ok();
            let all = all.acquire_owned().await.ok();
            drop(waiting);
            let late = slot::nanos(clock.now()).saturating_sub(due);
            #[expect(clippy::cast_precision_loss, reason = "seconds, not nanoseconds, are shown")]
            metrics.lag.observe(late as f64 / 1e9);
            metrics.running.inc();
            Permit { _host: host, _all: all, running: metrics.running }
        }
    }

    /// Drops the gates of hosts nobody runs against.
    pub(super) fn forget_unused(&mut self) {
        self.hosts.retain(|_, gate| Arc::strong_count(gate) > 1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.running.dec();
    }
}

/// Counts one waiting run, also where it is aborted while it waits.
struct Waiting(prometheus_client::metrics::gauge::Gauge);

impl Waiting {
    fn new(metrics: &Metrics) -> Self {
        metrics.waiting.inc();
        Self(metrics.waiting.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}
