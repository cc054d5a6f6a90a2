//! `[alerting]`: what concerns the pipeline as a whole.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    alert::spec::FlapHold,
    model::{PromDuration, Secret, matcher::Syntax},
};

/// `[alerting]`: who is told of what, as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertingOptions {
    /// An `alertmanager.yml`, in the place of `[route]`, `[receivers]`, `[[inhibit_rules]]` and `[time_intervals]`. Read again
    /// at each reload; its mistakes are mistakes of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<PathBuf>,
    /// Files of Go templates that receivers may use, or patterns of their names: `templates/*.tmpl`. Relative ones are
    /// looked for from the folder of the first configuration file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
    /// How matchers are read.
    pub matchers: MatcherMode,
    /// How long an alert fires whose sender did not say until when.
    pub resolve_timeout: PromDuration,
    /// How long after a start nothing that merely ran out is resolved: its sender may not have found us yet.
    pub start_grace: PromDuration,
    /// How long the resolve of a check with `notify = "both"` waits, so that Prometheus does not open it again.
    pub resolve_hold: PromDuration,
    /// Holds alerts of others firing while they come and go. Off when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flap_hold: Option<FlapHoldKeys>,
    /// The bearer token that `/hooks/alertmanager` wants. Without one whoever reaches the port may post there, as to `/api/v2/alerts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_token: Option<Secret>,
    /// The file that holds it; read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_token_file: Option<PathBuf>,
    /// Start although a route reaches a receiver whose provider this build does not have. What goes there is lost.
    pub allow_missing_providers: bool,
}

impl Default for AlertingOptions {
    fn default() -> Self {
        let minutes = |count| PromDuration(Duration::from_mins(count));
        Self {
            config_file: None,
            templates: Vec::new(),
            matchers: MatcherMode::default(),
            resolve_timeout: minutes(5),
            start_grace: minutes(5),
            resolve_hold: minutes(2),
            flap_hold: None,
            hook_token: None,
            hook_token_file: None,
            allow_missing_providers: false,
        }
    }
}

/// How matchers are read, as Alertmanager's feature flags choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatcherMode {
    /// In UTF-8, and in the classic way where only that understands them or the two disagree.
    #[default]
    Fallback,
    /// As before Alertmanager 0.27.
    Classic,
    /// Names may be any text; what is not plain is quoted.
    Utf8,
}

impl From<MatcherMode> for Syntax {
    fn from(mode: MatcherMode) -> Self {
        match mode {
            MatcherMode::Fallback => Self::Fallback,
            MatcherMode::Classic => Self::Classic,
            MatcherMode::Utf8 => Self::Utf8,
        }
    }
}

/// When an alert of another source is held firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlapHoldKeys {
    /// So many changes between firing and resolved ...
    pub changes: NonZeroU32,
    /// ... in so long a time ...
    pub window: PromDuration,
    /// ... hold it firing until it has been quiet for so long.
    pub hold: PromDuration,
}

impl From<FlapHoldKeys> for FlapHold {
    fn from(keys: FlapHoldKeys) -> Self {
        let FlapHoldKeys { changes, window, hold } = keys;
        Self { changes: changes.get(), window: window.0, hold: hold.0 }
    }
}
