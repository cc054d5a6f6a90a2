use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

use crate::clock;

/// How the last reading of the configuration went, by the names Prometheus' own programs use.
#[derive(Debug, Clone, Default)]
pub struct Reloads {
    successful: Gauge,
    success_timestamp: Gauge<f64, AtomicU64>,
}

impl Reloads {
    /// The configuration was read and is in force; the first one counts too.
    pub fn succeeded(&self, at: Timestamp) {
        self.successful.set(1);
        self.success_timestamp.set(clock::epoch_seconds(at));
    }

    /// The configuration was refused; the one before stays in force.
    pub fn failed(&self) {
        self.successful.set(0);
    }

    pub(super) fn register(&self, registry: &mut Registry, program: &str) {
        registry.register(
            format!("{program}_config_last_reload_successful"),
            "Whether the last attempt to read the configuration succeeded (1) or not (0)",
            self.successful.clone(),
        );
        registry.register(
            format!("{program}_config_last_reload_success_timestamp_seconds"),
            "When the configuration was last read with success, as seconds since the epoch",
            self.success_timestamp.clone(),
        );
    }
}
