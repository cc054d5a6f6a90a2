use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    model::{Handle, Problem, PromDuration, Secret},
    net::web::{HttpOptions, HttpUrl, client::Target},
    notify::{
        message::Message,
        provider::{Described, Tells},
        secret::{Places, places},
        setback::Setback,
        spec::{Rate, Template, TemplateUse},
    },
};

/// Slack: by an incoming webhook, or by the Web API with a bot's token, which can change and answer its messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Whether resolves are told too.
    pub send_resolved: bool,
    /// The URL of an incoming webhook, which is a secret; prefer one of the other two forms. One that ends in
    /// `/chat.postMessage` is the Web API's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url_env: Option<String>,
    /// A bot's token, for the Web API; prefer one of the other two forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token_env: Option<String>,
    /// Where the Web API's method is, in place of `https://slack.com/api/chat.postMessage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<HttpUrl>,
    /// Channel or user, `#ops`; the Web API needs it, an incoming webhook has its own.
    pub channel: Template,
    /// What becomes of a group's later messages. All but `new` need the Web API.
    pub strategy: Strategy,
    /// Who it seems to come from.
    pub username: Template,
    /// Of the bar beside the text: `good`, `warning`, `danger` or `#439FE0`.
    pub color: Template,
    /// The title, cut at 1024 characters.
    pub title: Template,
    /// Where the title leads.
    pub title_link: Template,
    /// Before the attachment.
    pub pretext: Template,
    /// The text.
    pub text: Template,
    /// A plain text beside the attachment, for notices on telephones.
    pub message_text: Template,
    /// A table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Whether fields stand beside each other where they do not say it themselves.
    pub short_fields: bool,
    /// Below.
    pub footer: Template,
    /// For clients that show no attachments.
    pub fallback: Template,
    /// For buttons that answer to a program.
    pub callback_id: Template,
    /// `:bell:`
    pub icon_emoji: Template,
    /// A picture in place of the emoji.
    pub icon_url: Template,
    /// A picture in the message.
    pub image_url: Template,
    /// A small one at its side.
    pub thumb_url: Template,
    /// Whether `@name` and `#channel` become links.
    pub link_names: bool,
    /// Which parts are read as Slack's markup; `fallback`, `pretext` and `text` where nothing is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mrkdwn_in: Vec<String>,
    /// Buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// The longest time of one attempt.
    pub timeout: PromDuration,
    /// How requests are made: credentials, TLS, proxy, headers.
    pub http: HttpOptions,
}

/// What becomes of a group's messages after its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Each is a message of its own.
    #[default]
    New,
    /// The first is changed; a group that fires again after all was resolved begins a new one.
    Update,
    /// They answer the first in its thread; a group that fires again after all was resolved begins a new one.
    Thread,
    /// Both.
    UpdateAndThread,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its head.
    pub title: Template,
    /// Its text.
    pub value: Template,
    /// Whether it may stand beside another; `short_fields` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<bool>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// `button`
    #[serde(rename = "type")]
    pub kind: Template,
    /// What is on it.
    pub text: Template,
    /// Where it leads. One with a URL has no name, value or confirmation.
    #[serde(default)]
    pub url: Template,
    /// `primary` or `danger`
    #[serde(default)]
    pub style: Template,
    /// What a program knows it by.
    #[serde(default)]
    pub name: Template,
    /// What a program is told.
    #[serde(default)]
    pub value: Template,
    /// A question before it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirmation>,
}

/// A question before a button acts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The question.
    pub text: Template,
    /// Its title.
    #[serde(default)]
    pub title: Template,
    /// The button that means yes.
    #[serde(default)]
    pub ok_text: Template,
    /// The button that means no.
    #[serde(default)]
    pub dismiss_text: Template,
}

impl Action {
    /// Its templates by key.
    pub(super) fn texts(&self) -> [(&'static str, &Template); 6] {
        [
            ("type", &self.kind),
            ("text", &self.text),
            ("url", &self.url),
            ("style", &self.style),
            ("name", &self.name),
            ("value", &self.value),
        ]
    }
}

impl Confirmation {
    /// Its templates by key.
    pub(super) fn texts(&self) -> [(&'static str, &Template); 4] {
        [
            ("text", &self.text),
            ("title", &self.title),
            ("ok_text", &self.ok_text),
            ("dismiss_text", &self.dismiss_text),
        ]
    }
}

/// Whether it is the Web API's method for messages.
pub(super) fn is_web_api(url: &Url) -> bool {
    url.path().ends_with("/chat.postMessage")
}

/// A template that is one of our named ones.
fn named(name: &str) -> Template {
    Template::from(format!(r#"{{{{ template "slack.default.{name}" . }}}}"#).as_str())
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            send_resolved: false,
            webhook_url: None,
            webhook_url_file: None,
            webhook_url_env: None,
            bot_token: None,
            bot_token_file: None,
            bot_token_env: None,
            api_url: None,
            channel: Template::default(),
            strategy: Strategy::New,
            username: named("username"),
            color: named("color"),
            title: named("title"),
            title_link: named("titlelink"),
            pretext: named("pretext"),
            text: named("text"),
            message_text: Template::default(),
            fields: Vec::new(),
            short_fields: false,
            footer: named("footer"),
            fallback: named("fallback"),
            callback_id: named("callbackid"),
            icon_emoji: named("iconemoji"),
            icon_url: named("iconurl"),
            image_url: Template::default(),
            thumb_url: Template::default(),
            link_names: false,
            mrkdwn_in: Vec::new(),
            actions: Vec::new(),
            timeout: crate::notify::webhook::timeout(),
            http: HttpOptions::default(),
        }
    }
}

impl Spec {
    pub(super) fn webhook_url(&self) -> Places<'_> {
        places!(self, webhook_url, webhook_url_file, webhook_url_env)
    }

    pub(super) fn bot_token(&self) -> Places<'_> {
        places!(self, bot_token, bot_token_file, bot_token_env)
    }

    /// Its own templates by key.
    fn texts(&self) -> [(&'static str, &Template); 15] {
        [
            ("channel", &self.channel),
            ("username", &self.username),
            ("color", &self.color),
            ("title", &self.title),
            ("title_link", &self.title_link),
            ("pretext", &self.pretext),
            ("text", &self.text),
            ("message_text", &self.message_text),
            ("footer", &self.footer),
            ("fallback", &self.fallback),
            ("callback_id", &self.callback_id),
            ("icon_emoji", &self.icon_emoji),
            ("icon_url", &self.icon_url),
            ("image_url", &self.image_url),
            ("thumb_url", &self.thumb_url),
        ]
    }
}

impl Tells for Spec {
    const KIND: &'static str = "slack";
    const SUMMARY: &'static str = "A message in Slack";
    const EXAMPLE: &'static str = r##"slack.bot_token_file = "/run/secrets/slack"
slack.channel = "#ops"
slack.strategy = "thread"
slack.send_resolved = true
"##;

    async fn send(&self, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
        super::conversation::tell(self, message).await
    }
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn send_resolved(&self) -> bool {
        self.send_resolved
    }

    fn timeout(&self) -> PromDuration {
        self.timeout
    }

    /// About one message a second and channel.
    fn rate(&self) -> Option<Rate> {
        Some(Rate::a_second(1))
    }

    fn templates(&self) -> Vec<TemplateUse<'_>> {
        let mut found: Vec<_> =
            self.texts().into_iter().map(|(key, text)| TemplateUse::text(key, text)).collect();
        for (at, field) in self.fields.iter().enumerate() {
            found.push(TemplateUse::text(format!("fields.{at}.title"), &field.title));
            found.push(TemplateUse::text(format!("fields.{at}.value"), &field.value));
        }
        for (at, action) in self.actions.iter().enumerate() {
            let texts = action.texts().into_iter();
            found.extend(
                texts.map(|(key, text)| TemplateUse::text(format!("actions.{at}.{key}"), text)),
            );
            let texts = action.confirm.iter().flat_map(Confirmation::texts);
            found.extend(
                texts.map(|(key, text)| {
                    TemplateUse::text(format!("actions.{at}.confirm.{key}"), text)
                }),
            );
        }
        found
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.webhook_url().problems();
        problems.extend(self.bot_token().problems());
        let problem = |path: &str, message: &str, hint: Option<&str>| Problem {
            path: path.into(),
            message: message.into(),
            hint: hint.map(Into::into),
        };
        match (self.webhook_url().is_given(), self.bot_token().is_given()) {
            (true, true) => {
                let message = "`webhook_url` and `bot_token` exclude each other";
                problems.push(problem("bot_token", message, Some("keep one of them")));
            }
            (false, false) => {
                let message = "nothing says where Slack is";
                let hint = "set `webhook_url_file`, or `bot_token_file` and `channel`";
                problems.push(problem("webhook_url", message, Some(hint)));
            }
            (false, true) if self.channel.is_empty() => {
                problems.push(problem("channel", "the Web API needs a channel", None));
            }
            _ => {}
        }
        match self.webhook_url.as_ref().map(|url| url.expose().parse::<Target>()) {
            Some(Err(why)) => problems.push(problem("webhook_url", &why, None)),
            Some(Ok(target)) if self.strategy != Strategy::New && !is_web_api(&target.url) => {
                let message = "an incoming webhook cannot change or answer its messages";
                problems.push(problem("strategy", message, Some("use `bot_token` and `channel`")));
            }
            _ => {}
        }
        for (at, action) in self.actions.iter().enumerate() {
            if action.url.is_empty() && action.name.is_empty() {
                let path = format!("actions.{at}");
                problems.push(problem(&path, "`url` or `name` is missing", None));
            }
        }
        problems.extend(self.http.problems("http."));
        problems
    }
}
