//! A file of noroshi's own beside an `alertmanager.yml`: what that has no words for, in the words of the daemon's sections.

use std::{collections::BTreeMap, path::Path as FilePath, sync::Arc};

use figment::value::Dict;
use serde::Deserialize;

use super::{
    Alerting, MaintenanceKeys,
    assemble::{OF_THE_FILE, each, named, one},
    compile::Compile,
    options::FlapHoldKeys,
    push,
    receiver::{RateLimitKeys, kinds},
    warnings,
};
use crate::{
    alert::spec::Maintenance,
    config::{
        codes::Code,
        files::{self, SourceFile},
        finding::{Finding, Path},
        layers::{Layer, Values},
        place::{self, Places},
        reading, refused,
    },
    model::{Diagnostic, Severity, matcher::Syntax},
    notify::spec::{Deadman, Limits},
};

/// The sections that it may have.
const SECTIONS: [&str; 4] = ["alerting", "receivers", "maintenance", "deadman"];

/// `[alerting]`: the rest of it is said by flags and by the `alertmanager.yml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    flap_hold: Option<FlapHoldKeys>,
}

/// `[receivers.NAME]`: how it tells, the `alertmanager.yml` says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReceiverExtras {
    rate_limit: Option<RateLimitKeys>,
    retry: Limits,
}

/// What such a file says.
struct Extras {
    options: Options,
    receivers: BTreeMap<String, ReceiverExtras>,
    maintenance: Vec<Maintenance>,
    deadman: BTreeMap<String, Deadman>,
}

/// What came of reading one.
pub(super) struct Read {
    /// The file, if it could be read at all.
    pub(super) file: Option<SourceFile>,
    /// Errors and warnings.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads the file at `path` and adds what it says to `alerting`, if neither has a mistake. Receivers that it names must be
/// those of `alerting`; `None` where that could not be read, so that nobody knows.
pub(super) fn read(path: &FilePath, syntax: Syntax, alerting: Option<&mut Alerting>) -> Read {
    let file = match files::one(path) {
        Ok(file) => file,
        Err(why) => return Read { file: None, diagnostics: vec![refused(&why)] },
    };
    let diagnostics = match file.format.values(&file.text) {
        Ok(values) => check(&file, values, syntax, alerting),
        Err(errors) => errors.into_iter().map(|error| place::syntax(&file, error)).collect(),
    };
    Read { file: Some(file), diagnostics }
}

fn check(
    file: &SourceFile,
    values: Dict,
    syntax: Syntax,
    alerting: Option<&mut Alerting>,
) -> Vec<Diagnostic> {
    let values = match Values::merge(&[Layer::file(file, values)]) {
        Ok(values) => values,
        Err(error) => return vec![place::nowhere(Code::BadValue, error.to_string())],
    };
    let mut findings = strangers(&values);
    let extras = Extras::read(&values, syntax, &mut findings);
    if let Some(alerting) = &alerting {
        extras.check_receivers(alerting, syntax, &mut findings);
    }
    findings.extend(warnings::unexpanded(&values));
    let is_wrong = findings.iter().any(|one| one.code.severity() == Severity::Error);
    if let Some(alerting) = alerting.filter(|_| !is_wrong) {
        extras.join(alerting);
    }
    let files = std::slice::from_ref(file);
    let mut places = Places::new(&values, files);
    let mut found: Vec<_> = findings.into_iter().map(|one| places.diagnostic(one)).collect();
    place::sort(&mut found, files);
    found
}

/// Sections that do not belong here, each with where it does belong.
fn strangers(values: &Values) -> Vec<Finding> {
    let none = Dict::new();
    let root = values.root.as_dict().unwrap_or(&none);
    let strange = root.keys().filter(|key| !SECTIONS.contains(&key.as_str()));
    let finding = |key: &String| {
        let finding = reading::unknown_key(&Path::of([key.as_str()]), key, SECTIONS);
        match key.as_str() {
            key if OF_THE_FILE.contains(&key) => finding.hint(belongs("the alertmanager.yml")),
            "store" => finding.hint(belongs("--storage.path and --data.retention")),
            "checks" | "defaults" | "alertmanagers" | "web" | "log" | "metrics" | "schedule"
            | "blackbox" | "demo" => finding.hint("only the daemon has it".to_owned()),
            _ => finding,
        }
    };
    strange.map(finding).collect()
}

fn belongs(place: &str) -> String {
    format!("that is said by {place}")
}

impl Extras {
    fn read(values: &Values, syntax: Syntax, findings: &mut Vec<Finding>) -> Self {
        let mut own = Vec::new();
        let options = one(values, &Path::of(["alerting"]), &mut own).unwrap_or_default();
        let receivers = named(values, "receivers", &mut own);
        findings.extend(own.into_iter().map(elsewhere));
        let windows: BTreeMap<String, MaintenanceKeys> = named(values, "maintenance", findings);
        let deadman = each(values, "deadman", findings, push::deadman);
        let mut compile = Compile {
            syntax,
            receivers: std::collections::BTreeSet::new(),
            intervals: std::collections::BTreeSet::new(),
            findings,
        };
        let maintenance = windows
            .iter()
            .filter_map(|(name, keys)| {
                keys.compile(name, &Path::of(["maintenance", name]), &mut compile)
            })
            .collect();
        Self { options, receivers, maintenance, deadman }
    }

    fn check_receivers(&self, alerting: &Alerting, syntax: Syntax, findings: &mut Vec<Finding>) {
        let mut compile = Compile {
            syntax,
            receivers: alerting.pipeline.receivers.iter().map(|one| &*one.name).collect(),
            intervals: std::collections::BTreeSet::new(),
            findings,
        };
        for name in self.receivers.keys() {
            compile.receiver(&Path::of(["receivers", name]), name);
        }
        push::check_receivers(&self.deadman, &mut compile);
    }

    fn join(self, alerting: &mut Alerting) {
        let pipeline = Arc::make_mut(&mut alerting.pipeline);
        pipeline.flap_hold = self.options.flap_hold.map(Into::into);
        pipeline.maintenance = self.maintenance;
        for receiver in &mut pipeline.receivers {
            if let Some(own) = self.receivers.get(&*receiver.name) {
                receiver.rate_limit = own.rate_limit.map(Into::into);
            }
        }
        let receivers = Arc::make_mut(&mut alerting.receivers);
        receivers.deadmen = self.deadman.into_values().map(Arc::new).collect();
        for receiver in &mut receivers.receivers {
            if let Some(own) = self.receivers.get(&*receiver.name) {
                Arc::make_mut(receiver).limits = own.retry;
            }
        }
    }
}

/// A key that the daemon knows, with where it is said in Alertmanager's place.
fn elsewhere(finding: Finding) -> Finding {
    if finding.code != Code::UnknownKey {
        return finding;
    }
    let keys: Vec<&str> = finding.path.keys().collect();
    let place = match keys[..] {
        ["alerting", "config_file"] => "--config.file",
        ["alerting", "matchers"] => "--enable-feature",
        ["alerting", "allow_missing_providers"] => "--allow-missing-providers",
        ["alerting", "resolve_timeout"] => "`global` of the alertmanager.yml",
        ["alerting", "templates"] => "the alertmanager.yml",
        ["alerting", "start_grace" | "resolve_hold" | "hook_token" | "hook_token_file"] => {
            return finding.hint("only the daemon has it".to_owned());
        }
        ["receivers", _, key] if key == "labels" || is_kind(key) => "the alertmanager.yml",
        _ => return finding,
    };
    finding.hint(belongs(place))
}

fn is_kind(key: &str) -> bool {
    kinds().any(|kind| kind == key.strip_suffix("_configs").unwrap_or(key))
}
