//! Alertmanager's `alertmanager.yml`: routes, inhibition and time intervals become the pipeline's configuration, receivers
//! become ours.
//!
//! Contract: [`AlertmanagerFile::read`] accepts and refuses what `amtool check-config` 0.33.1 does and tells every mistake at once, each
//! with its place; [`AlertmanagerFile::original`] is byte for byte what Alertmanager shows of the file. Nothing is opened: templates are
//! named, not read.

mod check;
mod codes;
mod file;
mod fill;
mod folder;
mod read;
mod warn;

use std::sync::Arc;

pub use self::codes::CODES;
use crate::model::Diagnostic;

/// An `alertmanager.yml` that was read.
#[derive(Debug, Clone)]
pub struct AlertmanagerFile {
    /// The whole file as Alertmanager shows it at `/api/v2/status`: defaults filled in, secrets masked.
    pub original: Arc<str>,
    /// Patterns of files with templates, relative ones below the folder of the file.
    pub templates: Vec<String>,
    /// What is worth knowing of a file that is accepted.
    pub warnings: Vec<Diagnostic>,
}
