use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// What the store counts.
#[derive(Clone)]
pub struct Metrics {
    /// Commits that are on disk.
    pub(super) commits: Counter,
    /// Records of them.
    pub(super) records: Counter,
    /// Of a transaction, the sync included.
    pub(super) duration: Histogram,
    /// Commits that wait.
    pub(super) queued: Gauge,
    /// Bytes of the file and its log.
    pub(super) size: Gauge,
    /// 1 while nothing can be written.
    pub(super) degraded: Gauge,
    /// Records that wait for the disk to come back.
    pub(super) backlog: Gauge,
    /// Records that no longer fit there, or that the database refused.
    pub(super) lost: Counter,
    /// Rows of the outbox.
    pub(super) pending: Gauge,
    /// When the oldest of them was made.
    pub(super) oldest: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            records: Counter::default(),
            duration: Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]),
            queued: Gauge::default(),
            size: Gauge::default(),
            degraded: Gauge::default(),
            backlog: Gauge::default(),
            lost: Counter::default(),
            pending: Gauge::default(),
            oldest: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Whether nothing can be written now.
    pub fn is_degraded(&self) -> bool {
        self.degraded.get() != 0
    }

    /// Makes them visible.
    pub fn register(&self, registry: &mut Registry) {
        let store = registry.sub_registry_with_prefix("noroshi_store");
        store.register(
            "commits",
            "Sets of records that were written and synced",
            self.commits.clone(),
        );
        store.register("records", "Records that were written and synced", self.records.clone());
        store.register(
            "commit_duration_seconds",
            "Duration of a transaction, the sync to disk included; one takes all commits that wait",
            self.duration.clone(),
        );
        store.register(
            "queue_length",
            "Commits that wait for their transaction",
            self.queued.clone(),
        );
        store.register("size_bytes", "Size of the database and its log", self.size.clone());
        store.register(
            "degraded",
            "Whether nothing can be written now (1), for one because the disk is full: what is acknowledged would not \
             survive a restart, so it is not acknowledged",
            self.degraded.clone(),
        );
        store.register(
            "backlog_records",
            "Records that wait in memory until the disk can be written again",
            self.backlog.clone(),
        );
        store.register(
            "lost_records",
            "Records that were given up: too many waited, or the database refused them",
            self.lost.clone(),
        );
        let outbox = registry.sub_registry_with_prefix("noroshi_outbox");
        outbox.register("pending", "Notices on disk that are not sent yet", self.pending.clone());
        outbox.register(
            "oldest_timestamp_seconds",
            "When the oldest unsent notice was made, as seconds since the epoch; 0 while there is none",
            self.oldest.clone(),
        );
    }
}
