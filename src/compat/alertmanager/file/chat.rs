use super::{
    HttpUrl, SecretUrl, at_most_one, default, exactly_one, needed, slack::SlackField, text,
};
use crate::compat::{
    client::Client,
    decode::{Field, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `discord_configs`.
    Discord = {
        send_resolved: true,
        title: default("discord.default.title"),
        message: default("discord.default.message")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        webhook_url: SecretUrl,
        webhook_url_file: Text,
        content: Text,
        title: Text,
        message: Text,
        username: Text,
        avatar_url: Text,
    }
}

impl Discord {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "webhook_url", !self.webhook_url.is_zero(), &self.webhook_url_file);
    }
}

section! {
    /// One of `telegram_configs`.
    Telegram = {
        send_resolved: true,
        message: default("telegram.default.message"),
        parse_mode: text("HTML")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: HttpUrl => always,
        bot_token: Sensitive,
        bot_token_file: Text,
        chat_id: i64,
        chat_id_file: Text,
        message_thread_id: i64,
        message: Text,
        disable_notifications: bool,
        parse_mode: Text,
    }
}

impl Telegram {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        at_most_one(reader, "bot_token", !self.bot_token.is_zero(), &self.bot_token_file);
        exactly_one(reader, "chat_id", self.chat_id != 0, &self.chat_id_file);
        if !matches!(&*self.parse_mode.lossy(), "" | "Markdown" | "MarkdownV2" | "HTML") {
            let why = "it is Markdown, MarkdownV2, HTML or empty";
            reader.clash(reader.codes().bad_value, &["parse_mode"], why);
        }
    }
}

section! {
    /// One of `webex_configs`.
    Webex = { send_resolved: true, message: default("webex.default.message") } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: HttpUrl,
        message: Text,
        room_id: Text => always,
    }
}

impl Webex {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "room_id", &self.room_id);
        if self.http_config.as_ref().is_none_or(|own| own.authorization.is_none()) {
            let why = "`http_config.authorization` is missing: the bot's token";
            reader.clash(reader.codes().missing, &["http_config"], why);
        }
    }
}

section! {
    /// One of `wechat_configs`.
    Wechat = {
        message: default("wechat.default.message"),
        to_user: default("wechat.default.to_user"),
        to_party: default("wechat.default.to_party"),
        to_tag: default("wechat.default.to_tag"),
        agent_id: default("wechat.default.agent_id")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_secret: Sensitive,
        api_secret_file: Text,
        corp_id: Text,
        message: Text,
        api_url: HttpUrl,
        to_user: Text,
        to_party: Text,
        to_tag: Text,
        agent_id: Text,
        message_type: Text,
    }
}

impl Wechat {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.message_type.is_empty() {
            self.message_type = text("text");
        }
        if !matches!(&*self.message_type.lossy(), "text" | "markdown") {
            let why = "it is `text` or `markdown`";
            reader.clash(reader.codes().bad_value, &["message_type"], why);
        }
        at_most_one(reader, "api_secret", !self.api_secret.is_zero(), &self.api_secret_file);
    }
}

section! {
    /// One of `rocketchat_configs`.
    Rocketchat = {
        color: text("{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}"),
        emoji: default("rocketchat.default.emoji"),
        icon_url: default("rocketchat.default.iconurl"),
        text: default("rocketchat.default.text"),
        title: default("rocketchat.default.title"),
        title_link: default("rocketchat.default.titlelink")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: HttpUrl,
        token_id: Option<Sensitive>,
        token_id_file: Text,
        token: Option<Sensitive>,
        token_file: Text,
        channel: Text,
        color: Text,
        title: Text,
        title_link: Text,
        text: Text,
        fields: Vec<Option<RocketchatField>>,
        short_fields: bool => always,
        emoji: Text,
        icon_url: Text,
        image_url: Text,
        thumb_url: Text,
        link_names: bool => always,
        actions: Vec<Option<RocketchatAction>>,
    }
}

section! {
    /// One of Rocket.Chat's `fields`; Alertmanager gave their keys no names, so they are those of its own code.
    RocketchatField {
        short: Option<bool> => always,
        title: Text => always,
        value: Text => always,
    }
}

section! {
    /// One of Rocket.Chat's `actions`.
    RocketchatAction {
        r#type: Text => always,
        text: Text => always,
        url: Text => always,
        imageurl: Text => always,
        iswebview: bool => always,
        webviewheightratio: Text => always,
        msg: Text => always,
        msginchatwindow: bool => always,
        msgprocessingtype: Text => always,
    }
}

impl Rocketchat {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        at_most_one(reader, "token", self.token.is_some(), &self.token_file);
        at_most_one(reader, "token_id", self.token_id.is_some(), &self.token_id_file);
    }
}

section! {
    /// One of `mattermost_configs`.
    Mattermost = {
        send_resolved: true,
        username: default("mattermost.default.username"),
        color: default("mattermost.default.color"),
        text: default("mattermost.default.text"),
        title: default("mattermost.default.title"),
        title_link: default("mattermost.default.titlelink"),
        fallback: default("mattermost.default.fallback")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        webhook_url: SecretUrl,
        webhook_url_file: Text,
        channel: Text,
        username: Text,
        text: Text,
        fallback: Text,
        color: Text,
        pretext: Text,
        author_name: Text,
        author_link: Text,
        author_icon: Text,
        title: Text,
        title_link: Text,
        fields: Vec<Option<SlackField>>,
        thumb_url: Text,
        footer: Text,
        footer_icon: Text,
        image_url: Text,
        icon_url: Text,
        icon_emoji: Text,
        attachments: Vec<Option<MattermostAttachment>>,
        r#type: Text,
        props: Option<MattermostProps>,
        priority: Option<MattermostPriority>,
    }
}

section! {
    /// One of Mattermost's `attachments`.
    MattermostAttachment {
        fallback: Text,
        color: Text,
        pretext: Text,
        text: Text,
        author_name: Text,
        author_link: Text,
        author_icon: Text,
        title: Text,
        title_link: Text,
        fields: Vec<Option<SlackField>>,
        thumb_url: Text,
        footer: Text,
        footer_icon: Text,
        image_url: Text,
    }
}

section! {
    /// `props`
    MattermostProps {
        card: Text,
    }
}

section! {
    /// `priority`
    MattermostPriority {
        priority: Text,
        requested_ack: bool,
        persistent_notifications: bool,
    }
}

impl Mattermost {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        at_most_one(reader, "webhook_url", !self.webhook_url.is_zero(), &self.webhook_url_file);
    }
}
