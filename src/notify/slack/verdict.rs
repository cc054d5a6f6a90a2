use std::fmt;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use crate::{
    model::SendReason,
    net::web::client::Answer,
    notify::{
        masked::Masked,
        setback::{Setback, failure},
    },
};

/// What the Web API answers; an incoming webhook answers `ok` alone.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// `ok`, or Rocket.Chat's `success`.
    ok: bool,
    error: String,
    /// The channel's identity, which alone can be used to change a message.
    pub channel: String,
    /// The message's identity in it.
    pub ts: String,
}

/// What an answer of 200 says: it may be a failure all the same. Whatever else is wrong with an answer, a message that was
/// taken is not sent again.
pub(super) fn read(answer: &Answer, secrets: &Masked) -> Result<Taken, Setback> {
    let (body, secrets) = (answer.body.trim_ascii(), secrets.with(answer));
    if body == b"ok" {
        return Ok(Taken { ok: true, ..Taken::default() });
    }
    let mut taken = Taken::default();
    let whole = serde_json::Deserializer::from_slice(body).deserialize_map(&mut taken);
    if taken.ok {
        return Ok(taken);
    }
    if let Some(broken) = &answer.broken {
        return Err(broken.clone().into());
    }
    if whole.is_ok() {
        let word = secrets.quote(taken.error.as_bytes());
        return Err(refused(if word.is_empty() { "no reason given" } else { &word }));
    }
    let content = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let failed = |reason, but: &str| {
        let detail = format!("answered 200, but {but}: {}", secrets.quote(body));
        failure(reason, Some(200), &detail)
    };
    if content.is_some_and(|content| content.starts_with(b"application/json")) {
        return Err(Setback::Retry {
            failure: failed(SendReason::ServerError, "no JSON"),
            after: None,
        });
    }
    Err(Setback::Refused(failed(SendReason::ClientError, "not `ok`")))
}

/// Takes what can be understood, entry by entry: of an answer that breaks off, or is longer than what is read of it, what
/// came before.
impl<'de> Visitor<'de> for &mut Taken {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut entries: M) -> Result<(), M::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "ok" | "success" => self.ok |= entries.next_value::<Value>()? == Value::Bool(true),
                "error" => self.error = text(entries.next_value()?),
                "channel" => self.channel = text(entries.next_value()?),
                "ts" => self.ts = text(entries.next_value()?),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A text, or a number as such; nothing else says anything.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
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
