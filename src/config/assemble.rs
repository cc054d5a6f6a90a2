//! The merged values to a configuration, section by section.

use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use super::{
    CommonKeys, Config, MetricsOptions, WebOptions, alerting, checks, clusters,
    codes::Code,
    finding::{Finding, Path},
    layers::Values,
    object_clusters::Clusters,
    reading, rules,
};
use crate::{model::Severity, probe::spec::Check};

/// The sections of a file, in the order of the documentation.
const SECTIONS: [&str; 9] =
    ["defaults", "checks", "clusters", "metrics", "schedule", "web", "blackbox", "log", "demo"];

/// What other programs of the field call a section.
fn elsewhere(key: &str) -> Option<&'static str> {
    match key {
        "global" => Some("defaults"),
        "endpoints" | "targets" | "monitors" | "probes" | "scrape_configs" => Some("checks"),
        "server" => Some("web"),
        "logging" => Some("log"),
        "scheduler" => Some("schedule"),
        "routes" => Some("route"),
        "silences" => Some("maintenance"),
        "storage" | "database" => Some("store"),
        "cluster" | "kubernetes" => Some("clusters"),
        "mute_time_intervals" => Some("time_intervals"),
        _ => None,
    }
}

/// Every section that could be read; what is wrong goes to `findings`.
pub(super) fn config(values: &Values, findings: &mut Vec<Finding>) -> Config {
    let none = Dict::new();
    let root = values.root.as_dict().unwrap_or(&none);
    let known: Vec<&str> = SECTIONS.into_iter().chain(alerting::SECTIONS).collect();
    for key in root.keys().filter(|key| !known.contains(&key.as_str())) {
        let known = known.iter().copied();
        let finding = reading::unknown_key(&Path::of([key.as_str()]), key, known);
        findings.push(match elsewhere(key) {
            Some(section) => finding.hint(format!("here it is called `[{section}]`")),
            None => finding,
        });
    }
    let defaults = defaults(values, findings);
    let metrics: MetricsOptions = section(values, "metrics", findings);
    findings.extend(rules::metrics(&metrics));
    let checks = match root.get("checks") {
        None | Some(Value::Empty(..)) => Vec::new(),
        Some(Value::Dict(_, dict)) => {
            let clusters = Clusters::among(root.get("clusters"));
            checks::assemble(values, (dict, &clusters), &defaults, &metrics, findings)
        }
        Some(_) => {
            let message = "`checks` must be a table of tables, one for each check";
            findings.push(Finding::new(Code::WrongType, Path::of(["checks"]), message));
            Vec::new()
        }
    };
    // A check that is wrong is not among them, and may be the one with the label.
    if !findings.iter().any(|finding| finding.code.severity() == Severity::Error) {
        findings.extend(unused_export_labels(&metrics, &checks));
    }
    let mut web: WebOptions = section(values, "web", findings);
    web.route_prefix = Some(web.prefix());
    let external_url = web.external_url.as_ref().map(ToString::to_string).unwrap_or_default();
    let alerting = alerting::assemble(values, external_url.trim_end_matches('/'), findings);
    Config {
        checks,
        metrics,
        schedule: section(values, "schedule", findings),
        web,
        log: section(values, "log", findings),
        clusters: clusters::assemble(values, findings),
        demo: section(values, "demo", findings),
        blackbox: section(values, "blackbox", findings),
        alerting,
        store: values.find(&Path::of(["store"])).map(|_| section(values, "store", findings)),
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
