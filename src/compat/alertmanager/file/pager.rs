use super::{HttpUrl, at_most_one, default, exactly_one, needed, template::is_template, text};
use crate::{
    compat::{
        client::Client,
        decode::{
            Claims, Field, GoDuration, Named, Reader, Section, Sensitive, Text, key, section,
        },
        yaml::{Id, Yaml},
    },
    model::go_duration,
};

section! {
    /// One of `pagerduty_configs`.
    Pagerduty = {
        send_resolved: true,
        description: text("{{ template \"pagerduty.default.description\" .}}"),
        client: default("pagerduty.default.client"),
        client_url: default("pagerduty.default.clientURL")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        service_key: Sensitive,
        service_key_file: Text,
        routing_key: Sensitive,
        routing_key_file: Text,
        url: HttpUrl,
        client: Text,
        client_url: Text,
        description: Text,
        details: Claims,
        images: Vec<PagerdutyImage>,
        links: Vec<PagerdutyLink>,
        source: Text,
        severity: Text,
        class: Text,
        component: Text,
        group: Text,
        timeout: GoDuration => always,
    }
}

section! {
    /// One of `links`.
    PagerdutyLink {
        href: Text,
        text: Text,
    }
}

section! {
    /// One of `images`.
    PagerdutyImage {
        src: Text,
        alt: Text,
        href: Text,
    }
}

/// Details that are there where they are not said otherwise.
const DETAILS: [(&str, &str); 4] = [
    ("firing", "{{ .Alerts.Firing | toJson }}"),
    ("resolved", "{{ .Alerts.Resolved | toJson }}"),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
];

impl Pagerduty {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let (routing, service) = (!self.routing_key.is_zero(), !self.service_key.is_zero());
        let files = !self.routing_key_file.is_empty() || !self.service_key_file.is_empty();
        if !routing && !service && !files {
            let why = "a `routing_key` or a `service_key` is missing, inline or as a file";
            reader.clash(reader.codes().missing, &["routing_key"], why);
        }
        at_most_one(reader, "routing_key", routing, &self.routing_key_file);
        at_most_one(reader, "service_key", service, &self.service_key_file);
        if self.source.is_empty() {
            self.source = self.client.clone();
        }
        for (name, template) in DETAILS {
            if !self.details.0.iter().any(|(own, _)| own == name) {
                self.details.0.push((name.to_owned(), template.into()));
            }
        }
    }
}

section! {
    /// One of `opsgenie_configs`.
    Opsgenie = {
        send_resolved: true,
        message: default("opsgenie.default.message"),
        description: default("opsgenie.default.description"),
        source: default("opsgenie.default.source")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_key: Sensitive,
        api_key_file: Text,
        api_url: HttpUrl,
        message: Text,
        description: Text,
        source: Text,
        details: Named<Text>,
        entity: Text,
        responders: Vec<Responder>,
        actions: Text,
        tags: Text,
        note: Text,
        priority: Text,
        update_alerts: bool,
    }
}

section! {
    /// One of `responders`.
    Responder {
        id: Text,
        name: Text,
        username: Text,
        r#type: Text,
    }
}

impl Opsgenie {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        at_most_one(reader, "api_key", !self.api_key.is_zero(), &self.api_key_file);
        for (at, one) in self.responders.iter().enumerate() {
            let path = format!("responders[{at}]");
            if one.id.is_empty() && one.username.is_empty() && one.name.is_empty() {
                let why = "`id`, `username` or `name` is missing";
                reader.clash(reader.codes().missing, &[&path], why);
            }
            let kind = one.r#type.lossy();
            let why = match is_template(&kind) {
                Err(why) => format!("the template in `type` cannot be read: {why}"),
                Ok(false) if !is_responder(&kind) => {
                    "`type` is team, teams, user, escalation or schedule".to_owned()
                }
                Ok(_) => continue,
            };
            reader.clash(reader.codes().bad_value, &[&format!("{path}.type"), &path], why);
        }
    }
}

fn is_responder(word: &str) -> bool {
    let word = word.to_lowercase();
    matches!(word.as_str(), "team" | "teams" | "user" | "escalation" | "schedule")
}

section! {
    /// One of `victorops_configs`.
    Victorops = {
        send_resolved: true,
        message_type: text("CRITICAL"),
        state_message: default("victorops.default.state_message"),
        entity_display_name: default("victorops.default.entity_display_name"),
        monitoring_tool: default("victorops.default.monitoring_tool")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_key: Sensitive,
        api_key_file: Text,
        api_url: HttpUrl => always,
        routing_key: Text => always,
        message_type: Text => always,
        state_message: Text => always,
        entity_display_name: Text => always,
        monitoring_tool: Text => always,
        custom_fields: Named<Text>,
    }
}

/// Fields that are Splunk On-Call's own.
const RESERVED: [&str; 7] = [
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
];

impl Victorops {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "routing_key", &self.routing_key);
        at_most_one(reader, "api_key", !self.api_key.is_zero(), &self.api_key_file);
        for (name, _) in self.custom_fields.iter() {
            if RESERVED.contains(&name) {
                let why = format!("`{name}` is a field of its own and no custom one");
                let path = format!("custom_fields.{name}");
                reader.clash(reader.codes().contradiction, &[&path, "custom_fields"], why);
            }
        }
    }
}

section! {
    /// One of `pushover_configs`.
    Pushover = {
        send_resolved: true,
        title: default("pushover.default.title"),
        message: default("pushover.default.message"),
        url: default("pushover.default.url"),
        priority: text("{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}"),
        retry: WrittenDuration(60_000_000_000),
        expire: WrittenDuration(3_600_000_000_000)
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        user_key: Sensitive,
        user_key_file: Text,
        token: Sensitive,
        token_file: Text,
        title: Text,
        message: Text,
        url: Text,
        url_title: Text,
        device: Text,
        sound: Text,
        priority: Text,
        retry: WrittenDuration,
        expire: WrittenDuration,
        ttl: WrittenDuration,
        html: bool,
        monospace: bool,
    }
}

impl Pushover {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "user_key", !self.user_key.is_zero(), &self.user_key_file);
        exactly_one(reader, "token", !self.token.is_zero(), &self.token_file);
        if self.html && self.monospace {
            let why = "at most one of `html` and `monospace` may be set";
            reader.clash(reader.codes().contradiction, &["monospace", "html"], why);
        }
    }
}

/// A duration in Go's notation that is never a plain number, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct WrittenDuration(pub(in crate::compat) i64);

impl Field for WrittenDuration {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let Some(nanos) = go_duration::parse(&text.lossy()) else {
            return reader
                .bad_value(id, "not a duration: write a number with its unit, such as `90s`");
        };
        self.0 = nanos;
        true
    }
    fn show(&self) -> Yaml {
        go_duration::written(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

section! {
    /// One of `incidentio_configs`.
    Incidentio = { send_resolved: true } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        url: HttpUrl => always,
        url_file: Text => always,
        alert_source_token: Sensitive,
        alert_source_token_file: Text,
        max_alerts: u64 => always,
        timeout: GoDuration => always,
    }
}

impl Incidentio {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        exactly_one(reader, "url", !self.url.is_zero(), &self.url_file);
        let inline = !self.alert_source_token.is_zero();
        at_most_one(reader, "alert_source_token", inline, &self.alert_source_token_file);
        let token = inline || !self.alert_source_token_file.is_empty();
        let Some(http) = &self.http_config else { return };
        if http.authorization.is_some() && token {
            let why = "`alert_source_token` and `http_config.authorization` exclude each other";
            let keys = ["alert_source_token", "alert_source_token_file"];
            reader.clash(reader.codes().contradiction, &keys, why);
        }
        if http.authorization.is_none() && !token {
            let why = "`alert_source_token` is missing, inline, as a file or as `http_config.authorization`";
            reader.clash(reader.codes().missing, &["http_config"], why);
        }
    }
}
