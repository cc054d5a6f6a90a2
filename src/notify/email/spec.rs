use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Handle, Problem, PromDuration, Secret},
    net::tls::TlsOptions,
    notify::{
        message::Message,
        provider::{Described, Tells},
        secret::{Places, places},
        setback::Setback,
        spec::{Template, TemplateUse},
    },
};

/// An email by SMTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Whether resolves are told too.
    #[serde(default)]
    pub send_resolved: bool,
    /// To whom: one address or several, separated by commas.
    pub to: Template,
    /// From whom: one address.
    pub from: Template,
    /// The SMTP server, `host:port`.
    pub smarthost: String,
    /// What we call ourselves in EHLO.
    #[serde(default = "hello")]
    pub hello: String,
    /// The user. Without one nobody logs in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub auth_username: String,
    /// The password, for PLAIN and LOGIN; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_password: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_password_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_password_env: Option<String>,
    /// The secret for CRAM-MD5; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_secret: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_secret_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_secret_env: Option<String>,
    /// As whom the user acts, for PLAIN.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub auth_identity: String,
    /// More headers; `Subject`, `To` and `From` replace ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// The message as HTML; empty for none.
    #[serde(default = "html")]
    pub html: Template,
    /// The message as plain text; empty for none.
    #[serde(default)]
    pub text: Template,
    /// Whether a server without STARTTLS is refused.
    #[serde(default = "yes")]
    pub require_tls: bool,
    /// Whether TLS is spoken from the first byte. Where nothing is said, port 465 says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_implicit_tls: Option<bool>,
    /// How TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Whether mail programs show a group's messages as one conversation.
    #[serde(default)]
    pub threading: Threading,
    /// The longest time of one attempt.
    #[serde(default = "crate::notify::webhook::timeout")]
    pub timeout: PromDuration,
}

/// Whether a group's messages refer to one another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threading {
    /// Whether they do.
    pub enabled: bool,
    /// Whether each day begins a conversation of its own.
    pub thread_by_date: ByDate,
}

/// When a conversation ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByDate {
    /// Never.
    #[default]
    None,
    /// With the day, by UTC.
    Daily,
}

fn hello() -> String {
    "localhost".into()
}

fn html() -> Template {
    Template::from(r#"{{ template "email.default.html" . }}"#)
}

const fn yes() -> bool {
    true
}

impl Spec {
    pub(super) fn password(&self) -> Places<'_> {
        places!(self, auth_password, auth_password_file, auth_password_env)
    }

    pub(super) fn secret(&self) -> Places<'_> {
        places!(self, auth_secret, auth_secret_file, auth_secret_env)
    }
}

impl Tells for Spec {
    const KIND: &'static str = "email";
    const SUMMARY: &'static str = "An email by SMTP";
    const EXAMPLE: &'static str = r#"email.to = "ops@example.org"
email.from = "noroshi@example.org"
email.smarthost = "mail.example.org:587"
email.auth_username = "noroshi"
email.auth_password_file = "/run/secrets/mail"
email.threading = { enabled = true }
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

    fn templates(&self) -> Vec<TemplateUse<'_>> {
        let mut found = vec![
            TemplateUse::text("to", &self.to),
            TemplateUse::text("from", &self.from),
            TemplateUse::html("html", &self.html),
            TemplateUse::text("text", &self.text),
        ];
        let headers = self.headers.iter();
        found
            .extend(headers.map(|(name, text)| TemplateUse::text(format!("headers.{name}"), text)));
        found
    }

    fn problems(&self) -> Vec<Problem> {
        super::problems::of(self)
    }
}
