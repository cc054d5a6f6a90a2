use super::{exactly_one, template::TemplateUrl};
use crate::compat::{
    client::Client,
    decode::{Any, Field, GoDuration, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `webhook_configs`.
    Webhook = { send_resolved: true } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        url: TemplateUrl,
        url_file: Text => always,
        max_alerts: u64 => always,
        timeout: GoDuration => always,
        payload: Any,
    }
}

impl Webhook {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "url", !self.url.is_zero(), &self.url_file);
    }
}
