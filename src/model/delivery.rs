use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Handle, Lane};

/// Why an attempt failed: Alertmanager's words for `notifications_failed_total{reason}` (0.34's two newest among them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SendReason {
    /// None of the others.
    #[serde(rename = "other")]
    Other,
    /// 4xx: trying again would not help.
    #[serde(rename = "clientError")]
    ClientError,
    /// 5xx.
    #[serde(rename = "serverError")]
    ServerError,
    /// We stopped.
    #[serde(rename = "contextCanceled")]
    Cancelled,
    /// No answer in time.
    #[serde(rename = "contextDeadlineExceeded")]
    DeadlineExceeded,
    /// 401 or 403.
    #[serde(rename = "authError")]
    AuthError,
    /// 429.
    #[serde(rename = "rateLimited")]
    RateLimited,
}

impl SendReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Other,
        Self::ClientError,
        Self::ServerError,
        Self::Cancelled,
        Self::DeadlineExceeded,
        Self::AuthError,
        Self::RateLimited,
    ];

    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::ClientError => "clientError",
            Self::ServerError => "serverError",
            Self::Cancelled => "contextCanceled",
            Self::DeadlineExceeded => "contextDeadlineExceeded",
            Self::AuthError => "authError",
            Self::RateLimited => "rateLimited",
        }
    }
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// The closed word.
    pub reason: SendReason,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// For people, at most a few hundred bytes; never holds a secret or a secret URL.
    pub detail: Arc<str>,
}

/// How an attempt at a notice ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The provider took it.
    Delivered(Option<Handle>),
    /// It did not; there will be another attempt.
    Retry {
        /// Why not.
        failure: SendFailure,
        /// When.
        next_at: Timestamp,
    },
    /// It never will: refused for good, or given up. A dead letter.
    Dead(SendFailure),
}

impl DeliveryResult {
    /// Every word.
    pub const WORDS: [&str; 3] = ["delivered", "retry", "dead"];

    /// The word it is stored and filtered by.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Retry { .. } => "retry",
            Self::Dead(_) => "dead",
        }
    }
}

/// One attempt at a notice: what `notify` tells `alert`, and a row of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Which notice.
    pub notice: u64,
    /// Where it went.
    pub lane: Lane,
    /// When the attempt ended.
    pub at: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Counts from 1.
    pub attempt: u32,
    /// How it ended.
    pub result: DeliveryResult,
}
