use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Spec, Strategy, attachment,
    spec::is_web_api,
    verdict::{self, Taken},
};
use crate::{
    model::{Handle, SendReason},
    net::web::client::{Request, Target},
    notify::{json, masked::Masked, message::Message, setback::Setback},
};

/// Where Slack itself has its Web API.
const API: &str = "https://slack.com/api/chat.postMessage";

/// What a handle holds: where the group's first message is, and whether the last thing said was that all is over.
const CHANNEL: &str = "channel";
const TS: &str = "ts";
const OVER: &str = "over";

/// Says it: as a message of its own, or of the group's first one what the strategy wants.
pub(super) async fn tell(spec: &Spec, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
    let line = Line::open(spec, message).await?;
    let body = attachment::body(spec, message)?;
    if !is_web_api(&line.target.url) {
        return line.say(spec, message, "", body).await.map(|_| None);
    }
    let first = message.notice.handle.as_ref().filter(|handle| {
        // A group that burns again is a new story.
        spec.strategy != Strategy::New
            && !(handle.get(OVER).is_some() && message.notice.is_firing())
    });
    if let Some((channel, ts)) = first.and_then(|first| first.get(CHANNEL).zip(first.get(TS))) {
        match line.go_on(spec, message, &body, (channel, ts)).await {
            Ok(()) => return Ok(Some(handle(message, channel, ts))),
            Err(setback) if verdict::is_gone(&setback) => {}
            Err(setback) => return Err(setback),
        }
    }
    let taken = line.say(spec, message, "chat.postMessage", body).await?;
    Ok((!taken.ts.is_empty()).then(|| handle(message, &taken.channel, &taken.ts)))
}

fn handle(message: &Message<'_>, channel: &str, ts: &str) -> Handle {
    let over = (!message.notice.is_firing()).then_some((OVER, "yes"));
    Handle::new([(CHANNEL, channel), (TS, ts)].into_iter().chain(over))
}

/// Where Slack is, and what opens the door.
struct Line {
    target: Target,
    token: Option<HeaderValue>,
    secrets: Masked,
}

impl Line {
    async fn open(spec: &Spec, message: &Message<'_>) -> Result<Self, Setback> {
        let unusable = |why: String| Setback::refused(SendReason::Other, format!("the URL: {why}"));
        let Some(token) = spec.bot_token().read(message.deadline).await? else {
            let url = spec.webhook_url().needed(message.deadline).await?;
            let target: Target = url.expose().parse().map_err(unusable)?;
            let secrets = Masked::of(&target.url);
            return Ok(Self { target, token: None, secrets });
        };
        let target = match &spec.api_url {
            Some(own) => Target { url: own.url().clone(), userinfo: None },
            None => API.parse().map_err(unusable)?,
        };
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Setback::refused(SendReason::AuthError, "`bot_token` is no token"))?;
        header.set_sensitive(true);
        Ok(Self { target, token: Some(header), secrets: Masked::default().and(token.expose()) })
    }

    /// Changes the first message, answers it, or both.
    async fn go_on(
        &self,
        spec: &Spec,
        message: &Message<'_>,
        body: &Map<String, Value>,
        (channel, ts): (&str, &str),
    ) -> Result<(), Setback> {
        let at = |key: &str| {
            let mut body = body.clone();
            body.insert(CHANNEL.into(), channel.into());
            body.insert(key.into(), ts.into());
            body
        };
        if matches!(spec.strategy, Strategy::Update | Strategy::UpdateAndThread) {
            self.say(spec, message, "chat.update", at(TS)).await?;
        }
        if matches!(spec.strategy, Strategy::Thread | Strategy::UpdateAndThread) {
            self.say(spec, message, "chat.postMessage", at("thread_ts")).await?;
        }
        Ok(())
    }

    /// One request; `method` is the Web API's, and nothing where there is none.
    async fn say(
        &self,
        spec: &Spec,
        message: &Message<'_>,
        method: &str,
        body: Map<String, Value>,
    ) -> Result<Taken, Setback> {
        let written = json::lines(&body)
            .map_err(|error| Setback::refused(SendReason::Other, error.to_string()))?;
        let mut request = Request::post_json(&self.target, written);
        if !method.is_empty() {
            request.url = method_of(&request.url, method);
        }
        if let Some(token) = &self.token {
            request.headers.insert(AUTHORIZATION, token.clone());
        }
        let answer = message.ask(&spec.http, request, &self.secrets).await?;
        verdict::read(&answer, &self.secrets)
    }
}

/// The URL of another method of the same API.
fn method_of(url: &Url, method: &str) -> Url {
    let mut url = url.clone();
    let base = url.path().rsplit_once('/').map_or("", |(base, _)| base);
    let path = format!("{base}/{method}");
    url.set_path(&path);
    url
}
