//! Why an attempt failed, and whether another one may help.

use std::{borrow::Cow, time::Duration};

use crate::model::{Failure, Reason, SendFailure, SendReason};

/// A failed attempt, as its provider sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setback {
    /// Another attempt may help, not before that time where the other side said so.
    Retry {
        /// Why it failed.
        failure: SendFailure,
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// It never will.
    Refused(SendFailure),
}

/// The longest detail, in bytes; strangers wrote some of it.
const DETAIL_LIMIT: usize = 300;

impl Setback {
    /// It may be better later.
    pub(super) fn retry(reason: SendReason, detail: impl AsRef<str>) -> Self {
        Self::Retry { failure: failure(reason, None, detail.as_ref()), after: None }
    }

    /// It never will.
    pub(super) fn refused(reason: SendReason, detail: impl AsRef<str>) -> Self {
        Self::Refused(failure(reason, None, detail.as_ref()))
    }

    /// Why it failed.
    pub(super) fn failure(&self) -> &SendFailure {
        match self {
            Self::Retry { failure, .. } | Self::Refused(failure) => failure,
        }
    }
}

/// What broke a connection, or what this machine could not do: both may pass.
impl From<Failure> for Setback {
    fn from(broken: Failure) -> Self {
        let reason = match broken.reason {
            Reason::DnsTimeout
            | Reason::ConnectTimeout
            | Reason::SendTimeout
            | Reason::WaitTimeout
            | Reason::ReceiveTimeout
            | Reason::TlsTimeout
            | Reason::DeadlineExceeded => SendReason::DeadlineExceeded,
            _ => SendReason::Other,
        };
        Self::retry(reason, format!("{}: {}", broken.reason, broken.detail))
    }
}

/// A failure with its words bounded and on one line.
pub(super) fn failure(reason: SendReason, status: Option<u16>, detail: &str) -> SendFailure {
    let calm = |c: char| if c.is_control() { ' ' } else { c };
    let mut detail: Cow<'_, str> = detail.into();
    if detail.chars().any(char::is_control) {
        detail = detail.chars().map(calm).collect();
    }
    let cut = detail.floor_char_boundary(DETAIL_LIMIT);
    let detail = if cut < detail.len() { format!("{}...", &detail[..cut]).into() } else { detail };
    SendFailure { reason, status, detail: detail.trim().into() }
}
