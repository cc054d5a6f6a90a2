use super::{HttpUrl, Period, default, needed, text};
use crate::compat::{
    client::Client,
    decode::{Claims, Field, Named, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Inside, Yaml},
};

section! {
    /// One of `sns_configs`.
    Sns = {
        send_resolved: true,
        subject: default("sns.default.subject"),
        message: default("sns.default.message")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: Text,
        sigv4: Sigv4 => always,
        topic_arn: Text,
        phone_number: Text,
        target_arn: Text,
        subject: Text,
        message: Text,
        attributes: Named<Text>,
        use_aws_http_client: bool,
    }
}

impl Sns {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let targets = [&self.target_arn, &self.topic_arn, &self.phone_number];
        // Alertmanager's own test, which lets all three pass.
        if targets.iter().filter(|own| own.is_empty()).count() % 2 == 1 {
            let why = "one of `topic_arn`, `phone_number` and `target_arn` is needed";
            let keys = ["topic_arn", "target_arn", "phone_number"];
            reader.clash(reader.codes().missing, &keys, why);
        }
    }
}

section! {
    /// Credentials of AWS.
    Sigv4 check validate {
        region: Text,
        access_key: Text,
        secret_key: Sensitive,
        profile: Text,
        role_arn: Text,
        external_id: Text,
        use_fips_sts_endpoint: bool,
        service_name: Text,
    }
}

impl Sigv4 {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.access_key.is_empty() != self.secret_key.is_zero() {
            let why = "`access_key` and `secret_key` need each other";
            reader.clash(reader.codes().missing, &["access_key", "secret_key"], why);
        }
        if !self.external_id.is_empty() && self.role_arn.is_empty() {
            let why = "`external_id` needs `role_arn`";
            reader.clash(reader.codes().contradiction, &["external_id"], why);
        }
    }
}

section! {
    /// One of `jira_configs`.
    Jira = {
        send_resolved: true,
        api_type: text("auto"),
        summary: JiraField(JiraTemplate { template: default("jira.default.summary"), enable_update: None }),
        description: JiraField(JiraTemplate { template: default("jira.default.description"), enable_update: None }),
        priority: default("jira.default.priority")
    } check validate {
        send_resolved: bool => always,
        http_config: Option<Client>,
        api_url: HttpUrl,
        api_type: Text,
        project: Text,
        summary: JiraField,
        description: JiraField,
        labels: Vec<Text>,
        priority: Text,
        issue_type: Text,
        reopen_transition: Text,
        resolve_transition: Text,
        wont_fix_resolution: Text,
        reopen_duration: Period,
        fields: Claims,
    }
}

impl Jira {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "project", &self.project);
        needed(reader, "issue_type", &self.issue_type);
        if !matches!(&*self.api_type.lossy(), "auto" | "cloud" | "datacenter") {
            let why = "it is `auto`, `cloud` or `datacenter`";
            reader.clash(reader.codes().bad_value, &["api_type"], why);
        }
    }
}

section! {
    /// A field with a template of its own.
    JiraTemplate {
        template: Text,
        enable_update: Option<bool>,
    }
}

/// The same, or the template alone. Where only the other key is said, the template stays.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct JiraField(pub(in crate::compat) JiraTemplate);

impl Field for JiraField {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.inside_of(id), Inside::Map(_)) {
            return self.0.template.take(reader, id);
        }
        let before = self.0.template.clone();
        if !self.0.take(reader, id) {
            return false;
        }
        if !reader.says_below("template") {
            self.0.template = before;
        }
        true
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
