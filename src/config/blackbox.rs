//! `[blackbox]`: `/probe` as blackbox_exporter answers it, and the file it is configured by.

use std::{num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{codes::Code, files::SourceFile, place, syntax::Format};
use crate::{
    compat::blackbox::Modules,
    model::{Diagnostic, PromDuration},
};

/// `[blackbox]`: probes on request, as blackbox_exporter runs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlackboxOptions {
    /// A `blackbox.yml`, whose modules `/probe?target=&module=` runs. Read again at each reload; its mistakes are mistakes of
    /// the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<PathBuf>,
    /// By how much a probe's deadline is before that of its scrape, which Prometheus says in a header.
    pub timeout_offset: PromDuration,
    /// Results that `/logs` keeps; as many failures again are kept after they fell out.
    pub history_limit: u32,
    /// Probes on request at the same time, at most; more get 503. blackbox_exporter has no bound.
    pub max_requests: NonZeroU32,
}

impl BlackboxOptions {
    /// blackbox_exporter's own offset.
    const TIMEOUT_OFFSET: Duration = Duration::from_millis(500);
    /// blackbox_exporter's own limit.
    pub const HISTORY_LIMIT: u32 = 100;
    /// More than a scraper that keeps up ever has in flight, and few enough for the usual limit of open files.
    pub const MAX_REQUESTS: NonZeroU32 = NonZeroU32::new(1024).unwrap();
}

impl Default for BlackboxOptions {
    fn default() -> Self {
        Self {
            config_file: None,
            timeout_offset: PromDuration(Self::TIMEOUT_OFFSET),
            history_limit: Self::HISTORY_LIMIT,
            max_requests: Self::MAX_REQUESTS,
        }
    }
}

/// A `blackbox.yml` that was read.
pub struct BlackboxFile {
    /// Its modules, if there is no error.
    pub modules: Option<Arc<Modules>>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The file, if it could be read at all.
    pub file: Option<SourceFile>,
}

impl BlackboxFile {
    /// Reads and checks a file.
    pub fn read(path: PathBuf) -> Self {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                let diagnostics = vec![place::nowhere(Code::Unreadable, message)];
                return Self { modules: None, diagnostics, file: None };
            }
        };
        let (modules, diagnostics) = match Modules::read(&text, &path) {
            Ok(modules) => {
                let warnings = modules.warnings.clone();
                (Some(Arc::new(modules)), warnings)
            }
            Err(diagnostics) => (None, diagnostics),
        };
        let file = SourceFile { path, text, format: Format::Yaml };
        Self { modules, diagnostics, file: Some(file) }
    }

    /// The diagnostics for people, with a line that counts them and ends in `outcome`.
    pub fn human(&self, outcome: &str) -> String {
        super::render::human(&self.diagnostics, self.file.as_slice(), false, outcome)
    }
}
