use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Alert, BaseState, CheckId, Delivery, Fingerprint, Lane, Notice, Notified, Overlays, Reason,
    Silence, SilenceId,
};

/// One change that must survive the process. A stage returns these with its outputs; the store writes them, and only then
/// are the outputs let go.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// New, or changed in what people are told.
    Alert(Arc<Alert>),
    /// Collected: long resolved and told.
    AlertGone(Fingerprint),
    /// New or changed.
    Silence(Arc<Silence>),
    /// Its retention is over.
    SilenceGone(SilenceId),
    /// To be sent. Replaces an unsent row of the same lane.
    Outbox(Arc<Notice>),
    /// No longer to be sent: its receiver went away with a reload, or what it tells is hidden now, or over.
    OutboxGone(u64),
    /// An attempt ended: a row of the history; the outbox row goes, or waits for its next attempt.
    Delivery(Delivery),
    /// What a lane was told.
    Notified(Notified),
    /// The entry expired.
    NotifiedGone(Lane),
    /// How a check stands.
    Check(CheckState),
    /// The check was removed from the configuration.
    CheckGone(CheckId),
    /// A check went DOWN, or the incident goes on with another reason.
    IncidentOpened(Incident),
    /// It is UP again.
    IncidentClosed {
        /// Whose.
        check: CheckId,
        /// When it began: with the check its identity.
        began: Timestamp,
        /// When it ended.
        ended: Timestamp,
    },
}

/// Records that belong together, and what waits for them: what a stage hands to the store.
pub struct Commit {
    /// In the order in which they happened.
    pub records: Vec<Record>,
    /// Called when they are on disk, or when that failed: then answers become errors, but notices go out all the same.
    pub release: Release,
}

/// What waits for a commit. Never blocks, never waits.
pub type Release = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Why records are not on disk.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not on disk: {0}")]
pub struct CommitError(pub Arc<str>);

/// What was on disk at the start.
#[derive(Debug, Clone, Default)]
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

/// What of a check's state outlives the process.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckState {
    /// Whose.
    pub check: CheckId,
    /// The kind it was; of another kind it means nothing.
    pub kind: Arc<str>,
    /// Its base state.
    pub base: BaseState,
    /// What lay over it.
    pub overlays: Overlays,
    /// The machine's verdict.
    pub up: Option<bool>,
    /// Since when the base state.
    pub changed: Timestamp,
    /// The machine's own memory (windows of verdicts, counts), as it writes and reads it itself.
    pub machine: Arc<str>,
}

/// From DOWN to UP.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Whose.
    pub check: CheckId,
    /// The check's group.
    pub group: Arc<str>,
    /// When it went DOWN.
    pub began: Timestamp,
    /// When it was UP again; `None` while it is open.
    pub ended: Option<Timestamp>,
    /// Why it went DOWN.
    pub reason: Option<Reason>,
    /// In words; may hold a stranger's text.
    pub detail: Arc<str>,
}
