use super::{HttpUrl, SecretUrl, at_most_one, default, needed};
use crate::compat::{
    client::Client,
    decode::{Field, GoDuration, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `slack_configs`.
    Slack = {
        color: default("slack.default.color"),
        username: default("slack.default.username"),
        title: default("slack.default.title"),
        title_link: default("slack.default.titlelink"),
        icon_emoji: default("slack.default.iconemoji"),
        icon_url: default("slack.default.iconurl"),
        pretext: default("slack.default.pretext"),
        text: default("slack.default.text"),
        fallback: default("slack.default.fallback"),
        callback_id: default("slack.default.callbackid"),
        footer: default("slack.default.footer")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: SecretUrl,
        api_url_file: Text,
        app_token: Sensitive,
        app_token_file: Text,
        app_url: HttpUrl,
        channel: Text,
        username: Text,
        color: Text,
        title: Text,
        title_link: Text,
        pretext: Text,
        text: Text,
        message_text: Text,
        fields: Vec<Option<SlackField>>,
        short_fields: bool => always,
        footer: Text,
        fallback: Text,
        callback_id: Text,
        icon_emoji: Text,
        icon_url: Text,
        image_url: Text,
        thumb_url: Text,
        link_names: bool => always,
        mrkdwn_in: Vec<Text>,
        actions: Vec<Option<SlackAction>>,
        update_message: bool => always,
        timeout: GoDuration => always,
    }
}

section! {
    /// One of `fields`, in Slack and in Mattermost.
    SlackField check validate {
        title: Text,
        value: Text,
        short: Option<bool>,
    }
}

section! {
    /// One of `actions`.
    SlackAction check validate {
        r#type: Text,
        text: Text,
        url: Text,
        style: Text,
        name: Text,
        value: Text,
        confirm: Option<SlackConfirmation>,
    }
}

section! {
    /// A question before a button acts.
    SlackConfirmation check validate {
        text: Text,
        title: Text,
        ok_text: Text,
        dismiss_text: Text,
    }
}

/// The method of the Web API, which alone can change a message.
const POST_MESSAGE: &str = "https://slack.com/api/chat.postMessage";

impl Slack {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        at_most_one(reader, "api_url", !self.api_url.is_zero(), &self.api_url_file);
        at_most_one(reader, "app_token", !self.app_token.is_zero(), &self.app_token_file);
        let url = !self.api_url.is_zero() || !self.api_url_file.is_empty();
        let token = !self.app_token.is_zero() || !self.app_token_file.is_empty();
        if url && token {
            let why = "a token of an app and the URL of a webhook exclude each other";
            let keys = ["app_token", "app_token_file", "api_url", "api_url_file"];
            reader.clash(reader.codes().contradiction, &keys, why);
        }
        if self.update_message && self.api_url.text() != POST_MESSAGE {
            let why = format!("`update_message` needs `api_url: {POST_MESSAGE}`");
            reader.clash(reader.codes().contradiction, &["update_message"], why);
        }
    }
}

impl SlackField {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "title", &self.title);
        needed(reader, "value", &self.value);
    }
}

impl SlackAction {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "type", &self.r#type);
        needed(reader, "text", &self.text);
        if !self.url.is_empty() {
            // A button that leads somewhere tells no program anything.
            self.name = Text::default();
            self.value = Text::default();
            self.confirm = None;
        } else if self.name.is_empty() {
            reader.clash(reader.codes().missing, &["name", "url"], "`name` or `url` is missing");
        }
    }
}

impl SlackConfirmation {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "text", &self.text);
    }
}
