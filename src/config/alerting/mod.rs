//! `[alerting]` and its neighbours: Alertmanager's model in TOML, or an `alertmanager.yml` in its place.
//!
//! Contract: either way the result is one [`Alerting`], in which every name that is used is there.

mod assemble;
mod compile;
mod extras;
mod file;
mod inhibit;
mod maintenance;
mod options;
mod push;
mod receiver;
mod route;
pub(super) mod schema;
mod template_files;
mod templates;
mod warnings;
mod written;

use std::{path::PathBuf, sync::Arc};

use self::written::Written;
pub(super) use self::{
    assemble::{SECTIONS, assemble, each},
    receiver::kinds,
    written::sections,
};
pub use self::{
    file::{AlertmanagerFile, AlertmanagerSource},
    options::{AlertingOptions, MatcherMode},
};
use self::{
    inhibit::InhibitKeys,
    maintenance::MaintenanceKeys,
    push::AlertmanagerKeys,
    receiver::{Receiver, ReceiverKeys},
    route::RouteKeys,
};
use crate::{alert::spec::Config, model::Secret, notify::spec::Receivers};

/// Who is told of what: everything the pipeline, delivery and the store are configured by.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// The pipeline.
    pub pipeline: Arc<Config>,
    /// Delivery.
    pub receivers: Arc<Receivers>,
    /// How long after a start nothing that merely ran out is resolved.
    pub start_grace: std::time::Duration,
    /// Names and texts of the files of templates.
    pub templates: Arc<[TemplateFile]>,
    /// As YAML that Alertmanager would read, secrets masked: what `/api/v2/status` shows.
    pub original: Arc<str>,
    /// Changes with every byte of an `alertmanager.yml`; 0 where there is none.
    pub fingerprint: u64,
    /// What `/hooks/alertmanager` wants, if anything.
    pub hook_token: Option<Secret>,
    /// Start although a route reaches a receiver whose provider is not built.
    pub allow_missing_providers: bool,
    /// How matchers are read.
    pub matchers: MatcherMode,
    /// As it was written, for who asks what is in force.
    written: Arc<Written>,
}

/// A file of templates that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

impl Alerting {
    fn new(written: Written, pipeline: Config, receivers: Receivers) -> Self {
        Self {
            pipeline: Arc::new(pipeline),
            receivers: Arc::new(receivers),
            start_grace: written.options.start_grace.0,
            templates: Arc::from([]),
            original: Arc::from(""),
            fingerprint: 0,
            hook_token: written.options.hook_token.clone(),
            allow_missing_providers: written.options.allow_missing_providers,
            matchers: written.options.matchers,
            written: Arc::new(written),
        }
    }
}
