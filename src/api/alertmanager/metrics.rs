//! What is counted about requests, under Alertmanager's names.

use std::{sync::Arc, time::Duration};

use axum::http::Method;
use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::alert::{InvalidAlerts, PostedAlert};

/// Counts requests and what they brought. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    durations: Family<Answered, Histogram, fn() -> Histogram>,
    sizes: Family<Sized, Histogram, fn() -> Histogram>,
    in_flight: Family<Get, Gauge>,
    crowded: Family<Get, Counter>,
    received: Family<Received, Counter>,
    invalid: Family<Version, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    code: u16,
    handler: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sized {
    handler: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Get {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    status: &'static str,
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

const GET: Get = Get { method: "get" };
const V2: Version = Version { version: "v2" };

fn seconds() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

fn bytes() -> Histogram {
    Histogram::new([1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8])
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            durations: Family::new_with_constructor(seconds as fn() -> Histogram),
            sizes: Family::new_with_constructor(bytes as fn() -> Histogram),
            in_flight: Family::default(),
            crowded: Family::default(),
            received: Family::default(),
            invalid: Family::default(),
        };
        // There from the start, so that a rate has something to begin with.
        drop(metrics.in_flight.get_or_create(&GET));
        drop(metrics.crowded.get_or_create(&GET));
        drop(metrics.invalid.get_or_create(&V2));
        for status in ["firing", "resolved"] {
            drop(metrics.received.get_or_create(&Received { status, version: V2.version }));
        }
        metrics
    }
}

impl Metrics {
    /// Puts the families into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "alertmanager_http_request_duration_seconds",
            "Histogram of latencies for HTTP requests",
            self.durations.clone(),
        );
        registry.register(
            "alertmanager_http_response_size_bytes",
            "Histogram of response size for HTTP requests",
            self.sizes.clone(),
        );
        registry.register(
            "alertmanager_http_requests_in_flight",
            "Current number of HTTP requests being processed",
            self.in_flight.clone(),
        );
        registry.register(
            "alertmanager_http_concurrency_limit_exceeded",
            "Total number of times an HTTP request failed because the concurrency limit was reached",
            self.crowded.clone(),
        );
        registry.register(
            "alertmanager_alerts_received",
            "The total number of received alerts",
            self.received.clone(),
        );
        registry.register(
            "alertmanager_alerts_invalid",
            "The total number of received alerts that were invalid",
            self.invalid.clone(),
        );
    }

    /// A request was answered.
    pub(super) fn answered(
        &self,
        handler: &'static str,
        method: &'static str,
        (code, size): (u16, Option<u64>),
        took: Duration,
    ) {
        self.durations
            .get_or_create(&Answered { code, handler, method })
            .observe(took.as_secs_f64());
        if let Some(size) = size.and_then(|size| u32::try_from(size).ok()) {
            self.sizes.get_or_create(&Sized { handler, method }).observe(size.into());
        }
    }

    /// A GET is being answered until what is returned is dropped.
    pub(super) fn reading(&self) -> Reading {
        let gauge = self.in_flight.get_or_create(&GET).clone();
        gauge.inc();
        Reading(Arc::new(gauge))
    }

    pub(super) fn crowded(&self) {
        self.crowded.get_or_create(&GET).inc();
    }

    pub(super) fn received(&self, alerts: &[PostedAlert], now: Timestamp) {
        let resolved =
            alerts.iter().filter(|alert| alert.ends_at.is_some_and(|at| at <= now)).count();
        for (status, count) in [("resolved", resolved), ("firing", alerts.len() - resolved)] {
            let received = Received { status, version: V2.version };
            self.received.get_or_create(&received).inc_by(u64::try_from(count).unwrap_or_default());
        }
    }

    /// Each of them has a line.
    pub(super) fn invalid(&self, invalid: &InvalidAlerts) {
        let count = u64::try_from(invalid.0.lines().count()).unwrap_or_default();
        self.invalid.get_or_create(&V2).inc_by(count);
    }
}

/// A GET in flight.
#[derive(Debug)]
pub(super) struct Reading(Arc<Gauge>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The method as Prometheus' Go library writes it.
pub(super) fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "POST" => "post",
        "HEAD" => "head",
        "PUT" => "put",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        "PATCH" => "patch",
        _ => "unknown",
    }
}
