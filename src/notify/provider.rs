//! The registry of providers.

use figment::value::Value;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    email,
    message::Message,
    setback::Setback,
    slack,
    spec::{Rate, TemplateUse},
    telegram,
    unbuilt::Unbuilt,
    unusable::Unusable,
    webhook,
};
use crate::model::{Handle, Problem, PromDuration, SendReason};

/// Lists the providers: variant and module. Everything else that knows the providers is derived from this list.
macro_rules! providers {
    ($($variant:ident $module:ident)+) => {
        /// How an integration tells: one table of a receiver.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Provider {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Spec),)+
            /// Known to Alertmanager, not to us yet.
            Unbuilt(Unbuilt),
            /// Nobody can send by what it says, Alertmanager neither.
            Unusable(Unusable),
        }

        /// Every provider, in the order of the documentation.
        #[expect(clippy::result_large_err, reason = "figment's error is what it is; once per integration")]
        pub const PROVIDERS: &[ProviderKind] = &[$(ProviderKind::of::<$module::Spec>(|value| {
            value.deserialize().map(Provider::$variant)
        })),+];

        impl Provider {
            /// One attempt.
            pub(super) async fn send(
                &self,
                message: &Message<'_>,
            ) -> Result<Option<Handle>, Setback> {
                match self {
                    $(Self::$variant(spec) => Box::pin(spec.send(message)).await,)+
                    Self::Unbuilt(Unbuilt { kind, .. }) => {
                        let detail = format!("the provider `{kind}` is not built yet");
                        Err(Setback::refused(SendReason::Other, detail))
                    }
                    Self::Unusable(Unusable { why, .. }) => {
                        Err(Setback::refused(SendReason::Other, why))
                    }
                }
            }

            fn erased(&self) -> Option<&dyn Described> {
                match self {
                    $(Self::$variant(spec) => Some(spec),)+
                    Self::Unbuilt(_) | Self::Unusable(_) => None,
                }
            }
        }

        impl Serialize for Provider {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(spec) => spec.serialize(serializer),)+
                    Self::Unbuilt(unbuilt) => unbuilt.serialize(serializer),
                    Self::Unusable(unusable) => unusable.serialize(serializer),
                }
            }
        }
    };
}

providers! {
    Webhook webhook
    Email email
    Slack slack
    Telegram telegram
}

/// What a provider is: implemented by the `Spec` of each provider's file.
pub(super) trait Tells: Described + Serialize + DeserializeOwned + JsonSchema {
    /// The word: the configuration's key and the `provider` label.
    const KIND: &'static str;
    /// One line for the docs.
    const SUMMARY: &'static str;
    /// The keys of a `[receivers.NAME]` table that show the provider, in TOML; parsed by a test and shown in the docs.
    const EXAMPLE: &'static str;

    /// One attempt, within the message's deadline. What it gives back is the message's name at the provider's.
    fn send(
        &self,
        message: &Message<'_>,
    ) -> impl Future<Output = Result<Option<Handle>, Setback>> + Send;
}

/// The part of [`Tells`] that does not need to know the type.
pub(super) trait Described {
    /// The word again, as a value.
    fn kind(&self) -> &'static str;
    /// Whether resolves are told too.
    fn send_resolved(&self) -> bool;
    /// The longest time of one attempt.
    fn timeout(&self) -> PromDuration;
    /// What the provider permits by itself.
    fn rate(&self) -> Option<Rate> {
        None
    }
    /// Every template in it.
    fn templates(&self) -> Vec<TemplateUse<'_>>;
    /// Mistakes that no single value shows. Paths are relative to the provider's table.
    fn problems(&self) -> Vec<Problem>;
}

/// A provider, as a row of the registry.
pub struct ProviderKind {
    /// The configuration's key and the `provider` label.
    pub word: &'static str,
    /// One line for the docs.
    pub summary: &'static str,
    /// The keys of a `[receivers.NAME]` table that show the provider, in TOML.
    pub example: &'static str,
    /// Reads a provider's table.
    pub parse: fn(&Value) -> Result<Provider, figment::Error>,
    /// The JSON Schema of the provider's table.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl ProviderKind {
    const fn of<P: Tells>(parse: fn(&Value) -> Result<Provider, figment::Error>) -> Self {
        Self {
            word: P::KIND,
            summary: P::SUMMARY,
            example: P::EXAMPLE,
            parse,
            schema: |generator| generator.subschema_for::<P>(),
        }
    }
}

impl Provider {
    /// The provider's word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unbuilt(unbuilt) => unbuilt.kind,
            Self::Unusable(unusable) => unusable.kind,
            built => built.erased().map_or("", Described::kind),
        }
    }

    /// Whether there is one; a start whose route reaches one that is not built is refused.
    pub fn is_built(&self) -> bool {
        !matches!(self, Self::Unbuilt(_))
    }

    /// Whether resolves are told too.
    pub fn send_resolved(&self) -> bool {
        match self {
            Self::Unbuilt(unbuilt) => unbuilt.send_resolved,
            Self::Unusable(unusable) => unusable.send_resolved,
            built => built.erased().is_some_and(Described::send_resolved),
        }
    }

    /// Every template in it.
    pub fn templates(&self) -> Vec<TemplateUse<'_>> {
        self.erased().map(Described::templates).unwrap_or_default()
    }

    /// Mistakes that no single value shows.
    pub fn problems(&self) -> Vec<Problem> {
        self.erased().map(Described::problems).unwrap_or_default()
    }

    /// The longest time of one attempt.
    pub(super) fn timeout(&self) -> PromDuration {
        self.erased().map_or_else(PromDuration::default, Described::timeout)
    }

    /// What the provider permits by itself.
    pub(super) fn rate(&self) -> Option<Rate> {
        self.erased().and_then(Described::rate)
    }
}
