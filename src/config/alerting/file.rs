//! An `alertmanager.yml` on disk: by itself, or in the place of `[route]` and its neighbours.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    Alerting, MatcherMode, TemplateFile, compile::Compile, extras, push, template_files,
    warnings::unreadable, written::Written,
};
use crate::{
    alert::spec as alert,
    compat::alertmanager as compat,
    config::{
        codes::Code,
        files::SourceFile,
        finding::{self, Finding},
        place, render,
        syntax::Format,
    },
    model::{Diagnostic, Secret, Severity},
    notify::spec::Receivers,
};

/// Where an `alertmanager.yml` is, and how it is read.
#[derive(Debug, Clone, Default)]
pub struct AlertmanagerSource {
    /// The file.
    pub path: PathBuf,
    /// A file of noroshi's own beside it, for what that has no words for.
    pub extras: Option<PathBuf>,
    /// How matchers are read.
    pub matchers: MatcherMode,
    /// Where people find us.
    pub external_url: Arc<str>,
}

/// An `alertmanager.yml` that was read, the files of templates included.
pub struct AlertmanagerFile {
    /// What it says, if there is no error.
    pub alerting: Option<Alerting>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The file and the one beside it, as far as they could be read.
    pub files: Vec<SourceFile>,
    /// What to look at for changes.
    pub watched: Vec<PathBuf>,
    /// What a start without `--allow-missing-providers` is refused for.
    pub(in crate::config) missing: Vec<compat::Missing>,
    /// Errors and warnings whose place is in the file that names this one.
    pub(in crate::config) findings: Vec<Finding>,
}

impl AlertmanagerFile {
    /// Reads and checks a file, and what stands beside it: both are right, or neither is used.
    pub fn read(source: &AlertmanagerSource) -> Self {
        let mut read = Self::untried(source);
        if let (Some(alerting), Some(file)) = (&read.alerting, read.files.first()) {
            read.diagnostics.extend(alerting.bad_templates_of(file));
            read.drop_if_wrong();
        }
        read
    }

    /// The same, but for its templates, which may use what is in files that others name.
    fn untried(source: &AlertmanagerSource) -> Self {
        let mut read = Self {
            alerting: None,
            diagnostics: Vec::new(),
            files: Vec::new(),
            watched: vec![source.path.clone()],
            missing: Vec::new(),
            findings: Vec::new(),
        };
        match std::fs::read_to_string(&source.path) {
            Ok(text) => {
                match compat::AlertmanagerFile::read(&text, &source.path, source.matchers.into()) {
                    Ok(file) => read.take(source, file, fingerprint(&text)),
                    Err(diagnostics) => read.diagnostics = diagnostics,
                }
                let path = source.path.clone();
                read.files.push(SourceFile { path, text, format: Format::Yaml });
            }
            Err(error) => {
                let message = format!("cannot read {}: {error}", source.path.display());
                read.diagnostics.push(place::nowhere(Code::Unreadable, message));
            }
        }
        if let Some(path) = &source.extras {
            read.take_extras(path, source.matchers);
        }
        read
    }

    fn take(
        &mut self,
        source: &AlertmanagerSource,
        file: compat::AlertmanagerFile,
        fingerprint: u64,
    ) {
        let compat::AlertmanagerFile { config, receivers, original, templates, warnings, missing } =
            file;
        self.diagnostics = warnings;
        self.missing = missing;
        let folder = source.path.parent().unwrap_or(Path::new(""));
        let found = template_files::read(&templates, folder);
        let unreadable = unreadable(&found).map(|(code, why)| place::nowhere(code, why));
        self.diagnostics.extend(unreadable);
        self.watched.extend(found.watched);
        if self.is_wrong() {
            return;
        }
        let mut written = Written::default();
        written.options.config_file = Some(source.path.clone());
        written.options.matchers = source.matchers;
        let receivers = Receivers { external_url: Arc::clone(&source.external_url), ..receivers };
        let mut alerting = Alerting::new(written, config, receivers);
        alerting.original = original;
        alerting.fingerprint = fingerprint;
        alerting.templates = found.files.into();
        self.alerting = Some(alerting);
    }

    fn take_extras(&mut self, path: &Path, matchers: MatcherMode) {
        let read = extras::read(path, matchers.into(), self.alerting.as_mut());
        self.watched.push(path.to_owned());
        self.files.extend(read.file);
        self.diagnostics.extend(read.diagnostics);
        self.drop_if_wrong();
    }

    fn drop_if_wrong(&mut self) {
        if self.is_wrong() {
            self.alerting = None;
        }
    }

    fn is_wrong(&self) -> bool {
        self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// Makes mistakes of what a start is refused for unless `--allow-missing-providers` is given.
    pub fn refuse_missing(&mut self) {
        compat::refuse(&self.missing, &mut self.diagnostics);
    }

    /// The diagnostics for people, with a line that counts them and ends in `outcome`.
    pub fn human(&self, outcome: &str) -> String {
        render::human(&self.diagnostics, &self.files, false, outcome)
    }
}

impl Alerting {
    /// The same with the files it names: templates, and an `alertmanager.yml`.
    pub(in crate::config) fn read_files(mut self, folder: &Path) -> AlertmanagerFile {
        let at = |key: &str| finding::Path::of(["alerting", key]);
        let found = template_files::read(&self.written.options.templates, folder);
        let unreadable = unreadable(&found);
        let mut findings: Vec<_> =
            unreadable.map(|(code, why)| Finding::new(code, at("templates"), why)).collect();
        let mut watched = found.watched;
        self.templates = found.files.into();
        if let Some(path) = self.written.options.hook_token_file.clone() {
            let path = folder.join(path);
            match hook_token(&path) {
                Ok(token) => self.hook_token = Some(token),
                Err(why) => {
                    findings.push(Finding::new(Code::Unreadable, at("hook_token_file"), why));
                }
            }
            watched.push(path);
        }
        let Some(path) = self.written.options.config_file.clone() else {
            self.original = compat::original(&self.pipeline, &self.receivers).into();
            let (diagnostics, files, missing) = (Vec::new(), Vec::new(), Vec::new());
            let alerting = Some(self);
            return AlertmanagerFile { alerting, diagnostics, files, watched, missing, findings };
        };
        let source = AlertmanagerSource {
            path,
            extras: None,
            matchers: self.matchers,
            external_url: Arc::clone(&self.receivers.external_url),
        };
        let mut read = AlertmanagerFile::untried(&source);
        if read.files.is_empty() {
            let unread = read.diagnostics.drain(..).map(|one| one.message);
            findings
                .extend(unread.map(|why| Finding::new(Code::Unreadable, at("config_file"), why)));
        }
        read.findings = findings;
        read.watched.extend(watched);
        read.alerting = read.alerting.map(|theirs| self.with_file(&theirs));
        if let (Some(alerting), Some(file)) = (&read.alerting, read.files.first()) {
            read.diagnostics.extend(alerting.bad_templates_of(file));
        }
        read
    }

    /// Whether routes and receivers stand in an `alertmanager.yml`.
    pub(in crate::config) fn is_from_file(&self) -> bool {
        self.written.options.config_file.is_some()
    }

    /// Heartbeats that go to a receiver which an `alertmanager.yml` does not have, or which nobody can tell.
    pub(in crate::config) fn unreachable_receivers(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.is_from_file() {
            let mut compile = Compile {
                syntax: self.matchers.into(),
                receivers: self.pipeline.receivers.iter().map(|one| &*one.name).collect(),
                intervals: BTreeSet::new(),
                findings: &mut findings,
            };
            push::check_receivers(&self.written.deadman, &mut compile);
            findings.extend(push::unbuilt_receivers(&self.written.deadman, &self.receivers));
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
            fingerprint: file.fingerprint,
            ..self
        }
    }
}

/// Names a text, secrets and all. It is shown, and the 48 bits that are kept of a digest give none of them away; a float
/// holds them to the last one.
fn fingerprint(text: &str) -> u64 {
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref().iter().take(6).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The token in a file. One that is not there, or empty, would let everybody in.
fn hook_token(path: &Path) -> Result<Secret, String> {
    let unusable = |why: &dyn std::fmt::Display| {
        format!("cannot read `alerting.hook_token_file` {}: {why}", path.display())
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    match text.trim() {
        "" => Err(unusable(&"it is empty")),
        token => Ok(Secret::new(token)),
    }
}
