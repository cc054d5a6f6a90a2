//! Why a list or a watch failed.

use std::{error::Error as _, fmt, time::Duration};

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

/// A failed request, or a watch that broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The word for it.
    pub why: Why,
    /// In the server's or the system's words, shortened.
    pub message: String,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// Why, from a closed vocabulary: the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The version asked for is too old (410): everything is listed again.
    Gone,
    /// No right to do it (403).
    Forbidden,
    /// The credentials are not accepted (401).
    Unauthorized,
    /// The server has no such resource (404).
    NotFound,
    /// It is asked too often (429).
    TooManyRequests,
    /// It does not understand the request (another 4xx).
    BadRequest,
    /// It failed itself (5xx).
    ServerError,
    /// No connection.
    Unreachable,
    /// It said nothing for too long.
    Timeout,
    /// The connection broke.
    ConnectionLost,
    /// What it said is no answer.
    InvalidAnswer,
}

impl Why {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::TooManyRequests => "too_many_requests",
            Self::BadRequest => "bad_request",
            Self::ServerError => "server_error",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::InvalidAnswer => "invalid_answer",
        }
    }

    /// Whether only somebody who changes the cluster can mend it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Forbidden | Self::NotFound)
    }

    fn of(code: u16) -> Self {
        match code {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            410 => Self::Gone,
            429 => Self::TooManyRequests,
            400..=499 => Self::BadRequest,
            500..=599 => Self::ServerError,
            _ => Self::InvalidAnswer,
        }
    }
}

/// What Kubernetes answers where it has no object to give.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    message: String,
    code: u16,
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    retry_after_seconds: u64,
}

/// What of a message is kept: the server may quote whole objects.
const MESSAGE: usize = 300;

/// The longest that is waited because the server says so.
const LONGEST: Duration = Duration::from_mins(5);

impl Failure {
    pub(super) fn new(why: Why, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE {
            message.truncate(message.floor_char_boundary(MESSAGE));
            message.push_str("...");
        }
        Self { why, message, retry_after: None }
    }

    pub(super) fn unusable(message: impl Into<String>) -> Self {
        Self::new(Why::InvalidAnswer, message)
    }

    /// An answer that is not 200.
    pub(super) fn answered(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let said: Status = serde_json::from_slice(body).unwrap_or_default();
        let message = if said.message.is_empty() { status.to_string() } else { said.message };
        let header = headers.get(header::RETRY_AFTER);
        let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Self { retry_after: wait(seconds), ..Self::new(Why::of(status.as_u16()), message) }
    }

    /// An event of type `ERROR` in a watch.
    pub(super) fn told(object: &str) -> Self {
        let said: Status = serde_json::from_str(object).unwrap_or_default();
        let seconds = Some(said.details.retry_after_seconds);
        Self { retry_after: wait(seconds), ..Self::new(Why::of(said.code), said.message) }
    }

    /// A request without an answer.
    pub(super) fn unanswered(error: &kube::Error) -> Self {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let said = error.to_string();
            // Errors of libraries often repeat what they wrap.
            if !words.contains(&said) {
                words = format!("{words}: {said}");
            }
            source = error.source();
        }
        let why = match error {
            kube::Error::Auth(_) => Why::Unauthorized,
            kube::Error::HyperError(error) if error.is_incomplete_message() => Why::ConnectionLost,
            _ => Why::Unreachable,
        };
        Self::new(why, words)
    }

    pub(super) fn late(what: &str) -> Self {
        Self::new(Why::Timeout, format!("{what} took too long"))
    }
}

fn wait(seconds: Option<u64>) -> Option<Duration> {
    let seconds = seconds.filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds).min(LONGEST))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
