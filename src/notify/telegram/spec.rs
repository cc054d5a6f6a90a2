use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Handle, Problem, PromDuration, Secret, SendReason},
    net::web::{HttpOptions, HttpUrl},
    notify::{
        message::Message,
        provider::{Described, Tells},
        secret::{Places, places},
        setback::Setback,
        spec::{Rate, Template, TemplateUse},
    },
};

/// A message of a Telegram bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Whether resolves are told too.
    pub send_resolved: bool,
    /// Where the Bot API is, in place of `https://api.telegram.org`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<HttpUrl>,
    /// The bot's token; prefer one of the other two forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_token_env: Option<String>,
    /// The chat, by its number; groups have negative ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<i64>,
    /// A file that holds the number; read at each send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id_file: Option<PathBuf>,
    /// The topic in a group of topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<i64>,
    /// The text, cut at 4096 characters.
    pub message: Template,
    /// Whether nobody's telephone rings.
    pub disable_notifications: bool,
    /// How Telegram reads the text.
    pub parse_mode: ParseMode,
    /// What becomes of a group's messages after its first.
    pub resolved: Resolved,
    /// The longest time of one attempt.
    pub timeout: PromDuration,
    /// How requests are made: TLS, proxy, headers.
    pub http: HttpOptions,
}

/// How Telegram reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ParseMode {
    /// As HTML; values are escaped.
    #[default]
    #[serde(rename = "HTML")]
    Html,
    /// As the older markup.
    Markdown,
    /// As the newer one.
    MarkdownV2,
    /// As it is.
    #[serde(rename = "")]
    Plain,
}

/// What becomes of the message that tells that all is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// It is a message of its own.
    #[default]
    New,
    /// It answers the group's last message.
    Reply,
    /// It takes the last message's place.
    Edit,
}

impl ParseMode {
    /// Telegram's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Markdown => "Markdown",
            Self::MarkdownV2 => "MarkdownV2",
            Self::Plain => "",
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            send_resolved: true,
            api_url: None,
            bot_token: None,
            bot_token_file: None,
            bot_token_env: None,
            chat_id: None,
            chat_id_file: None,
            message_thread_id: None,
            message: Template::from(r#"{{ template "telegram.default.message" . }}"#),
            disable_notifications: false,
            parse_mode: ParseMode::Html,
            resolved: Resolved::New,
            timeout: crate::notify::webhook::timeout(),
            http: HttpOptions::default(),
        }
    }
}

impl Spec {
    pub(super) fn bot_token(&self) -> Places<'_> {
        places!(self, bot_token, bot_token_file, bot_token_env)
    }

    /// The chat, whose number may be in a file.
    pub(super) async fn chat(&self, message: &Message<'_>) -> Result<i64, Setback> {
        if let Some(chat) = self.chat_id {
            return Ok(chat);
        }
        let file = self.chat_id_file.as_deref();
        let places = Places { key: "chat_id", value: None, file, env: None };
        let text = places.needed(message.deadline).await?;
        let number = text.expose().parse();
        number.map_err(|_| Setback::retry(SendReason::Other, "`chat_id_file` holds no number"))
    }
}

impl Tells for Spec {
    const KIND: &'static str = "telegram";
    const SUMMARY: &'static str = "A message of a Telegram bot";
    const EXAMPLE: &'static str = r#"telegram.bot_token_file = "/run/secrets/telegram"
telegram.chat_id = -100123456789
telegram.resolved = "reply"
"#;

    async fn send(&self, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
        super::tell(self, message).await
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

    /// About one message a second and chat.
    fn rate(&self) -> Option<Rate> {
        Some(Rate::a_second(1))
    }

    fn templates(&self) -> Vec<TemplateUse<'_>> {
        vec![match self.parse_mode {
            ParseMode::Html => TemplateUse::html("message", &self.message),
            _ => TemplateUse::text("message", &self.message),
        }]
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.bot_token().needed_problems();
        let problem = |message: &str| Problem {
            path: if self.chat_id_file.is_some() { "chat_id_file" } else { "chat_id" }.into(),
            message: message.into(),
            hint: None,
        };
        match (self.chat_id, &self.chat_id_file) {
            (Some(_), Some(_)) => {
                problems.push(problem("`chat_id` and `chat_id_file` exclude each other"));
            }
            (None | Some(0), None) => {
                problems.push(problem("`chat_id` or `chat_id_file` is missing"));
            }
            _ => {}
        }
        problems.extend(self.http.problems("http."));
        problems
    }
}
