//! Files, environment and flags to one checked configuration; every mistake at once, with file, line and column.
//!
//! Contract: [`load`] reads the files it is told, runs nothing and changes nothing. It gives either a [`Config`] in which
//! everything is checked and every default is filled in, or diagnostics that say all that is wrong; a secret is in
//! neither. The order of the layers, the last one wins: built-in values, files as given, `conf.d`, environment, flags.

mod alerting;
mod assemble;
mod blackbox;
mod checks;
mod clusters;
mod codes;
mod effective;
mod examples;
mod files;
mod finding;
mod from_toml;
mod from_yaml;
mod keys;
mod layers;
mod object_clusters;
mod one_off;
mod place;
mod reading;
mod reference;
mod references;
mod render;
mod rules;
mod schema;
mod sections;
mod sensitive;
mod syntax;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use figment::value::Dict;

pub use self::{
    alerting::{
        Alerting, AlertingOptions, AlertmanagerFile, AlertmanagerSource, MatcherMode, TemplateFile,
    },
    blackbox::{BlackboxFile, BlackboxOptions},
    clusters::ClusterOptions,
    codes::Code,
    files::SourceFile,
    keys::{CommonKeys, DnsServer},
    one_off::one_off,
    reference::{examples, reference},
    schema::schema,
    sections::{
        DEFAULT_PORT, DemoOptions, ExternalUrl, ListenAddress, LogFormat, LogLevel, LogOptions,
        MetricsOptions, RoutePrefix, ScheduleOptions, WebOptions,
    },
};
use self::{
    files::Refused,
    finding::Finding,
    layers::{Layer, Values},
    place::Places,
};
pub use crate::model::suggest::nearest;
use crate::{
    compat::{self, alertmanager::Missing, blackbox::Modules},
    model::{Diagnostic, Severity, suggest},
    probe::spec::Check,
    store::spec::Options as StoreOptions,
};

/// What a configuration is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files, and directories of files, in order.
    pub files: Vec<PathBuf>,
    /// Values given as flags, under the keys of the file: `{ web: { route_prefix: "/x" } }`.
    pub flags: Dict,
    /// The process's variables, or a test's. Only those beginning with `NOROSHI__` are read.
    pub environment: Vec<(String, String)>,
}

/// A configuration in which everything is checked and every default is filled in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// By name.
    pub checks: Vec<Check>,
    /// What `/metrics` shows.
    pub metrics: MetricsOptions,
    /// How much runs at once.
    pub schedule: ScheduleOptions,
    /// The HTTP server.
    pub web: WebOptions,
    /// What noroshi says of itself.
    pub log: LogOptions,
    /// Kubernetes clusters that are watched, by name.
    pub clusters: BTreeMap<String, ClusterOptions>,
    /// Targets of our own.
    pub demo: DemoOptions,
    /// Probes on request.
    pub blackbox: BlackboxOptions,
    /// Who is told of what; `None` where nothing is said of it.
    pub alerting: Option<Alerting>,
    /// What survives a restart; `None` where nothing is said of it.
    pub store: Option<StoreOptions>,
}

/// The outcome of loading. It holds the files and every value for whoever asks where something came from; take the
/// configuration out and drop the rest.
pub struct Loaded {
    /// There if there is no error.
    pub config: Option<Config>,
    /// Errors and warnings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The modules of `blackbox.config_file`; none without one.
    pub modules: Arc<Modules>,
    files: Vec<SourceFile>,
    watched: Vec<PathBuf>,
    values: Option<Values>,
    /// Of an `alertmanager.yml`: what nobody can tell by.
    missing: Vec<Missing>,
}

/// The process's own variables, for [`Sources`].
pub fn process_environment() -> Vec<(String, String)> {
    let ours = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    ours.filter(|(name, _)| name.starts_with(layers::PREFIX)).collect()
}

/// Reads and checks a configuration.
pub fn load(sources: &Sources) -> Loaded {
    let found = files::read(&sources.files);
    let mut loaded = Loaded {
        config: None,
        diagnostics: found.refused.iter().map(refused).collect(),
        modules: Arc::default(),
        files: found.files,
        watched: found.watched,
        values: None,
        missing: Vec::new(),
    };
    let mut layers = Vec::new();
    for file in &loaded.files {
        match file.format.values(&file.text) {
            Ok(values) => layers.push(Layer::file(file, values)),
            Err(errors) => {
                let errors = errors.into_iter().map(|error| place::syntax(file, error));
                loaded.diagnostics.extend(errors);
            }
        }
    }
    // What is missing from a file nobody could read would only be reported again as unknown.
    if loaded.diagnostics.is_empty() {
        let (environment, bad) = Layer::environment(&sources.environment);
        loaded.diagnostics.extend(bad.iter().map(|name| {
            let message = format!("the environment variable {name} names no key");
            place::nowhere(Code::BadVariable, message)
        }));
        layers.extend(environment);
        layers.extend(Layer::flags(&sources.flags));
        loaded.check(&layers);
    }
    place::sort(&mut loaded.diagnostics, &loaded.files);
    loaded
}

impl Config {
    /// As TOML: every default filled in, every secret masked.
    pub fn effective(&self) -> String {
        effective::write(self, None)
    }
}

impl Loaded {
    /// Whether something may not be applied.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Makes mistakes of what a start is refused for unless `--allow-missing-providers` is given.
    pub fn refuse_missing(&mut self) {
        let ours = self.diagnostics.iter_mut();
        for one in ours.filter(|one| one.code == Code::MissingProvider.word()) {
            one.severity = Severity::Error;
        }
        compat::alertmanager::refuse(&self.missing, &mut self.diagnostics);
    }

    /// What to look at for changes: files and directories, present or not.
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    /// The files that were read, in the order of the layers.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The diagnostics for people, with a line that counts them; if there are errors it ends in `outcome`, such as
    /// "nothing was started".
    pub fn human(&self, colour: bool, outcome: &str) -> String {
        render::human(&self.diagnostics, &self.files, colour, outcome)
    }

    /// Every value, defaults filled in and secrets masked, as TOML that could be loaded again; empty if there are errors.
    /// With `sources`, each line tells where its value comes from.
    pub fn effective(&self, sources: bool) -> String {
        match (&self.config, &self.values) {
            (Some(config), Some(values)) if sources => {
                effective::write(config, Some(Places::new(values, &self.files)))
            }
            (Some(config), _) => config.effective(),
            (None, _) => String::new(),
        }
    }

    fn check(&mut self, layers: &[Layer]) {
        let values = match Values::merge(layers) {
            Ok(values) => values,
            Err(error) => {
                self.diagnostics.push(place::nowhere(Code::BadValue, error.to_string()));
                return;
            }
        };
        let mut findings = Vec::new();
        let mut config = assemble::config(&values, &mut findings);
        self.read_alerting(&values, &mut config.alerting, &mut findings);
        let idle = config.checks.is_empty()
            && config.blackbox.config_file.is_none()
            && config.alerting.is_none();
        if idle && findings.is_empty() && !self.files.is_empty() {
            let message = "the configuration holds no check".to_owned();
            self.diagnostics.push(place::nowhere(Code::NoChecks, message));
        }
        let mut places = Places::new(&values, &self.files);
        self.diagnostics.extend(findings.into_iter().map(|finding| places.diagnostic(finding)));
        self.read_modules(&config.blackbox);
        self.config = (!self.has_errors()).then_some(config);
        self.values = Some(values);
    }

    /// The files that `[alerting]` names.
    fn read_alerting(
        &mut self,
        values: &Values,
        alerting: &mut Option<Alerting>,
        findings: &mut Vec<Finding>,
    ) {
        let Some(own) = alerting.take() else { return };
        let folder = self.files.first().and_then(|file| file.path.parent());
        let read = own.read_files(folder.unwrap_or(Path::new("")));
        self.watched.extend(read.watched);
        self.diagnostics.extend(read.diagnostics);
        self.files.extend(read.files);
        self.missing = read.missing;
        findings.extend(read.findings);
        findings.extend(read.alerting.iter().flat_map(Alerting::unreachable_receivers));
        if let Some(own) = read.alerting.as_ref().filter(|own| !own.is_from_file()) {
            let (in_files, in_tables) = own.bad_templates(values);
            self.diagnostics.extend(in_files);
            findings.extend(in_tables);
        }
        *alerting = read.alerting;
    }

    fn read_modules(&mut self, options: &BlackboxOptions) {
        let Some(path) = options.config_file.clone() else { return };
        self.watched.push(path.clone());
        let read = BlackboxFile::read(path);
        self.modules = read.modules.unwrap_or_default();
        self.diagnostics.extend(read.diagnostics);
        self.files.extend(read.file);
    }
}

/// Diagnostics that belong to no file, for people.
pub fn human(diagnostics: &[Diagnostic], colour: bool) -> String {
    render::human(diagnostics, &[], colour, "")
}

/// Diagnostics for programs: an array.
pub fn json(diagnostics: &[Diagnostic]) -> String {
    serde_json::to_string_pretty(diagnostics).unwrap_or_default()
}

fn refused(refused: &Refused) -> Diagnostic {
    match refused {
        Refused::Unreadable(path, error) => {
            let message = format!("cannot read {}: {error}", path.display());
            place::nowhere(Code::Unreadable, message)
        }
        Refused::UnknownFormat(path) => {
            let message =
                format!("{}: its name does not end in .toml, .yaml or .yml", path.display());
            place::nowhere(Code::UnknownFormat, message)
        }
    }
}
