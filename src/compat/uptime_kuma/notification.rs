//! The table `notification`, as receivers.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Table;

use super::{Database, NO_ENVIRONMENT, Row, section};
use crate::{
    compat::draft::{Draft, Piece, Secret, Section},
    model::sensitive::is_secret_name,
};

/// What was made of the notifications.
pub(super) struct Notifications<'d> {
    database: &'d Database<'d>,
    /// Names of receivers by numbers; `None` for one that noroshi has no provider for.
    made: BTreeMap<i64, Option<String>>,
    /// Checks by notifications that go nowhere.
    lost: BTreeMap<String, Vec<String>>,
}

impl<'d> Notifications<'d> {
    pub(super) fn new(database: &'d Database<'d>) -> Self {
        Self { database, made: BTreeMap::new(), lost: BTreeMap::new() }
    }

    /// The receivers of a monitor.
    pub(super) fn of(
        &mut self,
        monitor: &Row,
        piece: &mut Piece,
        draft: &mut Draft,
    ) -> Vec<String> {
        let id = monitor.get("id").cloned().unwrap_or_default();
        let mut receivers = Vec::new();
        for link in self.database.of("monitor_notification", "monitor_id", &id) {
            let Some(number) = link.get("notification_id").cloned() else { continue };
            let Some(row) = self.database.row("notification", &number) else { continue };
            let made = self.made.entry(number.as_i64().unwrap_or_default());
            if let Some(name) = made.or_insert_with(|| receiver(row, draft)) {
                receivers.push(name.clone());
            } else {
                let subject = subject(row);
                piece.remark(format!("{subject} goes to nobody"));
                self.lost.entry(subject).or_default().push(piece.name.clone());
            }
        }
        receivers
    }

    pub(super) fn finish(self, draft: &mut Draft) {
        for (subject, checks) in self.lost {
            draft.lost(
                subject,
                vec![format!(
                    "noroshi has no such provider; nobody is told of {}",
                    checks.join(", ")
                )],
            );
        }
        for row in self.database.rows("notification") {
            let number = row.get("id").and_then(Value::as_i64).unwrap_or_default();
            if !self.made.contains_key(&number) {
                draft.lost(
                    subject(row),
                    vec!["not converted: no monitor that was converted uses it".to_owned()],
                );
            }
        }
    }
}

/// `config` is JSON; nothing where it is none.
fn config(row: &Row) -> serde_json::Map<String, Value> {
    let text = row.get("config").and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

fn subject(row: &Row) -> String {
    let config = config(row);
    let kind = config.get("type").and_then(Value::as_str);
    let kind = kind.unwrap_or("its `config` is no JSON with a `type`");
    format!("notification {:?} ({kind})", section(row).peek("name"))
}

/// Adds the receiver; its name.
fn receiver(row: &Row, draft: &mut Draft) -> Option<String> {
    let mut own = Section::new(config(row), &NO_ENVIRONMENT);
    own.drop(&["id", "isDefault", "applyExisting", "name"]);
    let kind = own.text("type").unwrap_or_default();
    let build: fn(&mut Section<'_>, &mut Piece, &mut Draft) = match kind.as_str() {
        "slack" => slack,
        "mattermost" => mattermost,
        "rocket.chat" => rocket_chat,
        "discord" => discord,
        "telegram" => telegram,
        "smtp" => smtp,
        "webhook" => webhook,
        _ => return None,
    };
    let wanted = section(row).peek("name");
    let name = draft.name("receivers", &wanted);
    let subject = format!("notification {wanted:?}");
    let mut piece = Piece { subject, name: name.clone(), ..Piece::default() };
    build(&mut own, &mut piece, draft);
    piece.put("send_resolved", true);
    piece.remarks.extend(own.rest());
    draft.receiver(piece);
    Some(name)
}

fn put_secret(
    own: &mut Section<'_>,
    theirs: &str,
    ours: &str,
    piece: &mut Piece,
    draft: &mut Draft,
) {
    if let Some(secret) = own.secret(theirs) {
        draft.secrets.put(&mut piece.table, ours, &secret, (&piece.subject, theirs));
    }
}

/// A text that stands in a Go template.
fn plain(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

fn put_texts(own: &mut Section<'_>, keys: &[(&str, &str)], piece: &mut Piece) {
    for (theirs, ours) in keys {
        if let Some(text) = own.text(theirs) {
            piece.put(ours, plain(&text));
        }
    }
}

fn slack(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "slack";
    put_secret(own, "slackwebhookURL", "webhook_url", piece, draft);
    put_texts(
        own,
        &[
            ("slackchannel", "channel"),
            ("slackusername", "username"),
            ("slackiconemo", "icon_emoji"),
        ],
        piece,
    );
    if own.flag("slackchannelnotify") == Some(true) {
        piece.put("message_text", "<!channel>");
    }
    own.lost("slackbutton", "the title leads to noroshi's own page of alerts");
    if own.flag("slackrichmessage").is_some() {
        piece.comments.push(
            "Its message is that of noroshi; `slack.text` and the like change it.".to_owned(),
        );
    }
}

/// Mattermost and Rocket.Chat take Slack's messages as they are.
fn mattermost(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "slack";
    put_secret(own, "mattermostWebhookUrl", "webhook_url", piece, draft);
    let texts = [
        ("mattermostchannel", "channel"),
        ("mattermostusername", "username"),
        ("mattermosticonemo", "icon_emoji"),
        ("mattermosticonurl", "icon_url"),
    ];
    put_texts(own, &texts, piece);
}

fn rocket_chat(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "slack";
    put_secret(own, "rocketwebhookURL", "webhook_url", piece, draft);
    put_texts(
        own,
        &[
            ("rocketchannel", "channel"),
            ("rocketusername", "username"),
            ("rocketiconemo", "icon_emoji"),
        ],
        piece,
    );
    own.lost("rocketbutton", "the title leads to noroshi's own page of alerts");
}

/// Discord takes Slack's messages at its own URL with `/slack` behind it.
fn discord(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "slack";
    if let Some(Secret::Value(url)) = own.secret("discordWebhookUrl") {
        let url = Secret::Value(format!("{}/slack", url.trim_end_matches('/')));
        let what = "discordWebhookUrl, with /slack at its end";
        draft.secrets.put(&mut piece.table, "webhook_url", &url, (&piece.subject, what));
    }
    put_texts(
        own,
        &[("discordUsername", "username"), ("discordPrefixMessage", "message_text")],
        piece,
    );
}

fn telegram(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "telegram";
    put_secret(own, "telegramBotToken", "bot_token", piece, draft);
    if let Some(id) = own.text("telegramChatID") {
        if let Ok(id) = id.parse::<i64>() {
            piece.put("chat_id", id);
        } else {
            piece.remark(format!(
                "`telegramChatID`: {id:?} is no number; put that of the chat into the file"
            ));
            piece.put("chat_id_file", "/run/secrets/telegram-chat");
        }
    }
    if let Some(topic) = own.text("telegramMessageThreadID") {
        match topic.parse::<i64>() {
            Ok(topic) => piece.put("message_thread_id", topic),
            Err(_) => piece.remark(format!("`telegramMessageThreadID`: {topic:?} is no number")),
        }
    }
    if own.flag("telegramSendSilently") == Some(true) {
        piece.put("disable_notifications", true);
    }
    if let Some(url) = own.text("telegramServerUrl").filter(|url| url != "https://api.telegram.org")
    {
        piece.put("api_url", url);
    }
    if own.flag("telegramProtectContent") == Some(true) {
        piece.remark("`telegramProtectContent` has no equivalent: messages can be forwarded");
    }
    if own.flag("telegramUseTemplate") == Some(true) {
        own.lost("telegramTemplate", "`telegram.message` is a Go template, this one is Liquid");
    }
    own.drop(&["telegramTemplate", "telegramTemplateParseMode", "telegramTemplateFormat"]);
}

fn smtp(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "email";
    let secure = own.flag("smtpSecure") == Some(true);
    let port = own.text("smtpPort").unwrap_or_else(|| if secure { "465" } else { "25" }.to_owned());
    piece.put("from", plain(&own.text("smtpFrom").unwrap_or_default()));
    let copies = [own.text("smtpTo"), own.text("smtpCC"), own.text("smtpBCC")];
    let everybody: Vec<String> = copies.into_iter().flatten().collect();
    if everybody.len() > 1 {
        piece.remark("`smtpCC` and `smtpBCC` are recipients like the others, whom everybody sees");
    }
    piece.put("to", plain(&everybody.join(", ")));
    piece.put("smarthost", format!("{}:{port}", own.text("smtpHost").unwrap_or_default()));
    if secure && port != "465" {
        piece.put("force_implicit_tls", true);
    }
    if own.flag("smtpIgnoreSTARTTLS") == Some(true) {
        piece.put("require_tls", false);
    } else if !secure {
        piece.remark("a server without STARTTLS is refused, which Uptime Kuma did not; `email.require_tls = false` permits it");
    }
    if own.flag("smtpIgnoreTLSError") == Some(true) {
        piece.put("tls.insecure_skip_verify", true);
    }
    if let Some(user) = own.text("smtpUsername") {
        piece.put("auth_username", user);
        put_secret(own, "smtpPassword", "auth_password", piece, draft);
    }
    for key in ["customSubject", "customBody"] {
        own.lost(
            key,
            "`email.headers.Subject` and `email.text` are Go templates, this one is Liquid",
        );
    }
}

fn webhook(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "webhook";
    put_secret(own, "webhookURL", "url", piece, draft);
    if let Some(method) =
        own.text("httpMethod").filter(|method| !method.eq_ignore_ascii_case("post"))
    {
        piece.remark(format!("`httpMethod`: it is sent by POST, not by {method}"));
    }
    match own.text("webhookContentType").as_deref() {
        None | Some("json") => {}
        Some("custom") => own
            .lost("webhookCustomBody", "`webhook.payload` holds Go templates, this one is Liquid"),
        Some(other) => {
            piece.remark(format!("`webhookContentType`: {other} has no equivalent; JSON is sent"));
        }
    }
    own.drop(&["webhookCustomBody"]);
    // What listens there knows Kuma's message.
    let status = "{{ if eq .Status \"firing\" }}0{{ else }}1{{ end }}";
    piece.put("payload.heartbeat.status", status);
    piece.put("payload.heartbeat.msg", "{{ .CommonAnnotations.summary }}");
    piece.put("payload.monitor.name", "{{ .CommonLabels.check }}");
    piece.put("payload.msg", "[{{ .CommonLabels.check }}] {{ .CommonAnnotations.summary }}");
    piece.remark("its message has `msg`, `monitor.name`, `heartbeat.status` and `heartbeat.msg` alone of what Uptime Kuma sends");
    let Some(headers) = own.text("webhookAdditionalHeaders") else { return };
    if let Ok(Value::Object(map)) = serde_json::from_str(&headers) {
        let mut table = Table::new();
        for (name, value) in map {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let what = format!("webhookAdditionalHeaders.{name}");
            if is_secret_name(&name) {
                draft.secrets.header(
                    &mut table,
                    &name,
                    &Secret::Value(value),
                    (&piece.subject, &what),
                );
            } else {
                // A dot in a name is no path.
                table.insert(name, value.into());
            }
        }
        piece.put("http.headers", table);
    } else {
        piece.remark("`webhookAdditionalHeaders` is no JSON, and is left out");
    }
}
