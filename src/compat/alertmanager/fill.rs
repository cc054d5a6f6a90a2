//! What `global` says, where a receiver does not say it itself.

use std::fmt::Write as _;

use super::{
    codes,
    file::{Email, Global, HttpUrl, Opsgenie, Receiver, Rocketchat, Slack, Victorops, Wechat},
};
use crate::compat::{
    client::{Authorization, Client, join},
    decode::{Field, Reader, Sensitive, Text},
};

/// Fills every section of every receiver.
///
/// `folder` is that of the file: a token's file becomes one of an HTTP client, whose files are below it.
pub(super) fn fill(
    reader: &mut Reader<'_>,
    global: &mut Global,
    receivers: &mut [Receiver],
    folder: &str,
) {
    for (at, receiver) in receivers.iter_mut().enumerate() {
        let mut fill = Fill { reader, global, folder, path: format!("receivers[{at}]") };
        fill.receiver(receiver);
    }
}

struct Fill<'f, 'd> {
    reader: &'f mut Reader<'d>,
    global: &'f mut Global,
    folder: &'f str,
    /// Of the receiver or of the section in it.
    path: String,
}

/// Sets what is not set.
fn or<F: Field + Clone>(own: &mut F, global: &F) {
    if own.is_zero() {
        own.clone_from(global);
    }
}

impl Fill<'_, '_> {
    fn receiver(&mut self, own: &mut Receiver) {
        self.each("discord", &mut own.discord_configs, |fill, one| fill.http(&mut one.http_config));
        self.each("email", &mut own.email_configs, Self::email);
        self.each("incidentio", &mut own.incidentio_configs, |fill, one| {
            fill.http(&mut one.http_config);
        });
        self.each("pagerduty", &mut own.pagerduty_configs, |fill, one| {
            fill.http(&mut one.http_config);
            or(&mut one.url, &fill.global.pagerduty_url);
            fill.needed(!one.url.is_zero(), "url", "pagerduty_url");
        });
        self.each("slack", &mut own.slack_configs, Self::slack);
        self.each("webhook", &mut own.webhook_configs, |fill, one| fill.http(&mut one.http_config));
        self.each("opsgenie", &mut own.opsgenie_configs, Self::opsgenie);
        self.each("wechat", &mut own.wechat_configs, Self::wechat);
        self.each("pushover", &mut own.pushover_configs, |fill, one| {
            fill.http(&mut one.http_config);
        });
        self.each("victorops", &mut own.victorops_configs, Self::victorops);
        self.each("sns", &mut own.sns_configs, |fill, one| fill.http(&mut one.http_config));
        self.more(own);
    }

    fn more(&mut self, own: &mut Receiver) {
        self.each("telegram", &mut own.telegram_configs, |fill, one| {
            fill.http(&mut one.http_config);
            let global = &fill.global;
            or(&mut one.api_url, &global.telegram_api_url);
            let from = (&global.telegram_bot_token, &global.telegram_bot_token_file);
            secret(&mut one.bot_token, &mut one.bot_token_file, from);
            let has = !one.bot_token.is_zero() || !one.bot_token_file.is_empty();
            fill.needed(has, "bot_token", "telegram_bot_token");
        });
        self.each("webex", &mut own.webex_configs, |fill, one| {
            fill.http(&mut one.http_config);
            or(&mut one.api_url, &fill.global.webex_api_url);
            fill.needed(!one.api_url.is_zero(), "api_url", "webex_api_url");
        });
        self.each("msteams", &mut own.msteams_configs, |fill, one| fill.http(&mut one.http_config));
        self.each("msteamsv2", &mut own.msteamsv2_configs, |fill, one| {
            fill.http(&mut one.http_config);
        });
        self.each("jira", &mut own.jira_configs, |fill, one| {
            fill.http(&mut one.http_config);
            or(&mut one.api_url, &fill.global.jira_api_url);
            fill.needed(!one.api_url.is_zero(), "api_url", "jira_api_url");
        });
        self.each("rocketchat", &mut own.rocketchat_configs, Self::rocketchat);
        self.each("mattermost", &mut own.mattermost_configs, |fill, one| {
            fill.http(&mut one.http_config);
            if one.webhook_url.is_zero() && one.webhook_url_file.is_empty() {
                one.webhook_url = fill.global.mattermost_webhook_url.clone();
                one.webhook_url_file = fill.global.mattermost_webhook_url_file.clone();
            }
            let has = !one.webhook_url.is_zero() || !one.webhook_url_file.is_empty();
            fill.needed(has, "webhook_url", "mattermost_webhook_url");
        });
    }

    fn each<S: Field>(
        &mut self,
        kind: &str,
        list: &mut [Option<S>],
        mut with: impl FnMut(&mut Self, &mut S),
    ) {
        let length = self.path.len();
        for (at, one) in list.iter_mut().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(self.path, ".{kind}_configs[{at}]");
            // What is wrong in itself has been told.
            if !self.reader.is_broken(&self.path) {
                if let Some(one) = one {
                    with(self, one);
                } else {
                    let message = format!("`{}` is null; it is a section", self.path);
                    self.reader.note(codes::MISSING, &self.path, message, None);
                }
            }
            self.path.truncate(length);
        }
    }

    fn http(&self, own: &mut Option<Client>) {
        or(own, &self.global.http_config);
    }

    /// Something has to be there, by the section or by `global`.
    fn needed(&mut self, has: bool, key: &str, global: &str) {
        if !has && !self.reader.is_broken("global") {
            let path = format!("{}.{key}", self.path);
            let message = format!("`{path}` is missing, and so is `global.{global}`");
            self.reader.note(codes::MISSING, &path, message, None);
        }
    }

    fn email(&mut self, one: &mut Email) {
        let global = &self.global;
        or(&mut one.tls_config, &global.smtp_tls_config);
        or(&mut one.smarthost, &global.smtp_smarthost);
        or(&mut one.from, &global.smtp_from);
        or(&mut one.hello, &global.smtp_hello);
        or(&mut one.auth_username, &global.smtp_auth_username);
        let from = (&global.smtp_auth_password, &global.smtp_auth_password_file);
        secret(&mut one.auth_password, &mut one.auth_password_file, from);
        or(&mut one.auth_secret, &global.smtp_auth_secret);
        or(&mut one.auth_secret_file, &global.smtp_auth_secret_file);
        or(&mut one.auth_identity, &global.smtp_auth_identity);
        one.require_tls.get_or_insert(global.smtp_require_tls);
        one.force_implicit_tls = one.force_implicit_tls.or(global.smtp_force_implicit_tls);
        self.needed(!one.smarthost.is_zero(), "smarthost", "smtp_smarthost");
        self.needed(!one.from.is_empty(), "from", "smtp_from");
    }

    fn slack(&mut self, one: &mut Slack) {
        let global = &self.global;
        or(&mut one.app_url, &global.slack_app_url);
        let authorized = one.http_config.as_ref().is_some_and(|own| own.authorization.is_some());
        let token = |one: &Slack| !one.app_token.is_zero() || !one.app_token_file.is_empty();
        if !token(one) && !authorized && one.api_url.is_zero() {
            one.app_token = global.slack_app_token.clone();
            one.app_token_file = global.slack_app_token_file.clone();
        }
        let url = |one: &Slack| !one.api_url.is_zero() || !one.api_url_file.is_empty();
        if !url(one) {
            one.api_url = global.slack_api_url.clone();
            one.api_url_file = global.slack_api_url_file.clone();
        }
        let complete = url(one) || token(one);
        self.needed(!one.app_url.is_zero(), "app_url", "slack_app_url");
        self.needed(complete, "api_url", "slack_api_url");
        self.http(&mut one.http_config);
        let Some(http) = &mut one.http_config else {
            return self.needed(false, "http_config", "http_config");
        };
        if !one.app_token.is_zero() || !one.app_token_file.is_empty() {
            if http.authorization.is_some() {
                let path = format!("{}.http_config", self.path);
                let message = format!("`{path}`: a token of an app is an authorization already");
                return self.reader.note(codes::CONTRADICTION, &path, message, None);
            }
            let mut file = one.app_token_file.clone();
            join(self.folder, &mut file);
            http.authorization = Some(Authorization {
                r#type: Text(b"Bearer".to_vec()),
                credentials: one.app_token.clone(),
                credentials_file: file,
                credentials_ref: Text::default(),
            });
            one.api_url.0.clone_from(&one.app_url.0);
        }
    }

    fn opsgenie(&mut self, one: &mut Opsgenie) {
        self.http(&mut one.http_config);
        closed(&mut one.api_url, &mut self.global.opsgenie_api_url);
        self.needed(!one.api_url.is_zero(), "api_url", "opsgenie_api_url");
        or(&mut one.api_key, &self.global.opsgenie_api_key);
        or(&mut one.api_key_file, &self.global.opsgenie_api_key_file);
        let has = !one.api_key.is_zero() || !one.api_key_file.is_empty();
        self.needed(has, "api_key", "opsgenie_api_key");
    }

    fn wechat(&mut self, one: &mut Wechat) {
        self.http(&mut one.http_config);
        closed(&mut one.api_url, &mut self.global.wechat_api_url);
        self.needed(!one.api_url.is_zero(), "api_url", "wechat_api_url");
        let from = (&self.global.wechat_api_secret, &self.global.wechat_api_secret_file);
        secret(&mut one.api_secret, &mut one.api_secret_file, from);
        let has = !one.api_secret.is_zero() || !one.api_secret_file.is_empty();
        self.needed(has, "api_secret", "wechat_api_secret");
        or(&mut one.corp_id, &self.global.wechat_api_corp_id);
        self.needed(!one.corp_id.is_empty(), "corp_id", "wechat_api_corp_id");
    }

    fn victorops(&mut self, one: &mut Victorops) {
        self.http(&mut one.http_config);
        closed(&mut one.api_url, &mut self.global.victorops_api_url);
        self.needed(!one.api_url.is_zero(), "api_url", "victorops_api_url");
        or(&mut one.api_key, &self.global.victorops_api_key);
        or(&mut one.api_key_file, &self.global.victorops_api_key_file);
        let has = !one.api_key.is_zero() || !one.api_key_file.is_empty();
        self.needed(has, "api_key", "victorops_api_key");
    }

    fn rocketchat(&mut self, one: &mut Rocketchat) {
        self.http(&mut one.http_config);
        let global = &self.global;
        or(&mut one.api_url, &global.rocketchat_api_url);
        or(&mut one.token_id, &global.rocketchat_token_id);
        or(&mut one.token_id_file, &global.rocketchat_token_id_file);
        or(&mut one.token, &global.rocketchat_token);
        or(&mut one.token_file, &global.rocketchat_token_file);
        let id = one.token_id.is_some() || !one.token_id_file.is_empty();
        let token = one.token.is_some() || !one.token_file.is_empty();
        self.needed(id, "token_id", "rocketchat_token_id");
        self.needed(token, "token", "rocketchat_token");
    }
}

/// A secret and its file, as a pair.
fn secret(own: &mut Sensitive, file: &mut Text, global: (&Sensitive, &Text)) {
    if own.is_zero() && file.is_empty() {
        own.clone_from(global.0);
        file.clone_from(global.1);
    }
}

/// A URL that paths are added to. In Alertmanager a receiver shares that of `global`, which is closed with it.
fn closed(own: &mut HttpUrl, global: &mut HttpUrl) {
    let url = if own.is_zero() { &mut *global } else { &mut *own };
    if let Some(url) = &mut url.0 {
        url.end_in_slash();
    }
    or(own, global);
}

/// What Alertmanager adds to the headers of emails when it begins to run; only receivers that a route names are run.
pub(super) fn email_headers(receivers: &mut [Receiver], is_used: impl Fn(&str) -> bool) {
    let used = receivers.iter_mut().filter(|own| is_used(&own.name.lossy()));
    for email in used.flat_map(|own| &mut own.email_configs).flatten() {
        let subject = Text(b"{{ template \"email.default.subject\" . }}".to_vec());
        let ours = [("Subject", subject), ("To", email.to.clone()), ("From", email.from.clone())];
        for (name, value) in ours {
            if !email.headers.iter().any(|(own, _)| own == name) {
                email.headers.0.push((name.to_owned(), value));
            }
        }
    }
}
