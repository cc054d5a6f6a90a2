use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// What is counted about `/probe`.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(super) unknown_modules: Counter,
    pub(super) in_flight: Gauge,
    pub(super) rejected: Counter,
}

impl Metrics {
    /// Puts the families into noroshi's registry; that of unknown modules under blackbox_exporter's own name where
    /// noroshi takes its place.
    pub fn register(&self, registry: &mut Registry, in_its_place: bool) {
        let unknown =
            if in_its_place { "blackbox_module_unknown" } else { "noroshi_probe_module_unknown" };
        let help = "Count of unknown modules requested by probes";
        registry.register(unknown, help, self.unknown_modules.clone());
        registry.register(
            "noroshi_probe_requests_in_flight",
            "Requests for /probe whose probe goes on",
            self.in_flight.clone(),
        );
        registry.register(
            "noroshi_probe_requests_rejected",
            "Requests for /probe answered with 503, because as many as are permitted were in flight",
            self.rejected.clone(),
        );
    }

    /// Counts a probe from now until the guard is dropped.
    pub(super) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }
}

/// A probe that goes on; its client may go away at any time.
pub(super) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
