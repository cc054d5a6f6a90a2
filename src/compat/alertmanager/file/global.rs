use super::{HostPort, HttpUrl, Period, SecretUrl};
use crate::compat::{
    client::{Client, Tls},
    decode::{Field, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `global`: what receivers have where they do not say it themselves.
    Global = {
        resolve_timeout: Period(std::time::Duration::from_mins(5)),
        http_config: Some(Client::initial()),
        smtp_hello: Text(b"localhost".to_vec()),
        smtp_require_tls: true,
        smtp_tls_config: Some(Tls::default()),
        pagerduty_url: HttpUrl::known("https://events.pagerduty.com/v2/enqueue"),
        opsgenie_api_url: HttpUrl::known("https://api.opsgenie.com/"),
        wechat_api_url: HttpUrl::known("https://qyapi.weixin.qq.com/cgi-bin/"),
        victorops_api_url: HttpUrl::known("https://alert.victorops.com/integrations/generic/20131114/alert/"),
        telegram_api_url: HttpUrl::known("https://api.telegram.org"),
        webex_api_url: HttpUrl::known("https://webexapis.com/v1/messages"),
        rocketchat_api_url: HttpUrl::known("https://open.rocket.chat/"),
        slack_app_url: HttpUrl::known("https://slack.com/api/chat.postMessage")
    } check validate {
        resolve_timeout: Period => always,
        http_config: Option<Client>,
        jira_api_url: HttpUrl,
        smtp_from: Text,
        smtp_hello: Text,
        smtp_smarthost: HostPort,
        smtp_auth_username: Text,
        smtp_auth_password: Sensitive,
        smtp_auth_password_file: Text,
        smtp_auth_secret: Sensitive,
        smtp_auth_secret_file: Text,
        smtp_auth_identity: Text,
        smtp_require_tls: bool => always,
        smtp_tls_config: Option<Tls>,
        smtp_force_implicit_tls: Option<bool>,
        slack_api_url: SecretUrl,
        slack_api_url_file: Text,
        slack_app_token: Sensitive,
        slack_app_token_file: Text,
        slack_app_url: HttpUrl,
        pagerduty_url: HttpUrl,
        opsgenie_api_url: HttpUrl,
        opsgenie_api_key: Sensitive,
        opsgenie_api_key_file: Text,
        wechat_api_url: HttpUrl,
        wechat_api_secret: Sensitive,
        wechat_api_secret_file: Text,
        wechat_api_corp_id: Text,
        victorops_api_url: HttpUrl,
        victorops_api_key: Sensitive,
        victorops_api_key_file: Text,
        telegram_api_url: HttpUrl,
        telegram_bot_token: Sensitive,
        telegram_bot_token_file: Text,
        webex_api_url: HttpUrl,
        rocketchat_api_url: HttpUrl,
        rocketchat_token: Option<Sensitive>,
        rocketchat_token_file: Text,
        rocketchat_token_id: Option<Sensitive>,
        rocketchat_token_id_file: Text,
        mattermost_webhook_url: SecretUrl,
        mattermost_webhook_url_file: Text,
    }
}

impl Global {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let set = |own: &Sensitive| !own.is_zero();
        for (key, value, file) in [
            ("slack_app_token", set(&self.slack_app_token), &self.slack_app_token_file),
            ("slack_api_url", !self.slack_api_url.is_zero(), &self.slack_api_url_file),
            ("opsgenie_api_key", set(&self.opsgenie_api_key), &self.opsgenie_api_key_file),
            ("victorops_api_key", set(&self.victorops_api_key), &self.victorops_api_key_file),
            ("telegram_bot_token", set(&self.telegram_bot_token), &self.telegram_bot_token_file),
            ("smtp_auth_password", set(&self.smtp_auth_password), &self.smtp_auth_password_file),
            ("rocketchat_token", self.rocketchat_token.is_some(), &self.rocketchat_token_file),
            (
                "rocketchat_token_id",
                self.rocketchat_token_id.is_some(),
                &self.rocketchat_token_id_file,
            ),
            ("smtp_auth_secret", set(&self.smtp_auth_secret), &self.smtp_auth_secret_file),
            ("wechat_api_secret", set(&self.wechat_api_secret), &self.wechat_api_secret_file),
            (
                "mattermost_webhook_url",
                !self.mattermost_webhook_url.is_zero(),
                &self.mattermost_webhook_url_file,
            ),
        ] {
            super::at_most_one(reader, key, value, file);
        }
        self.slack(reader);
    }

    /// A token and a webhook's URL; the latter may be where the former is sent to, an old workaround.
    fn slack(&self, reader: &mut Reader<'_>) {
        let token = !self.slack_app_token.is_zero() || !self.slack_app_token_file.is_empty();
        let url = !self.slack_api_url.is_zero() || !self.slack_api_url_file.is_empty();
        let same = !self.slack_api_url.is_zero()
            && !self.slack_app_url.is_zero()
            && self.slack_api_url.text() == self.slack_app_url.text();
        if token && url && !same {
            let why = "a token of an app and the URL of a webhook exclude each other";
            let keys =
                ["slack_app_token", "slack_app_token_file", "slack_api_url", "slack_api_url_file"];
            reader.clash(reader.codes().contradiction, &keys, why);
        }
    }
}
