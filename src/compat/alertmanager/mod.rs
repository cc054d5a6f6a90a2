//! Alertmanager's `alertmanager.yml`: routes, inhibition and time intervals become the pipeline's configuration, receivers
//! become ours.
//!
//! Contract: [`AlertmanagerFile::read`] accepts and refuses what `amtool check-config` 0.33.1 does and tells every mistake at once, each
//! with its place; [`AlertmanagerFile::original`] is byte for byte what Alertmanager shows of the file. Nothing is opened: templates are
//! named, not read.

mod amtool;
mod check;
mod codes;
mod compile;
mod file;
mod fill;
mod folder;
mod original;
mod read;
#[cfg(test)]
mod tests;
mod warn;

use std::sync::Arc;

pub use self::{amtool::http_options, codes::CODES, original::original};
use crate::{
    alert::spec::Config,
    model::{Diagnostic, Severity},
    notify::spec::Receivers,
};

/// An `alertmanager.yml` that was read.
#[derive(Debug, Clone)]
pub struct AlertmanagerFile {
    /// Routes, inhibition and time intervals.
    pub config: Config,
    /// Who is told and how. Where people find us is the caller's to say.
    pub receivers: Receivers,
    /// What a route reaches and cannot be sent by: a start is refused, unless it is said that it may be missing.
    pub missing: Vec<Missing>,
    /// The whole file as Alertmanager shows it at `/api/v2/status`: defaults filled in, secrets masked.
    pub original: Arc<str>,
    /// Patterns of files with templates, relative ones below the folder of the file.
    pub templates: Vec<String>,
    /// What is worth knowing of a file that is accepted.
    pub warnings: Vec<Diagnostic>,
}

/// A receiver that a route reaches, with a kind that cannot be sent by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// `pagerduty`, ...
    pub kind: &'static str,
    /// Where it stands, as the warning about it says.
    pub path: String,
}

/// Makes mistakes of the warnings about what is missing, for whoever will not start without it.
pub fn refuse(missing: &[Missing], found: &mut [Diagnostic]) {
    let warnings = found.iter_mut().filter(|one| one.code == codes::NOT_BUILT.word);
    for one in warnings {
        if let Some(Missing { receiver, kind, .. }) =
            missing.iter().find(|missing| missing.path == one.path)
        {
            one.severity = Severity::Error;
            one.message = format!(
                "receiver {:?} tells by {kind}, which this build cannot do: {}",
                &**receiver, one.message
            );
            one.hint = Some("--allow-missing-providers starts all the same".to_owned());
        }
    }
}
