use super::{
    Discord, Email, Incidentio, Jira, Mattermost, Msteams, Msteamsv2, Opsgenie, Pagerduty,
    Pushover, Rocketchat, Slack, Sns, Telegram, Victorops, Webex, Webhook, Wechat, needed,
};
use crate::compat::{
    decode::{Field, Named, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// Who is told.
    Receiver check validate {
        name: Text => always,
        labels: Named<Text>,
        discord_configs: Vec<Option<Discord>>,
        email_configs: Vec<Option<Email>>,
        incidentio_configs: Vec<Option<Incidentio>>,
        pagerduty_configs: Vec<Option<Pagerduty>>,
        slack_configs: Vec<Option<Slack>>,
        webhook_configs: Vec<Option<Webhook>>,
        opsgenie_configs: Vec<Option<Opsgenie>>,
        wechat_configs: Vec<Option<Wechat>>,
        pushover_configs: Vec<Option<Pushover>>,
        victorops_configs: Vec<Option<Victorops>>,
        sns_configs: Vec<Option<Sns>>,
        telegram_configs: Vec<Option<Telegram>>,
        webex_configs: Vec<Option<Webex>>,
        msteams_configs: Vec<Option<Msteams>>,
        msteamsv2_configs: Vec<Option<Msteamsv2>>,
        jira_configs: Vec<Option<Jira>>,
        rocketchat_configs: Vec<Option<Rocketchat>>,
        mattermost_configs: Vec<Option<Mattermost>>,
    }
}

impl Receiver {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "name", &self.name);
        let label =
            self.labels.iter().find(|(own, _)| *own == "name").map(|(_, value)| value.clone());
        match label {
            Some(value) if value != self.name => {
                let why =
                    format!("the label `name` is the receiver's name, `{}`", self.name.lossy());
                reader.clash(reader.codes().contradiction, &["labels.name", "labels"], why);
            }
            Some(_) => {}
            None => self.labels.0.push(("name".to_owned(), self.name.clone())),
        }
    }
}
