use super::{SecretUrl, default, exactly_one};
use crate::compat::{
    client::Client,
    decode::{Field, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `msteams_configs`.
    Msteams = {
        send_resolved: true,
        title: default("msteams.default.title"),
        summary: default("msteams.default.summary"),
        text: default("msteams.default.text")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        webhook_url: SecretUrl,
        webhook_url_file: Text,
        title: Text,
        summary: Text,
        text: Text,
    }
}

section! {
    /// One of `msteamsv2_configs`.
    Msteamsv2 = {
        send_resolved: true,
        title: default("msteamsv2.default.title"),
        text: default("msteamsv2.default.text")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        webhook_url: SecretUrl,
        webhook_url_file: Text,
        title: Text,
        text: Text,
    }
}

impl Msteams {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "webhook_url", !self.webhook_url.is_zero(), &self.webhook_url_file);
    }
}

impl Msteamsv2 {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "webhook_url", !self.webhook_url.is_zero(), &self.webhook_url_file);
    }
}
