//! Durable state in SQLite: what was acknowledged is on disk.
//!
//! Contract: a [`Commit`] is written as a whole, in order, and its release is called after the sync (or with the error);
//! migrations are versioned; nothing of a file that is not ours, or newer than us, is touched.

use std::sync::Arc;

use crate::model::{Alert, CheckState, Incident, Notice, Notified, Record, Silence};

/// Records that belong together, and what waits for them.
pub struct Commit {
    /// In the order in which they happened.
    pub records: Vec<Record>,
    /// Called when they are on disk, or when that failed: answers become errors, notices go out all the same.
    pub release: Release,
}

/// What waits for a commit.
pub type Release = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Why records are not on disk.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not on disk: {0}")]
pub struct CommitError(pub Arc<str>);

/// What was on disk at the start.
#[derive(Debug, Default)]
pub struct Restored {
    /// Alerts, resolved ones that were not told among them.
    pub alerts: Vec<Arc<Alert>>,
    /// Silences whose retention is not over.
    pub silences: Vec<Arc<Silence>>,
    /// Unsent notices, by id.
    pub outbox: Vec<Arc<Notice>>,
    /// The notification log.
    pub notified: Vec<Notified>,
    /// How the checks stood.
    pub checks: Vec<CheckState>,
    /// Open incidents.
    pub incidents: Vec<Incident>,
    /// The highest id an outbox row ever had.
    pub last_notice: u64,
}
