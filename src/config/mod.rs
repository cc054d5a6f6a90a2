//! Files, environment and flags to one checked configuration; every mistake at once, with file, line and column.
//!
//! Contract: [`load`] reads the files it is told, runs nothing and changes nothing. It gives either a [`Config`] in which
//! everything is checked and every default is filled in, or diagnostics that say all that is wrong; a secret is in
//! neither. The order of the layers, the last one wins: built-in values, files as given, `conf.d`, environment, flags.

mod checks;
mod codes;
mod effective;
mod files;
mod finding;
mod from_toml;
mod from_yaml;
mod keys;
mod layers;
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
mod suggest;
mod syntax;

use std::path::PathBuf;

use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

pub use self::{
    codes::Code,
    files::SourceFile,
    keys::{CommonKeys, DnsServer},
    one_off::one_off,
    reference::reference,
    schema::schema,
    sections::{
        DEFAULT_PORT, DemoOptions, ExternalUrl, ListenAddress, LogFormat, LogLevel, LogOptions,
        MetricsOptions, RoutePrefix, ScheduleOptions, WebOptions,
    },
};
use self::{
    files::Refused,
    finding::{Finding, Path},
    layers::{Layer, Values},
    place::Places,
};
use crate::{
    model::{Diagnostic, Severity},
    probe::spec::Check,
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
    /// Targets of our own.
    pub demo: DemoOptions,
}

/// The outcome of loading.
pub struct Loaded {
    /// There if there is no error.
    pub config: Option<Config>,
    /// Errors and warnings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    files: Vec<SourceFile>,
    watched: Vec<PathBuf>,
    values: Option<Values>,
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
        files: found.files,
        watched: found.watched,
        values: None,
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

impl Loaded {
    /// Whether something may not be applied.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
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
            (Some(config), _) => effective::write(config, None),
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
        let config = assemble(&values, &mut findings);
        if config.checks.is_empty() && findings.is_empty() && !self.files.is_empty() {
            let message = "the configuration holds no check".to_owned();
            self.diagnostics.push(place::nowhere(Code::NoChecks, message));
        }
        let mut places = Places::new(&values, &self.files);
        self.diagnostics.extend(findings.into_iter().map(|finding| places.diagnostic(finding)));
        self.config = (!self.has_errors()).then_some(config);
        self.values = Some(values);
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

/// The sections of a file, in the order of the documentation.
const SECTIONS: [&str; 7] = ["defaults", "checks", "metrics", "schedule", "web", "log", "demo"];

/// Every section that could be read; what is wrong goes to `findings`.
fn assemble(values: &Values, findings: &mut Vec<Finding>) -> Config {
    let none = Dict::new();
    let root = values.root.as_dict().unwrap_or(&none);
    for key in root.keys().filter(|key| !SECTIONS.contains(&key.as_str())) {
        findings.push(reading::unknown_key(&Path::of([key.as_str()]), key, SECTIONS));
    }
    let defaults = defaults(values, findings);
    let metrics: MetricsOptions = section(values, "metrics", findings);
    findings.extend(rules::metrics(&metrics));
    let checks = match root.get("checks") {
        None | Some(Value::Empty(..)) => Vec::new(),
        Some(Value::Dict(_, dict)) => checks::assemble(values, dict, &defaults, &metrics, findings),
        Some(_) => {
            let message = "`checks` must be a table of tables, one for each check";
            findings.push(Finding::new(Code::WrongType, Path::of(["checks"]), message));
            Vec::new()
        }
    };
    findings.extend(unused_export_labels(&metrics, &checks));
    let mut web: WebOptions = section(values, "web", findings);
    web.route_prefix = Some(web.prefix());
    Config {
        checks,
        metrics,
        schedule: section(values, "schedule", findings),
        web,
        log: section(values, "log", findings),
        demo: section(values, "demo", findings),
    }
}

fn section<T: DeserializeOwned + Default>(
    values: &Values,
    name: &str,
    findings: &mut Vec<Finding>,
) -> T {
    let at = Path::of([name]);
    let value = match values.find(&at) {
        None | Some(Value::Empty(..)) => return T::default(),
        Some(value) => value,
    };
    let read = reading::section(values, &at, value);
    findings.extend(read.findings);
    read.value.unwrap_or_default()
}

/// `[defaults]`: the common keys without `depends_on`, which belongs to a single check.
fn defaults(values: &Values, findings: &mut Vec<Finding>) -> CommonKeys {
    let mut own = Vec::new();
    let mut keys: CommonKeys = section(values, "defaults", &mut own);
    let at = Path::of(["defaults"]);
    for finding in &mut own {
        finding.known.retain(|key| key != "depends_on");
    }
    if keys.depends_on.take().is_some() {
        let hint = "it belongs to a single check; `guard` can stand here".to_owned();
        let path = at.key("depends_on");
        own.push(reading::unknown_key(&path, "depends_on", []).hint(hint));
    }
    own.extend(rules::each(&at, &keys, None));
    own.extend(rules::times(&at, &keys, &CommonKeys::default()));
    findings.append(&mut own);
    keys
}

/// Labels to export that no check has.
fn unused_export_labels(metrics: &MetricsOptions, checks: &[Check]) -> Vec<Finding> {
    let unused = |label: &str| {
        !checks.is_empty() && !checks.iter().any(|check| check.settings.labels.contains_key(label))
    };
    let labels = metrics.export_labels.iter().enumerate().filter(|(_, label)| unused(label));
    let at = Path::of(["metrics", "export_labels"]);
    labels
        .map(|(index, label)| {
            let message = format!("no check has the label `{label}`");
            Finding::new(Code::UnusedExportLabel, at.index(index), message)
        })
        .collect()
}
