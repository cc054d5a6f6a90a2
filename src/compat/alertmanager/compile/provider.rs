//! Sections as the tables of our providers, which the provider's own parser reads: a file can say nothing that a receiver of
//! ours cannot.

use figment::value::Value;
use serde_json::{Map, json};

use crate::{
    compat::{
        alertmanager::file::{Email, Slack, Telegram, Webhook},
        client::{
            Client, Tls,
            options::{Complaint, Nature, Options},
        },
        decode::{Sensitive, Text},
        yaml::Yaml,
    },
    notify::spec::{PROVIDERS, Provider},
};

/// A provider's table.
pub(super) type Made = Map<String, serde_json::Value>;

/// Why a section cannot be sent by.
#[derive(Debug)]
pub(super) enum Unfit {
    /// Alertmanager fails too, at each send.
    Everywhere(String),
    /// Alertmanager can, or does not start.
    Here(String),
}

/// From what a client cannot do.
impl From<Complaint> for Unfit {
    fn from(complaint: Complaint) -> Self {
        match complaint.nature {
            Nature::Broken => Self::Everywhere(complaint.to_string()),
            _ => Self::Here(complaint.to_string()),
        }
    }
}

/// A provider, and what is odd in it: Alertmanager sends it as it is, so we do.
pub(super) struct Fit {
    pub(super) provider: Provider,
    pub(super) oddities: Vec<String>,
}

/// Reads a table by the provider's own parser. No words that come out of it hold a secret.
pub(super) fn parse(kind: &'static str, made: &Made) -> Result<Fit, Unfit> {
    let here = |why: &str| Unfit::Here(why.to_owned());
    let registered = PROVIDERS.iter().find(|own| own.word == kind);
    let registered = registered.ok_or_else(|| here("this build has no such provider"))?;
    let value = Value::serialize(made).map_err(|_| here("it cannot be passed on"))?;
    let provider = (registered.parse)(&value).map_err(|error| match error.kind {
        figment::error::Kind::Message(message) => Unfit::Here(message),
        // What was found instead might be a secret.
        _ => Unfit::Here(format!("`{}` cannot be said of a receiver", error.path.join("."))),
    })?;
    let mut oddities = Vec::new();
    for problem in provider.problems() {
        let words = format!("`{}`: {}", problem.path, problem.message);
        match problem.path.as_str() {
            path if is_sent_as_it_is(kind, path) => oddities.push(words),
            // No receiver of ours may say so; there each send fails.
            "url" | "webhook_url" => return Err(Unfit::Everywhere(words)),
            _ => return Err(Unfit::Here(words)),
        }
    }
    Ok(Fit { provider, oddities })
}

/// Where a receiver of ours may not say what Alertmanager sends without a look at it: a user name with a colon, a header of
/// a mail with a name that is none, a message to a channel without a name.
fn is_sent_as_it_is(kind: &str, path: &str) -> bool {
    path.ends_with("basic_auth.username")
        || (kind == "email" && path.starts_with("headers."))
        || (kind == "slack" && path == "channel")
}

pub(super) fn webhook(own: &Webhook) -> Result<Made, Unfit> {
    let mut made = Made::new();
    made.insert("send_resolved".into(), own.send_resolved.into());
    secret(&mut made, "url", &own.url.0);
    text(&mut made, "url_file", &own.url_file);
    made.insert("max_alerts".into(), own.max_alerts.into());
    if let Some(payload) = &own.payload.0 {
        made.insert("payload".into(), json(payload));
    }
    timeout(&mut made, own.timeout.0);
    http(&mut made, own.http_config.as_ref())?;
    Ok(made)
}

pub(super) fn email(own: &Email) -> Result<Made, Unfit> {
    let mut made = Made::new();
    made.insert("send_resolved".into(), own.send_resolved.into());
    for (key, value) in [
        ("to", &own.to),
        ("from", &own.from),
        ("hello", &own.hello),
        ("auth_username", &own.auth_username),
        ("auth_password_file", &own.auth_password_file),
        ("auth_secret_file", &own.auth_secret_file),
        ("auth_identity", &own.auth_identity),
    ] {
        text(&mut made, key, value);
    }
    made.insert("smarthost".into(), own.smarthost.text().into());
    // Where both are given Alertmanager reads the file.
    for (key, value, file) in [
        ("auth_password", &own.auth_password, &own.auth_password_file),
        ("auth_secret", &own.auth_secret, &own.auth_secret_file),
    ] {
        if file.is_empty() {
            secret(&mut made, key, value);
        }
    }
    let headers = own.headers.iter().map(|(name, value)| (name.to_owned(), value.lossy().into()));
    made.insert("headers".into(), serde_json::Value::Object(headers.collect()));
    // Empty ones say that there is no such part.
    made.insert("html".into(), own.html.lossy().into());
    made.insert("text".into(), own.text.lossy().into());
    made.insert("require_tls".into(), own.require_tls.unwrap_or(true).into());
    if let Some(implicit) = own.force_implicit_tls {
        made.insert("force_implicit_tls".into(), implicit.into());
    }
    if let Some(tls) = own.tls_config.as_ref().map(tls).transpose()?.flatten() {
        made.insert("tls".into(), tls);
    }
    if own.threading.enabled {
        let by_date = own.threading.thread_by_date.lossy();
        made.insert("threading".into(), json!({ "enabled": true, "thread_by_date": by_date }));
    }
    Ok(made)
}

pub(super) fn slack(own: &Slack) -> Result<Made, Unfit> {
    let mut made = Made::new();
    made.insert("send_resolved".into(), own.send_resolved.into());
    let mut client = own.http_config.clone();
    if own.app_token.0.is_empty() && own.app_token_file.is_empty() {
        let url = own.api_url.text();
        if !url.is_empty() {
            made.insert("webhook_url".into(), url.into());
        }
        text(&mut made, "webhook_url_file", &own.api_url_file);
    } else {
        secret(&mut made, "bot_token", &own.app_token);
        text(&mut made, "bot_token_file", &own.app_token_file);
        made.insert("api_url".into(), own.app_url.text().into());
        // The token was put there as Alertmanager does.
        if let Some(client) = &mut client {
            client.authorization = None;
        }
    }
    for (key, value) in [
        ("channel", &own.channel),
        ("username", &own.username),
        ("color", &own.color),
        ("title", &own.title),
        ("title_link", &own.title_link),
        ("pretext", &own.pretext),
        ("text", &own.text),
        ("message_text", &own.message_text),
        ("footer", &own.footer),
        ("fallback", &own.fallback),
        ("callback_id", &own.callback_id),
        ("icon_emoji", &own.icon_emoji),
        ("icon_url", &own.icon_url),
        ("image_url", &own.image_url),
        ("thumb_url", &own.thumb_url),
    ] {
        // Ours has the same defaults, so what is empty here was emptied.
        made.insert(key.into(), value.lossy().into());
    }
    made.insert("short_fields".into(), own.short_fields.into());
    made.insert("link_names".into(), own.link_names.into());
    made.insert("mrkdwn_in".into(), own.mrkdwn_in.iter().map(Text::lossy).collect());
    parts(&mut made, own);
    if own.update_message {
        made.insert("strategy".into(), "update".into());
    }
    timeout(&mut made, own.timeout.0);
    http(&mut made, client.as_ref())?;
    Ok(made)
}

/// Fields and buttons.
fn parts(made: &mut Made, own: &Slack) {
    let fields = own.fields.iter().flatten().map(|field| {
        let mut one = json!({ "title": field.title.lossy(), "value": field.value.lossy() });
        if let Some(short) = field.short {
            one["short"] = short.into();
        }
        one
    });
    made.insert("fields".into(), fields.collect());
    let actions = own.actions.iter().flatten().map(|action| {
        let mut one = json!({
            "type": action.r#type.lossy(),
            "text": action.text.lossy(),
            "url": action.url.lossy(),
            "style": action.style.lossy(),
            "name": action.name.lossy(),
            "value": action.value.lossy(),
        });
        if let Some(confirm) = &action.confirm {
            one["confirm"] = json!({
                "text": confirm.text.lossy(),
                "title": confirm.title.lossy(),
                "ok_text": confirm.ok_text.lossy(),
                "dismiss_text": confirm.dismiss_text.lossy(),
            });
        }
        one
    });
    made.insert("actions".into(), actions.collect());
}

pub(super) fn telegram(own: &Telegram) -> Result<Made, Unfit> {
    let mut made = Made::new();
    made.insert("send_resolved".into(), own.send_resolved.into());
    let url = own.api_url.text();
    if !url.is_empty() {
        made.insert("api_url".into(), url.into());
    }
    secret(&mut made, "bot_token", &own.bot_token);
    text(&mut made, "bot_token_file", &own.bot_token_file);
    if own.chat_id != 0 {
        made.insert("chat_id".into(), own.chat_id.into());
    }
    text(&mut made, "chat_id_file", &own.chat_id_file);
    if own.message_thread_id != 0 {
        made.insert("message_thread_id".into(), own.message_thread_id.into());
    }
    made.insert("message".into(), own.message.lossy().into());
    made.insert("disable_notifications".into(), own.disable_notifications.into());
    made.insert("parse_mode".into(), own.parse_mode.lossy().into());
    http(&mut made, own.http_config.as_ref())?;
    Ok(made)
}

fn text(made: &mut Made, key: &str, value: &Text) {
    if !value.is_empty() {
        made.insert(key.to_owned(), value.lossy().into());
    }
}

fn secret(made: &mut Made, key: &str, value: &Sensitive) {
    text(made, key, &value.0);
}

/// Nothing and less than nothing are no limit in Alertmanager; ours stays then.
fn timeout(made: &mut Made, nanos: i64) {
    if nanos > 0 {
        let millis = nanos.cast_unsigned().div_ceil(1_000_000);
        made.insert("timeout".into(), format!("{millis}ms").into());
    }
}

/// The client as our `http` table.
fn http(made: &mut Made, client: Option<&Client>) -> Result<(), Unfit> {
    let Some(client) = client else { return Ok(()) };
    let table = serde_json::to_value(Options::whole(client)?)
        .map_err(|_| Unfit::Here("`http_config` cannot be passed on".to_owned()))?;
    made.insert("http".into(), table);
    Ok(())
}

fn tls(own: &Tls) -> Result<Option<serde_json::Value>, Unfit> {
    let mut options = Options::default();
    let table = options.tls(own, "tls_config");
    options.complain()?;
    let table = table.map(|table| serde_json::to_value(&table)).transpose();
    table.map_err(|why| Unfit::Here(why.to_string()))
}

/// A value of the file's own making, as JSON has it: keys are texts.
fn json(value: &Yaml) -> serde_json::Value {
    match value {
        Yaml::Null => serde_json::Value::Null,
        Yaml::Bool(value) => (*value).into(),
        Yaml::Int(number) => match i64::try_from(*number) {
            Ok(number) => number.into(),
            Err(_) => u64::try_from(*number).map_or(serde_json::Value::Null, Into::into),
        },
        Yaml::Float(number) => (*number).into(),
        Yaml::Text(bytes) => String::from_utf8_lossy(bytes).into(),
        Yaml::List(list) => list.iter().map(json).collect(),
        Yaml::Map(entries) | Yaml::Sorted(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = match json(key) {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                (key, json(value))
            });
            serde_json::Value::Object(entries.collect())
        }
        Yaml::Flow(value) => json(value),
    }
}
