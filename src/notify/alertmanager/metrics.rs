use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// What the pushes count, as `prometheus_notifications_*` do. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    sent: Family<Target, Counter>,
    errors: Family<Target, Counter>,
    dropped: Family<Target, Counter>,
    length: Family<Target, Gauge>,
    capacity: Family<Target, Gauge>,
    latency: Family<Target, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    alertmanager: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        Self {
            sent: Family::default(),
            errors: Family::default(),
            dropped: Family::default(),
            length: Family::default(),
            capacity: Family::default(),
            latency: Family::new_with_constructor(seconds),
        }
    }
}

impl Metrics {
    /// Makes them visible.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("noroshi_alertmanager");
        own.register("alerts_sent", "Alerts pushed, taken or not", self.sent.clone());
        own.register("alerts_failed", "Alerts of batches that were not taken", self.errors.clone());
        own.register(
            "alerts_dropped",
            "Alerts that found no room in the queue",
            self.dropped.clone(),
        );
        own.register("queue_length", "Alerts that wait", self.length.clone());
        own.register("queue_capacity", "Alerts that may wait", self.capacity.clone());
        own.register("latency_seconds", "How long a push took", self.latency.clone());
    }

    /// Those of one target.
    pub(super) fn of(&self, name: &str) -> Counters {
        let counters =
            Counters { metrics: self.clone(), target: Target { alertmanager: name.to_owned() } };
        counters.dropped(0);
        counters.metrics.sent.get_or_create(&counters.target).inc_by(0);
        counters.metrics.errors.get_or_create(&counters.target).inc_by(0);
        counters.length(0);
        counters
    }
}

/// What one target counts.
pub(super) struct Counters {
    metrics: Metrics,
    target: Target,
}

impl Counters {
    pub(super) fn sent(&self, alerts: usize, took: Duration, taken: bool) {
        self.metrics.sent.get_or_create(&self.target).inc_by(alerts as u64);
        self.metrics.latency.get_or_create(&self.target).observe(took.as_secs_f64());
        if !taken {
            self.metrics.errors.get_or_create(&self.target).inc_by(alerts as u64);
        }
    }

    pub(super) fn dropped(&self, alerts: usize) {
        self.metrics.dropped.get_or_create(&self.target).inc_by(alerts as u64);
    }

    pub(super) fn length(&self, alerts: usize) {
        let length = i64::try_from(alerts).unwrap_or(i64::MAX);
        self.metrics.length.get_or_create(&self.target).set(length);
    }

    pub(super) fn capacity(&self, alerts: usize) {
        let capacity = i64::try_from(alerts).unwrap_or(i64::MAX);
        self.metrics.capacity.get_or_create(&self.target).set(capacity);
    }

    /// The target is gone, and its gauges with it.
    pub(super) fn gone(&self) {
        self.metrics.length.remove(&self.target);
        self.metrics.capacity.remove(&self.target);
    }
}
