//! An `alertmanager.yml` on disk: by itself, or in the place of `[route]` and its neighbours.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Alerting, MatcherMode, TemplateFile, compile::Compile, push, template_files,
    warnings::unreadable, written::Written,
};
use crate::{
    alert::spec as alert,
    compat::alertmanager as compat,
    config::{codes::Code, files::SourceFile, finding::Finding, place, render, syntax::Format},
    model::{Diagnostic, Secret, Severity},
    notify::spec::Receivers,
};

/// An `alertmanager.yml` that was read, the files of templates included.
pub struct AlertmanagerFile {
    /// What it says, if there is no error.
    pub alerting: Option<Alerting>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The file, if it could be read at all.
    pub file: Option<SourceFile>,
    /// What to look at for changes.
    pub watched: Vec<PathBuf>,
}

impl AlertmanagerFile {
    /// Reads and checks a file.
    pub fn read(path: PathBuf, matchers: MatcherMode, external_url: &str) -> Self {
        let mut read = Self {
            alerting: None,
            diagnostics: Vec::new(),
            file: None,
            watched: vec![path.clone()],
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                read.diagnostics.push(place::nowhere(Code::Unreadable, message));
                return read;
            }
        };
        match compat::AlertmanagerFile::read(&text, &path, matchers.into()) {
            Ok(file) => read.take(&path, file, matchers, external_url),
            Err(diagnostics) => read.diagnostics = diagnostics,
        }
        read.file = Some(SourceFile { path, text, format: Format::Yaml });
        read
    }

    fn take(
        &mut self,
        path: &Path,
        file: compat::AlertmanagerFile,
        matchers: MatcherMode,
        external_url: &str,
    ) {
        let compat::AlertmanagerFile { config, receivers, original, templates, warnings, .. } =
            file;
        self.diagnostics = warnings;
        let found = template_files::read(&templates, path.parent().unwrap_or(Path::new("")));
        self.diagnostics.extend(unreadable(&found));
        self.watched.extend(found.watched);
        if self.diagnostics.iter().any(|one| one.severity == Severity::Error) {
            return;
        }
        let mut written = Written::default();
        written.options.config_file = Some(path.to_owned());
        written.options.matchers = matchers;
        let receivers = Receivers { external_url: external_url.into(), ..receivers };
        let mut alerting = Alerting::new(written, config, receivers);
        alerting.original = original;
        alerting.templates = found.files.into();
        self.alerting = Some(alerting);
    }

    /// The diagnostics for people, with a line that counts them and ends in `outcome`.
    pub fn human(&self, outcome: &str) -> String {
        render::human(&self.diagnostics, self.file.as_slice(), false, outcome)
    }
}

impl Alerting {
    /// The same with the files it names: templates, and an `alertmanager.yml`.
    pub(in crate::config) fn read_files(mut self, folder: &Path) -> AlertmanagerFile {
        let found = template_files::read(&self.written.options.templates, folder);
        let mut diagnostics = unreadable(&found);
        let mut watched = found.watched;
        self.templates = found.files.into();
        if let Some(path) = self.written.options.hook_token_file.clone() {
            let path = folder.join(path);
            match hook_token(&path) {
                Ok(token) => self.hook_token = Some(token),
                Err(unusable) => diagnostics.push(*unusable),
            }
            watched.push(path);
        }
        let Some(path) = self.written.options.config_file.clone() else {
            self.original = compat::original(&self.pipeline, &self.receivers).into();
            return AlertmanagerFile { alerting: Some(self), diagnostics, file: None, watched };
        };
        let external_url = Arc::clone(&self.receivers.external_url);
        let read = AlertmanagerFile::read(path, self.matchers, &external_url);
        diagnostics.extend(read.diagnostics);
        watched.extend(read.watched);
        let alerting = read.alerting.map(|theirs| self.with_file(&theirs));
        AlertmanagerFile { alerting, diagnostics, file: read.file, watched }
    }

    /// Heartbeats that go to a receiver which an `alertmanager.yml` does not have.
    pub(in crate::config) fn unknown_receivers(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.written.options.config_file.is_some() {
            let mut compile = Compile {
                syntax: self.matchers.into(),
                receivers: self.pipeline.receivers.iter().map(|one| &*one.name).collect(),
                intervals: BTreeSet::new(),
                findings: &mut findings,
            };
            push::check_receivers(&self.written.deadman, &mut compile);
        }
        findings
    }

    /// What an `alertmanager.yml` says, in the place of what this one says of the same.
    fn with_file(self, file: &Self) -> Self {
        let (own, theirs) = (&*self.pipeline, &*file.pipeline);
        let pipeline = alert::Config {
            maintenance: own.maintenance.clone(),
            flap_hold: own.flap_hold,
            resolve_hold: own.resolve_hold,
            alertmanagers: own.alertmanagers.clone(),
            ..theirs.clone()
        };
        let receivers =
            Receivers { receivers: file.receivers.receivers.clone(), ..(*self.receivers).clone() };
        let templates: Vec<TemplateFile> =
            file.templates.iter().chain(&*self.templates).cloned().collect();
        Self {
            pipeline: Arc::new(pipeline),
            receivers: Arc::new(receivers),
            templates: templates.into(),
            original: Arc::clone(&file.original),
            ..self
        }
    }
}

/// The token in a file. One that is not there, or empty, would let everybody in.
fn hook_token(path: &Path) -> Result<Secret, Box<Diagnostic>> {
    let unusable = |why: &dyn std::fmt::Display| {
        let message = format!("cannot read `alerting.hook_token_file` {}: {why}", path.display());
        Box::new(place::nowhere(Code::Unreadable, message))
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    match text.trim() {
        "" => Err(unusable(&"it is empty")),
        token => Ok(Secret::new(token)),
    }
}
