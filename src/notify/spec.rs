//! What the configuration may say about receivers: the registry of providers and their specs.

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::{
    alertmanager::spec::Alertmanager,
    deadman::spec::Deadman,
    email::{ByDate, Spec as Email, Threading},
    mistakes::{BadTemplate, TemplateMistakes, template_mistakes},
    provider::{PROVIDERS, Provider, ProviderKind},
    slack::{Action, Confirmation, Field, Spec as Slack, Strategy},
    telegram::{ParseMode, Resolved, Spec as Telegram},
    template::{Mistake as TemplateMistake, Template},
    unbuilt::{UNBUILT, Unbuilt},
    unusable::Unusable,
    webhook::{Signature, Spec as Webhook},
};
use crate::model::{Lane, Pairs, PromDuration};

/// Who can be told, by name. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receivers {
    /// In the order of the file.
    pub receivers: Vec<Arc<Receiver>>,
    /// Real Alertmanagers that our own alerts are pushed to: `[alertmanagers.*]`.
    pub alertmanagers: Vec<Arc<Alertmanager>>,
    /// Heartbeats that go out while all is well: `[deadman.*]`.
    pub deadmen: Vec<Arc<Deadman>>,
    /// Where people find us: what templates and the webhook call `externalURL`.
    pub external_url: Arc<str>,
}

impl Receivers {
    /// The receiver of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Receiver>> {
        self.receivers.iter().find(|receiver| *receiver.name == *name)
    }
}

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receiver {
    /// Its name.
    pub name: Arc<str>,
    /// Labels of the receiver (Alertmanager 0.33), without `name`.
    pub labels: Pairs,
    /// In Alertmanager's order of kinds, then of the file.
    pub integrations: Vec<Integration>,
    /// How hard it is tried.
    pub limits: Limits,
}

impl Receiver {
    /// Its integrations as lanes name them: the kind, and the place among those of that kind.
    pub fn ways(&self) -> impl Iterator<Item = (&'static str, u16, &Integration)> {
        self.integrations.iter().enumerate().map(|(at, own)| {
            let kind = own.provider.kind();
            let before = self.integrations.iter().take(at);
            let before = before.filter(|other| other.provider.kind() == kind).count();
            (kind, u16::try_from(before).unwrap_or(u16::MAX), own)
        })
    }

    /// Where in the list the integration is that a lane leads to.
    pub fn position(&self, lane: &Lane) -> Option<usize> {
        self.ways().position(|(kind, nth, _)| kind == &*lane.kind && nth == lane.integration)
    }
}

/// One way of telling.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Whether resolves are told too.
    pub send_resolved: bool,
    /// The provider and its own settings.
    pub provider: Arc<Provider>,
}

impl From<Provider> for Integration {
    fn from(provider: Provider) -> Self {
        Self { send_resolved: provider.send_resolved(), provider: Arc::new(provider) }
    }
}

/// How hard a receiver is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long a notice is tried again before it becomes a dead letter. One that is answered with 429 is tried for ever.
    pub give_up_after: PromDuration,
    /// At most so many messages in so much time, of all its integrations together; where nothing is said, each keeps to what
    /// its provider itself permits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// After so many failures in a row an integration is left alone for a while; 0: never.
    pub breaker_failures: u32,
    /// How long it is left alone at first; each further failure doubles it, up to ten minutes.
    pub breaker_pause: PromDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            give_up_after: PromDuration(Duration::from_hours(6)),
            rate: None,
            breaker_failures: 10,
            breaker_pause: PromDuration(Duration::from_secs(30)),
        }
    }
}

/// So many messages in so much time; as many may go out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many.
    pub messages: std::num::NonZeroU32,
    /// In what time.
    pub per: PromDuration,
}

impl Rate {
    /// So many a second.
    pub(super) const fn a_second(messages: u32) -> Self {
        let messages = match std::num::NonZeroU32::new(messages) {
            Some(messages) => messages,
            None => std::num::NonZeroU32::MIN,
        };
        Self { messages, per: PromDuration(Duration::from_secs(1)) }
    }
}

/// A template at its place in a provider's table.
#[derive(Debug, Clone)]
pub struct TemplateUse<'s> {
    /// Where: `fields.0.title`.
    pub path: String,
    /// Its text.
    pub template: std::borrow::Cow<'s, Template>,
    /// What becomes of it.
    pub form: TemplateForm,
    /// Whether a mistake in it may not be quoted.
    pub is_secret: bool,
}

/// What a template's text is for, which decides what is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateForm {
    /// Plain text: nothing is escaped.
    Text,
    /// HTML: values are escaped by where they stand.
    Html,
}

impl<'s> TemplateUse<'s> {
    /// Plain text.
    pub fn text(path: impl Into<String>, template: &'s Template) -> Self {
        let template = std::borrow::Cow::Borrowed(template);
        Self { path: path.into(), template, form: TemplateForm::Text, is_secret: false }
    }

    /// HTML.
    pub fn html(path: impl Into<String>, template: &'s Template) -> Self {
        Self { form: TemplateForm::Html, ..Self::text(path, template) }
    }

    /// Plain text that stands in something else.
    pub(super) fn owned(path: &str, text: &str) -> TemplateUse<'static> {
        let template = std::borrow::Cow::Owned(Template::from(text));
        TemplateUse { path: path.into(), template, form: TemplateForm::Text, is_secret: false }
    }

    /// Plain text that nobody may see; not even what is wrong with it may quote it.
    pub(super) fn secret(path: &str, secret: &crate::model::Secret) -> TemplateUse<'static> {
        TemplateUse { is_secret: true, ..TemplateUse::owned(path, secret.expose()) }
    }
}
