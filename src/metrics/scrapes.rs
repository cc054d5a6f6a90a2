use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// What every program with Prometheus' Go library counts of its own `/metrics`, under that library's names.
#[derive(Debug, Clone, Default)]
pub struct Scrapes {
    answered: Family<Answered, Counter>,
    in_flight: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    code: &'static str,
}

/// A scrape until it is answered.
pub struct Scrape<'a>(&'a Scrapes);

impl Scrapes {
    /// Puts the families into a registry, with the codes that are there from the start.
    pub fn register(&self, registry: &mut Registry) {
        for code in ["200", "500", "503"] {
            let _ = self.answered.get_or_create(&Answered { code });
        }
        registry.register(
            "promhttp_metric_handler_requests",
            "Total number of scrapes by HTTP status code.",
            self.answered.clone(),
        );
        registry.register(
            "promhttp_metric_handler_requests_in_flight",
            "Current number of scrapes being served.",
            self.in_flight.clone(),
        );
    }

    /// Counts a scrape, which goes well: it is answered from memory.
    pub fn begin(&self) -> Scrape<'_> {
        self.in_flight.inc();
        Scrape(self)
    }
}

impl Drop for Scrape<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
        self.0.answered.get_or_create(&Answered { code: "200" }).inc();
    }
}
