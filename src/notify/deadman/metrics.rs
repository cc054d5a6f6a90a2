use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// What deadmen count. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics {
    sent: Family<Whose, Counter>,
    failed: Family<Whose, Counter>,
    withheld: Family<Whose, Counter>,
    crashes: Family<Whose, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Whose {
    deadman: String,
}

fn whose(name: &str) -> Whose {
    Whose { deadman: name.to_owned() }
}

impl Metrics {
    /// Makes them visible.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("noroshi_deadman");
        own.register("heartbeats", "Heartbeats that went out", self.sent.clone());
        own.register(
            "failures",
            "Heartbeats that not everybody took who should hear them",
            self.failed.clone(),
        );
        own.register(
            "withheld",
            "Heartbeats that did not go out because something of noroshi's was not alive",
            self.withheld.clone(),
        );
        own.register(
            "crashes",
            "How often the heart itself crashed: no heartbeat goes out then until the next reload",
            self.crashes.clone(),
        );
    }

    pub(super) fn born(&self, name: &str) {
        self.sent.get_or_create(&whose(name)).inc_by(0);
        self.failed.get_or_create(&whose(name)).inc_by(0);
        self.withheld.get_or_create(&whose(name)).inc_by(0);
        self.crashes.get_or_create(&whose(name)).inc_by(0);
    }

    pub(super) fn sent(&self, name: &str) {
        self.sent.get_or_create(&whose(name)).inc();
    }

    pub(super) fn failed(&self, name: &str) {
        self.failed.get_or_create(&whose(name)).inc();
    }

    pub(super) fn withheld(&self, name: &str) {
        self.withheld.get_or_create(&whose(name)).inc();
    }

    pub(super) fn crashed(&self, name: &str) {
        self.crashes.get_or_create(&whose(name)).inc();
    }
}
