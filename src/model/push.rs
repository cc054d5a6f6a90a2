use std::sync::Arc;

use jiff::Timestamp;

use super::Pairs;

/// What a real Alertmanager is told of our own alerts at once: one target of `[alertmanagers.*]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PushBatch {
    /// The target's key in the configuration.
    pub target: Arc<str>,
    /// Never empty; the sender cuts it into requests.
    pub alerts: Arc<[PushAlert]>,
}

/// One alert as it is pushed; the target's external labels are in it.
#[derive(Debug, Clone, PartialEq)]
pub struct PushAlert {
    /// Its labels.
    pub labels: Pairs,
    /// Its annotations.
    pub annotations: Pairs,
    /// Since when it fires; the same over restarts.
    pub starts_at: Timestamp,
    /// In the future while it fires, so that it ends by itself if we do.
    pub ends_at: Timestamp,
    /// Where it comes from; may be empty.
    pub generator_url: Arc<str>,
}
