//! Gatus' providers as ours. What takes Slack's messages is told like Slack.

use toml::Table;

use crate::{
    compat::draft::{Draft, Piece, Secret, Section},
    model::sensitive::is_secret_name,
};

/// Fills a receiver from a provider's settings and an alert's description.
type Build = fn(Section<'_>, &str, &mut Piece, &mut Draft);

/// How a provider is built; `None` for one that noroshi has not.
pub(super) fn of(kind: &str) -> Option<Build> {
    Some(match kind {
        "slack" => slack,
        "mattermost" => mattermost,
        "discord" => discord,
        "telegram" => telegram,
        "email" => email,
        "custom" => custom,
        _ => return None,
    })
}

/// A text that stands in a Go template.
fn plain(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

fn put_secret(
    section: &mut Section<'_>,
    theirs: &str,
    ours: &str,
    piece: &mut Piece,
    draft: &mut Draft,
) {
    let path = section.path(theirs);
    if let Some(secret) = section.secret(theirs) {
        draft.secrets.put(&mut piece.table, ours, &secret, (&piece.subject, &path));
    }
}

fn slack(mut section: Section<'_>, _: &str, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "slack";
    put_secret(&mut section, "webhook-url", "webhook_url", piece, draft);
    if let Some(title) = section.text("title") {
        piece.put("title", plain(&title));
    }
    http(&mut section, piece);
    piece.remarks.extend(section.rest());
}

/// Mattermost takes Slack's messages as they are.
fn mattermost(mut section: Section<'_>, description: &str, piece: &mut Piece, draft: &mut Draft) {
    if let Some(channel) = section.text("channel") {
        piece.put("channel", plain(&channel));
    }
    slack(section, description, piece, draft);
}

/// Discord takes Slack's messages at its own URL with `/slack` behind it.
fn discord(mut section: Section<'_>, description: &str, piece: &mut Piece, draft: &mut Draft) {
    let path = section.path("webhook-url");
    if let Some(secret) = section.secret("webhook-url") {
        let url = match secret {
            Secret::Value(url) => Secret::Value(format!("{}/slack", url.trim_end_matches('/'))),
            Secret::Variable(name) => Secret::Composed(format!("${{{name}}}/slack")),
            Secret::Composed(url) => {
                Secret::Composed(format!("{}/slack", url.trim_end_matches('/')))
            }
        };
        let what = format!("{path}, with /slack at its end");
        draft.secrets.put(&mut piece.table, "webhook_url", &url, (&piece.subject, &what));
    }
    if let Some(text) = section.text("message-content") {
        piece.put("message_text", plain(&text));
    }
    slack(section, description, piece, draft);
}

fn telegram(mut section: Section<'_>, _: &str, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "telegram";
    put_secret(&mut section, "token", "bot_token", piece, draft);
    if let Some(id) = section.text("id") {
        if let Ok(id) = id.parse::<i64>() {
            piece.put("chat_id", id);
        } else {
            let why = "a chat has a number; put that of this channel into the file";
            piece.remark(format!("`{}`: {id:?} is none: {why}", section.path("id")));
            piece.put("chat_id_file", "/run/secrets/telegram-chat");
        }
    }
    if let Some(topic) = section.number("topic-id") {
        #[expect(clippy::cast_possible_truncation, reason = "a number of a topic")]
        piece.put("message_thread_id", topic as i64);
    }
    if let Some(url) = section.text("api-url") {
        piece.put("api_url", url);
    }
    http(&mut section, piece);
    piece.remarks.extend(section.rest());
}

fn email(mut section: Section<'_>, _: &str, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "email";
    let from = section.text("from").unwrap_or_default();
    let user = section.text("username").unwrap_or_else(|| from.clone());
    let (host, port) =
        (section.text("host").unwrap_or_default(), section.count("port").unwrap_or(25));
    piece.put("from", plain(&from));
    piece.put("to", plain(&section.text("to").unwrap_or_default()));
    piece.put("smarthost", format!("{host}:{port}"));
    if section.has("password") {
        piece.put("auth_username", user);
        put_secret(&mut section, "password", "auth_password", piece, draft);
    }
    if port != 465 {
        piece.remark("a server without STARTTLS is refused, which Gatus did not; `email.require_tls = false` permits it");
    }
    if let Some(mut client) = section.section("client") {
        if client.flag("insecure") == Some(true) {
            piece.put("tls.insecure_skip_verify", true);
        }
        section.remarks.extend(client.rest());
    }
    piece.remarks.extend(section.rest());
}

/// The client of a provider.
fn http(section: &mut Section<'_>, piece: &mut Piece) {
    let Some(mut client) = section.section("client") else { return };
    if client.flag("insecure") == Some(true) {
        piece.put("http.tls.insecure_skip_verify", true);
    }
    if client.flag("ignore-redirect") == Some(true) {
        piece.put("http.follow_redirects", false);
    }
    if let Some(timeout) = client.duration("timeout") {
        piece.put("timeout", crate::compat::draft::words(timeout));
    }
    section.remarks.extend(client.rest());
}

/// Any other program's hook.
fn custom(mut section: Section<'_>, description: &str, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "webhook";
    let words = Words::read(&mut section, description);
    let path = section.path("url");
    if let Some(url) = section.secret("url") {
        match url {
            Secret::Value(url) if !looks_secret(&url) => {
                let url = words.filled(&url, piece);
                piece.put("url", url);
            }
            secret => {
                if let Secret::Value(url) | Secret::Composed(url) = &secret
                    && url.contains('[')
                {
                    piece.remark(format!("`{path}`: a placeholder in it is sent as it stands there, as it is kept as a secret"));
                }
                draft.secrets.put(&mut piece.table, "url", &secret, (&piece.subject, &path));
            }
        }
    }
    let method = section.text("method").unwrap_or_else(|| "GET".to_owned());
    if !method.eq_ignore_ascii_case("POST") {
        piece.remark(format!("`{}`: it is sent by POST, not by {method}", section.path("method")));
    }
    if let Some(body) = section.text("body") {
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&body) {
            if let Ok(payload) = toml::Value::try_from(words.filled_all(value, piece)) {
                piece.put("payload", payload);
            }
        } else {
            let payload = words.filled(&body, piece);
            piece.put("payload", payload);
            piece.remark(format!(
                "`{}`: it is no JSON by itself, and is sent as one text in JSON",
                section.path("body")
            ));
        }
    } else {
        piece.remark("it had no body; Alertmanager's message is sent");
    }
    if let Some(mut headers) = section.section("headers") {
        let mut table = Table::new();
        for name in headers.keys() {
            let at = headers.path(&name);
            if is_secret_name(&name) {
                if let Some(secret) = headers.secret(&name) {
                    draft.secrets.header(&mut table, &name, &secret, (&piece.subject, &at));
                }
            } else if !name.eq_ignore_ascii_case("content-type")
                && let Some(value) = headers.text(&name)
            {
                table.insert(name, value.into());
            } else {
                headers.drop(&[&name]);
            }
        }
        if !table.is_empty() {
            piece.put("http.headers", table);
        }
        piece.remarks.extend(headers.rest());
    }
    http(&mut section, piece);
    piece.remarks.extend(section.rest());
}

/// Whether somebody who knows the URL may post there.
fn looks_secret(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.contains(['?', '@']) || rest.split('/').skip(1).any(|part| part.len() >= 16)
}

/// What Gatus puts into a custom message, as Go templates.
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn read(section: &mut Section<'_>, description: &str) -> Self {
        let mut states = ["TRIGGERED".to_owned(), "RESOLVED".to_owned()];
        if let Some(mut placeholders) = section.section("placeholders") {
            if let Some(mut own) = placeholders.section("ALERT_TRIGGERED_OR_RESOLVED") {
                for state in &mut states {
                    if let Some(word) = own.text(&state.clone()) {
                        *state = word;
                    }
                }
                section.remarks.extend(own.rest());
            }
            section.remarks.extend(placeholders.rest());
        }
        let [fired, resolved] = states.map(|word| plain(&word));
        let either = format!(
            "{{{{ if eq .Status \"firing\" }}}}{fired}{{{{ else }}}}{resolved}{{{{ end }}}}"
        );
        let summary = "{{ .CommonAnnotations.summary }}".to_owned();
        Self(vec![
            ("[ALERT_TRIGGERED_OR_RESOLVED]", either),
            ("[ALERT_DESCRIPTION]", plain(description)),
            ("[ENDPOINT_NAME]", "{{ .CommonLabels.check }}".to_owned()),
            ("[ENDPOINT_GROUP]", "{{ .CommonLabels.group }}".to_owned()),
            ("[RESULT_CONDITIONS]", summary.clone()),
            ("[RESULT_ERRORS]", summary),
        ])
    }

    fn filled(&self, text: &str, piece: &mut Piece) -> String {
        let mut text = plain(text);
        if text.contains("[ENDPOINT_URL]") {
            let remark =
                "`[ENDPOINT_URL]` is not known to a receiver, and stands for the check's name";
            if !piece.remarks.iter().any(|own| own == remark) {
                piece.remark(remark);
            }
            text = text.replace("[ENDPOINT_URL]", "{{ .CommonLabels.check }}");
        }
        self.0
            .iter()
            .fold(text, |text, (placeholder, template)| text.replace(placeholder, template))
    }

    fn filled_all(&self, value: serde_json::Value, piece: &mut Piece) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => self.filled(&text, piece).into(),
            Value::Array(list) => {
                list.into_iter().map(|own| self.filled_all(own, piece)).collect::<Vec<_>>().into()
            }
            Value::Object(map) => {
                let each = map.into_iter().map(|(key, own)| (key, self.filled_all(own, piece)));
                each.collect::<serde_json::Map<_, _>>().into()
            }
            other => other,
        }
    }
}
