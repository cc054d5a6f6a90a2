use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fingerprint, Pairs};

/// Where a notice goes: one integration of one receiver, for one group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// The group: Alertmanager's group key, `{}/{team="a"}:{alertname="X"}`.
    pub group: Arc<str>,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// The integration's kind: `webhook`, `slack`, ...
    pub kind: Arc<str>,
    /// Its place among those of its kind in the receiver, so that one that is put before it or taken away, of another kind,
    /// leaves it what it was told: Alertmanager's `slack[0]`.
    pub integration: u16,
}

/// Why a notice is sent; Alertmanager's own words in the webhook's `notification_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoticeReason {
    /// Nothing was sent for this group yet.
    #[serde(rename = "first notification")]
    First,
    /// An alert joined.
    #[serde(rename = "new alerts added")]
    New,
    /// Some resolved.
    #[serde(rename = "some alerts resolved")]
    SomeResolved,
    /// All resolved.
    #[serde(rename = "all alerts resolved")]
    AllResolved,
    /// It is time again.
    #[serde(rename = "repeat interval elapsed")]
    Repeat,
}

/// One alert as it was when its group was flushed.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeAlert {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Its labels.
    pub labels: Pairs,
    /// Its annotations.
    pub annotations: Pairs,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it ended; `None` while it fires.
    pub ends_at: Option<Timestamp>,
    /// Where it comes from.
    pub generator_url: Arc<str>,
}

impl NoticeAlert {
    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        self.ends_at.is_none()
    }
}

/// What is to be told to one integration: one row of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The outbox row; grows, never used twice.
    pub id: u64,
    /// Where to.
    pub lane: Lane,
    /// The same for every attempt at this notice and for no other: for providers that take a key.
    pub idempotency_key: Arc<str>,
    /// Why.
    pub reason: NoticeReason,
    /// When the group was flushed.
    pub at: Timestamp,
    /// The latest change that it tells of, for `noroshi_notification_latency_seconds`.
    pub since: Timestamp,
    /// What the group's alerts have in common by `group_by`.
    pub group_labels: Pairs,
    /// Firing and resolved ones, in Alertmanager's order; never empty.
    pub alerts: Arc<[NoticeAlert]>,
    /// What the provider gave for the message before this one in the lane, to edit it or answer it.
    pub handle: Option<Handle>,
    /// Alerts held back by the receiver's rate limit since the last notice that got through.
    pub held_back: u64,
    /// Labels of the route that led here.
    pub route_labels: Pairs,
    /// What was tried before this process began; `None` for what it made itself.
    pub tried: Option<Tried>,
}

/// A notice that is not to be sent any more: what it tells is hidden now, or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Where it would have gone.
    pub lane: Lane,
    /// Its row of the outbox.
    pub id: u64,
}

/// Attempts at a notice that an earlier process made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How many.
    pub attempts: u32,
    /// Before then there is no other.
    pub next_at: Timestamp,
}

impl Notice {
    /// Whether any of its alerts fires.
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(NoticeAlert::is_firing)
    }
}

/// A provider's own name for a message it took: a Slack timestamp, an email's Message-ID. Small named texts.
pub type Handle = Pairs;

/// What a lane was last told: an entry of Alertmanager's notification log.
#[derive(Debug, Clone, PartialEq)]
pub struct Notified {
    /// Where.
    pub lane: Lane,
    /// When it was delivered.
    pub at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// Alerts that were told as firing, sorted.
    pub firing: Arc<[Fingerprint]>,
    /// Alerts that were told as resolved, sorted.
    pub resolved: Arc<[Fingerprint]>,
    /// Alerts that were told as firing before, and were hidden when this was told: their end is owed. Sorted.
    pub owed: Arc<[Fingerprint]>,
    /// The provider's handle of the last message.
    pub handle: Option<Handle>,
}
