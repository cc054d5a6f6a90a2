//! Telegram, by a bot.
//!
//! Contract: a message that is too long for Telegram is cut, or replaced where cutting would break its markup.

mod spec;
mod text;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use spec::{ParseMode, Resolved, Spec};

use super::{
    json,
    masked::Masked,
    message::Message,
    setback::{Setback, failure},
};
use crate::{
    model::{Handle, SendReason},
    net::web::client::{Answer, Request, Target},
};

/// Where the Bot API is.
const API: &str = "https://api.telegram.org";

/// What a handle holds.
const CHAT: &str = "chat";
const MESSAGE: &str = "message";

/// What the Bot API answers. Only `ok` has a type that matters: a message that was taken is not sent again because of another.
#[derive(Deserialize)]
struct Taken {
    #[serde(default)]
    ok: Value,
    #[serde(default)]
    description: Value,
    /// A message, or `true`.
    #[serde(default)]
    result: Value,
}

/// Says it: as a message of its own, or where all is resolved what was asked for of the last one.
async fn tell(spec: &Spec, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
    let text = text::of(spec, message)?;
    let chat = spec.chat(message).await?;
    let mut body = Map::new();
    body.insert("chat_id".into(), chat.into());
    body.insert("text".into(), text.into());
    if !spec.parse_mode.word().is_empty() {
        body.insert("parse_mode".into(), spec.parse_mode.word().into());
    }
    body.insert("disable_web_page_preview".into(), true.into());
    let last = last(spec, message, chat);
    if let Some(last) = last.filter(|_| spec.resolved == Resolved::Edit) {
        let mut edit = body.clone();
        edit.insert("message_id".into(), last.into());
        match ask(spec, message, "editMessageText", edit).await {
            Ok(_) => return Ok(Some(handle(chat, last))),
            // It was deleted, is too old, or has just this text: a new one tells it.
            Err(Setback::Refused(failure)) if failure.status == Some(400) => {}
            Err(setback) => return Err(setback),
        }
    }
    if let Some(thread) = spec.message_thread_id {
        body.insert("message_thread_id".into(), thread.into());
    }
    if spec.disable_notifications {
        body.insert("disable_notification".into(), true.into());
    }
    if let Some(last) = last.filter(|_| spec.resolved == Resolved::Reply) {
        let to = serde_json::json!({ "message_id": last, "allow_sending_without_reply": true });
        body.insert("reply_parameters".into(), to);
    }
    let taken = ask(spec, message, "sendMessage", body).await?;
    Ok(taken.result.get("message_id").and_then(Value::as_i64).map(|id| handle(chat, id)))
}

/// The lane's last message, if it is in the same chat and this one tells that all is over.
fn last(spec: &Spec, message: &Message<'_>, chat: i64) -> Option<i64> {
    let wanted = spec.resolved != Resolved::New && !message.notice.is_firing();
    let handle = message.notice.handle.as_ref().filter(|_| wanted)?;
    let same = handle.get(CHAT).is_some_and(|own| own == chat.to_string());
    handle.get(MESSAGE).filter(|_| same)?.parse().ok()
}

fn handle(chat: i64, message: i64) -> Handle {
    Handle::new([(CHAT, chat.to_string()), (MESSAGE, message.to_string())])
}

async fn ask(
    spec: &Spec,
    message: &Message<'_>,
    method: &str,
    body: Map<String, Value>,
) -> Result<Taken, Setback> {
    let unusable = |why: String| Setback::refused(SendReason::Other, format!("`api_url`: {why}"));
    let token = spec.bot_token().needed(message.deadline).await?;
    let mut target = match &spec.api_url {
        Some(own) => Target { url: own.url().clone(), userinfo: None },
        None => API.parse().map_err(unusable)?,
    };
    let base = target.url.path().trim_end_matches('/');
    let path = format!("{base}/bot{}/{method}", token.expose());
    target.url.set_path(&path);
    let secrets = Masked::of(&target.url).and(token.expose());
    let written = json::lines(&body)
        .map_err(|error| Setback::refused(SendReason::Other, error.to_string()))?;
    let request = Request::post_json(&target, written);
    let answer = message.ask(&spec.http, request, &secrets).await?;
    read(&answer, &secrets)
}

/// An answer of 2xx that is not the API's own is nobody we know.
fn read(answer: &Answer, secrets: &Masked) -> Result<Taken, Setback> {
    if let Some(broken) = &answer.broken {
        return Err(broken.clone().into());
    }
    let (status, secrets) = (Some(answer.status.as_u16()), secrets.with(answer));
    let taken: Taken = serde_json::from_slice(&answer.body).map_err(|_| {
        let detail = format!("no answer of the Bot API: {}", secrets.quote(&answer.body));
        Setback::Retry { failure: failure(SendReason::ServerError, status, &detail), after: None }
    })?;
    if taken.ok == Value::Bool(true) {
        return Ok(taken);
    }
    let words = secrets.quote(taken.description.as_str().unwrap_or_default().as_bytes());
    let detail = format!("Telegram says: {words}");
    Err(Setback::Refused(failure(SendReason::ClientError, status, &detail)))
}
