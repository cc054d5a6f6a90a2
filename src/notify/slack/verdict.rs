use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;

use crate::{
    model::SendReason,
    net::web::client::Answer,
    notify::{
        answer::Masked,
        setback::{Setback, failure},
    },
};

/// What the Web API answers; an incoming webhook answers `ok` alone.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Taken {
    ok: bool,
    /// Rocket.Chat's word for the same.
    success: bool,
    error: String,
    /// The channel's identity, which alone can be used to change a message.
    pub channel: String,
    /// The message's identity in it.
    pub ts: String,
}

/// What an answer of 200 says: it may be a failure all the same.
pub(super) fn read(answer: &Answer, secrets: &Masked) -> Result<Taken, Setback> {
    if let Some(broken) = &answer.broken {
        return Err(broken.clone().into());
    }
    let content = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !content.is_some_and(|content| content.starts_with(b"application/json")) {
        return match answer.body.trim_ascii() {
            b"ok" => Ok(Taken { ok: true, ..Taken::default() }),
            body => {
                let detail = format!("answered 200, but not `ok`: {}", secrets.quote(body));
                Err(Setback::Refused(failure(SendReason::ClientError, Some(200), &detail)))
            }
        };
    }
    let taken: Taken = serde_json::from_slice(&answer.body).map_err(|_| {
        let detail = format!("answered 200, but no JSON: {}", secrets.quote(&answer.body));
        Setback::Retry {
            failure: failure(SendReason::ServerError, Some(200), &detail),
            after: None,
        }
    })?;
    if taken.ok || taken.success {
        return Ok(taken);
    }
    let word = secrets.quote(taken.error.as_bytes());
    Err(refused(if word.is_empty() { "no reason given" } else { &word }))
}

/// Slack's words for what a method did not do.
fn refused(word: &str) -> Setback {
    let failed = |reason| failure(reason, Some(200), &format!("Slack says: {word}"));
    match word {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Setback::Retry { failure: failed(SendReason::RateLimited), after: None }
        }
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org" => {
            Setback::Retry { failure: failed(SendReason::ServerError), after: None }
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "no_permission" | "missing_scope" | "access_denied" | "ekm_access_denied" => {
            Setback::Refused(failed(SendReason::AuthError))
        }
        _ => Setback::Refused(failed(SendReason::ClientError)),
    }
}

/// Whether the message that was to be changed or answered is not there any more, or cannot be: a new one takes its place.
pub(super) fn is_gone(setback: &Setback) -> bool {
    const WORDS: [&str; 7] = [
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "thread_not_found",
        "channel_not_found",
        "is_archived",
        "cant_reply_to_message",
    ];
    let detail = &setback.failure().detail;
    WORDS.iter().any(|word| detail.ends_with(word))
}
