use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Overlays, Pairs};

/// The identity of an alert: a hash of its labels (Prometheus' fingerprint).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where an alert came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSource {
    /// A check of ours changed its state.
    Check,
    /// `POST /api/v2/alerts`.
    Api,
    /// An Alertmanager's webhook.
    Hook,
}

impl AlertSource {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Check, Self::Api, Self::Hook];

    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Api => "api",
            Self::Hook => "hook",
        }
    }
}

/// An alert as Alertmanager has it: it fires from `starts_at` until `ends_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its identity; never empty, no empty value.
    pub labels: Pairs,
    /// For people; the newest win.
    pub annotations: Pairs,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// Until when: in the future while it fires.
    pub ends_at: Timestamp,
    /// When it was last told.
    pub updated_at: Timestamp,
    /// Where it comes from, for people; empty where nobody said.
    pub generator_url: Arc<str>,
    /// Whether `ends_at` is ours, by the resolve timeout, and not the sender's.
    pub timeout: bool,
    /// Who told it.
    pub source: AlertSource,
    /// What `state` has stamped on it: while one of them is on, it is hidden from notices, but resolves flow.
    pub overlays: Overlays,
    /// Whether Alertmanagers were told that it fires: then they are told on, and of its end, also after a restart.
    pub pushed: bool,
}

impl Alert {
    /// Its identity.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.labels.fingerprint())
    }

    /// Whether it no longer fires.
    pub fn is_resolved(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }
}
