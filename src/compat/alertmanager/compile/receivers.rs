use std::sync::Arc;

use super::provider::{self, Fit, Made, Unfit};
use crate::{
    compat::alertmanager::file,
    model::Pairs,
    notify::spec::{Integration, Provider, Receiver, Unbuilt, Unusable},
};

/// An integration that something has to be said of.
pub(super) struct Remarkable<'r> {
    pub(super) receiver: &'r str,
    pub(super) kind: &'static str,
    /// Where it stands.
    pub(super) path: &'r str,
    pub(super) nature: Nature<'r>,
}

/// What has to be said of an integration.
#[derive(Clone, Copy)]
pub(super) enum Nature<'r> {
    /// Its kind is not built.
    NotBuilt,
    /// It asks for what we cannot do.
    Unsupported(&'r str),
    /// Each send fails, Alertmanager's too.
    Unusable(&'r str),
    /// It is sent as Alertmanager sends it, but few will take it.
    Odd(&'r str),
}

/// Told of each of them.
pub(super) type Remark<'r> = dyn FnMut(&Remarkable<'_>) + 'r;

/// Every receiver, its integrations in Alertmanager's order of kinds.
pub(super) fn compile(receivers: &[file::Receiver], remark: &mut Remark<'_>) -> Vec<Arc<Receiver>> {
    let compiled = receivers.iter().enumerate().map(|(at, own)| {
        let name = own.name.lossy();
        let labels = own.labels.iter().filter(|(label, _)| *label != "name");
        let labels: Pairs =
            labels.map(|(label, value)| (label.to_owned(), value.lossy().into_owned())).collect();
        let mut building = Building {
            integrations: Vec::new(),
            path: format!("receivers[{at}]"),
            receiver: name.clone().into_owned(),
            remark: &mut *remark,
        };
        building.all(own);
        let integrations = building.integrations;
        Arc::new(Receiver { name: name.into(), labels, integrations, ..Receiver::default() })
    });
    compiled.collect()
}

struct Building<'b, 'r> {
    integrations: Vec<Integration>,
    path: String,
    receiver: String,
    remark: &'b mut Remark<'r>,
}

impl Building<'_, '_> {
    fn all(&mut self, own: &file::Receiver) {
        self.built("webhook", &own.webhook_configs, |one| one.send_resolved, provider::webhook);
        self.built("email", &own.email_configs, |one| one.send_resolved, provider::email);
        self.unbuilt(
            "pagerduty",
            own.pagerduty_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt(
            "opsgenie",
            own.opsgenie_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt("wechat", own.wechat_configs.iter().flatten().map(|one| one.send_resolved));
        self.built("slack", &own.slack_configs, |one| one.send_resolved, provider::slack);
        self.unbuilt(
            "victorops",
            own.victorops_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt(
            "pushover",
            own.pushover_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt("sns", own.sns_configs.iter().flatten().map(|one| one.send_resolved));
        self.built("telegram", &own.telegram_configs, |one| one.send_resolved, provider::telegram);
        self.unbuilt("discord", own.discord_configs.iter().flatten().map(|one| one.send_resolved));
        self.unbuilt("webex", own.webex_configs.iter().flatten().map(|one| one.send_resolved));
        self.unbuilt("msteams", own.msteams_configs.iter().flatten().map(|one| one.send_resolved));
        self.unbuilt(
            "msteamsv2",
            own.msteamsv2_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt("jira", own.jira_configs.iter().flatten().map(|one| one.send_resolved));
        self.unbuilt(
            "incidentio",
            own.incidentio_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt(
            "rocketchat",
            own.rocketchat_configs.iter().flatten().map(|one| one.send_resolved),
        );
        self.unbuilt(
            "mattermost",
            own.mattermost_configs.iter().flatten().map(|one| one.send_resolved),
        );
    }

    /// A kind whose provider there is, unless it asks for something that we cannot do.
    fn built<S>(
        &mut self,
        kind: &'static str,
        list: &[Option<S>],
        send_resolved: impl Fn(&S) -> bool,
        make: impl Fn(&S) -> Result<Made, Unfit>,
    ) {
        for (at, one) in list.iter().flatten().enumerate() {
            let send_resolved = send_resolved(one);
            let provider = match make(one).and_then(|table| provider::parse(kind, &table)) {
                Ok(Fit { provider, oddities }) => {
                    oddities.iter().for_each(|why| self.remark(kind, at, Nature::Odd(why)));
                    provider
                }
                Err(Unfit::Everywhere(why)) => {
                    self.remark(kind, at, Nature::Unusable(&why));
                    Provider::Unusable(Unusable { kind, send_resolved, why: why.into() })
                }
                Err(Unfit::Here(why)) => {
                    self.remark(kind, at, Nature::Unsupported(&why));
                    Provider::Unbuilt(Unbuilt { kind, send_resolved })
                }
            };
            self.integrations.push(provider.into());
        }
    }

    fn unbuilt(&mut self, kind: &'static str, list: impl Iterator<Item = bool>) {
        for (at, send_resolved) in list.enumerate() {
            self.remark(kind, at, Nature::NotBuilt);
            self.integrations.push(Provider::Unbuilt(Unbuilt { kind, send_resolved }).into());
        }
    }

    fn remark(&mut self, kind: &'static str, at: usize, nature: Nature<'_>) {
        let path = format!("{}.{kind}_configs[{at}]", self.path);
        (self.remark)(&Remarkable { receiver: &self.receiver, kind, path: &path, nature });
    }
}
