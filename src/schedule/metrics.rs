use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// What the schedule counts about itself.
#[derive(Clone)]
pub struct Metrics {
    /// From the slot to the start of the run: queueing included.
    pub(super) lag: Histogram,
    /// Runs that wait for admission.
    pub(super) waiting: Gauge,
    /// Runs that were admitted and have not ended.
    pub(super) running: Gauge,
    /// Slots that passed without a run.
    pub(super) missed: Counter,
    /// How often the calendar jumped, and every slot was planned anew.
    pub(super) replanned: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            lag: Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0]),
            waiting: Gauge::default(),
            running: Gauge::default(),
            missed: Counter::default(),
            replanned: Counter::default(),
        }
    }
}

impl Metrics {
    /// Makes them visible.
    pub fn register(&self, registry: &mut Registry) {
        let schedule = registry.sub_registry_with_prefix("noroshi_schedule");
        schedule.register(
            "lag_seconds",
            "Time from a run's slot to its start, queueing included",
            self.lag.clone(),
        );
        schedule.register(
            "waiting_runs",
            "Runs that wait for admission by the concurrency limits",
            self.waiting.clone(),
        );
        schedule.register(
            "running_runs",
            "Runs that were admitted and have not ended",
            self.running.clone(),
        );
        schedule.register(
            "missed_slots",
            "Slots that passed without a run because the one before had not ended",
            self.missed.clone(),
        );
        schedule.register(
            "replans",
            "How often the system's clock jumped and all slots were planned anew",
            self.replanned.clone(),
        );
    }
}
