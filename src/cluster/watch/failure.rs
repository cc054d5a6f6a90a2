//! Why a list or a watch failed.

use std::{fmt, time::Duration};

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use crate::net::kubernetes;

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

    /// Whether a watch can no longer go on from the version it has reached: the server has forgotten it, or what comes
    /// next cannot be read and would come again.
    pub(super) fn ends_version(self) -> bool {
        matches!(self, Self::Gone | Self::BadRequest | Self::InvalidAnswer)
    }

    /// Whether only somebody who changes the cluster can mend it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Forbidden | Self::NotFound)
    }

    /// Whether all that is asked of the server would fail likewise.
    pub(in crate::cluster) fn is_of_server(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Unreachable | Self::Timeout | Self::ConnectionLost
        )
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
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    retry_after_seconds: u64,
    causes: Option<Vec<Cause>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: String,
}

/// The cause where a version is newer than anything the server has: it was set back, and the version is as good as gone.
const TOO_NEW: &str = "ResourceVersionTooLarge";

impl Status {
    fn why(&self, code: u16) -> Why {
        let mut causes = self.details.iter().flat_map(|details| details.causes.iter().flatten());
        if causes.any(|cause| cause.reason == TOO_NEW) { Why::Gone } else { Why::of(code) }
    }

    fn retry_after(&self) -> Option<u64> {
        self.details.as_ref().map(|details| details.retry_after_seconds)
    }
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
        let header = headers.get(header::RETRY_AFTER);
        let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = wait(seconds.or(said.retry_after()));
        let why = said.why(status.as_u16());
        let message = if said.message.is_empty() { status.to_string() } else { said.message };
        Self { retry_after, ..Self::new(why, message) }
    }

    /// An event of type `ERROR` in a watch.
    pub(super) fn told(object: &str) -> Self {
        let said: Status = serde_json::from_str(object).unwrap_or_default();
        let retry_after = wait(said.retry_after());
        Self { retry_after, ..Self::new(said.why(said.code), said.message) }
    }

    /// A request without an answer.
    pub(super) fn unanswered(error: &kube::Error) -> Self {
        let why = match error {
            kube::Error::Auth(_) => Why::Unauthorized,
            kube::Error::HyperError(error) if error.is_incomplete_message() => Why::ConnectionLost,
            _ => Why::Unreachable,
        };
        Self::new(why, kubernetes::chain(error))
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answered(code: u16, retry_after: &'static str, body: &str) -> Failure {
        let mut headers = HeaderMap::new();
        if !retry_after.is_empty() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(retry_after));
        }
        Failure::answered(StatusCode::from_u16(code).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn answers_that_are_none() {
        for (code, why) in [
            (302, Why::InvalidAnswer),
            (401, Why::Unauthorized),
            (403, Why::Forbidden),
            (404, Why::NotFound),
            (410, Why::Gone),
            (422, Why::BadRequest),
            (429, Why::TooManyRequests),
            (500, Why::ServerError),
            (504, Why::ServerError),
        ] {
            assert_eq!(answered(code, "", "<html>").why, why, "{code}");
        }
        let failure = answered(403, "", r#"{"message":"pods is forbidden","details":null}"#);
        assert_eq!(failure.to_string(), "pods is forbidden");
        assert_eq!(answered(503, "", "<html>").to_string(), "503 Service Unavailable");
        let long = format!(r#"{{"message":"{}"}}"#, "\u{fc}".repeat(1000));
        assert_eq!(answered(500, "", &long).to_string().len(), MESSAGE + 3);
    }

    #[test]
    fn when_to_ask_again() {
        let details = r#"{"details":{"retryAfterSeconds":9}}"#;
        let seconds = |failure: Failure| failure.retry_after.map(|pause| pause.as_secs());
        assert_eq!(seconds(answered(429, "7", details)), Some(7));
        assert_eq!(seconds(answered(429, "", details)), Some(9));
        assert_eq!(seconds(answered(429, "Wed, 21 Oct 2026 07:28:00 GMT", "")), None);
        assert_eq!(seconds(answered(429, "0", "")), None);
        assert_eq!(seconds(answered(429, "999999999999", "")), Some(LONGEST.as_secs()));
    }

    #[test]
    fn events_that_tell_of_an_error() {
        let told =
            Failure::told(r#"{"code":429,"message":"too many","details":{"retryAfterSeconds":3}}"#);
        assert_eq!((told.why, told.retry_after), (Why::TooManyRequests, wait(Some(3))));
        assert_eq!(Failure::told(r#"{"code":410}"#).why, Why::Gone);
        let too_new = r#"{"code":504,"details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}"#;
        assert_eq!(Failure::told(too_new).why, Why::Gone, "an older state was restored");
        assert_eq!(
            Failure::told(r#"{"code":504,"details":{"causes":null}}"#).why,
            Why::ServerError
        );
        assert_eq!(Failure::told("null").why, Why::InvalidAnswer);
    }
}
