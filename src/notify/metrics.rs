use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::model::{Lane, SendReason};

/// What delivery counts about itself. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    notifications: Family<Way, Counter>,
    failures: Family<Failed, Counter>,
    duration: Family<Way, Histogram, fn() -> Histogram>,
    latency: Family<Way, Histogram, fn() -> Histogram>,
    dead: Family<Way, Counter>,
    open: Family<Place, Gauge>,
    waiting: Family<Place, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    receiver: String,
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    receiver: String,
    provider: String,
    reason: &'static str,
}

/// An integration, as lanes name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Place {
    receiver: String,
    provider: String,
    integration: u16,
}

impl Place {
    pub(super) fn new(receiver: &str, provider: &str, integration: u16) -> Self {
        Self { receiver: receiver.to_owned(), provider: provider.to_owned(), integration }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}[{}]", self.receiver, self.provider, self.integration)
    }
}

/// How an attempt ended, as far as counting goes.
pub(super) enum Counted {
    /// Delivered, so long after the change it tells of.
    Delivered(Duration),
    /// There will be another attempt.
    Again(SendReason),
    /// There will not.
    Dead(SendReason),
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds =
            || Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
        let late = || Histogram::new([0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0]);
        Self {
            notifications: Family::default(),
            failures: Family::default(),
            duration: Family::new_with_constructor(seconds),
            latency: Family::new_with_constructor(late),
            dead: Family::default(),
            open: Family::default(),
            waiting: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes them visible under our own names.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("noroshi");
        own.register(
            "notifications",
            "Attempts at notices, whatever came of them: a notice that is tried three times counts three",
            self.notifications.clone(),
        );
        own.register(
            "notification_failures",
            "Attempts that failed, by reason",
            self.failures.clone(),
        );
        own.register(
            "notification_duration_seconds",
            "How long an attempt took",
            self.duration.clone(),
        );
        own.register(
            "notification_latency_seconds",
            "From the change that a notice tells of to its delivery",
            self.latency.clone(),
        );
        own.register(
            "dead_letters",
            "Notices that were refused for good or given up",
            self.dead.clone(),
        );
        own.register(
            "notification_breaker_open",
            "Whether the circuit breaker of an integration is open (1) or not (0)",
            self.open.clone(),
        );
        own.register(
            "notification_queue",
            "Notices that wait in memory for an attempt",
            self.waiting.clone(),
        );
    }

    /// An attempt ended.
    pub(super) fn attempt(&self, lane: &Lane, provider: &str, took: Duration, end: &Counted) {
        let way = Way { receiver: lane.receiver.to_string(), provider: provider.to_owned() };
        self.notifications.get_or_create(&way).inc();
        self.duration.get_or_create(&way).observe(took.as_secs_f64());
        let reason = match end {
            Counted::Delivered(after) => {
                self.latency.get_or_create(&way).observe(after.as_secs_f64());
                return;
            }
            Counted::Again(reason) | Counted::Dead(reason) => reason.word(),
        };
        if matches!(end, Counted::Dead(_)) {
            self.dead.get_or_create(&way).inc();
        }
        let Way { receiver, provider } = way;
        self.failures.get_or_create(&Failed { receiver, provider, reason }).inc();
    }

    /// Whether an integration's circuit breaker is open.
    pub(super) fn breaker(&self, place: &Place, open: bool) {
        self.open.get_or_create(place).set(i64::from(open));
    }

    /// How many notices of an integration wait.
    pub(super) fn waiting(&self, place: &Place, count: usize) {
        self.waiting.get_or_create(place).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An integration is there: its counters begin at 0, so that the first failure is an increase.
    pub(super) fn born(&self, place: &Place) {
        let way = Way { receiver: place.receiver.clone(), provider: place.provider.clone() };
        self.notifications.get_or_create(&way).inc_by(0);
        self.dead.get_or_create(&way).inc_by(0);
        self.breaker(place, false);
        self.waiting(place, 0);
    }

    /// An integration is gone, and its gauges with it.
    pub(super) fn gone(&self, place: &Place) {
        self.waiting.remove(place);
        self.open.remove(place);
    }
}
