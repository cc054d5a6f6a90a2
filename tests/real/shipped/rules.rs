//! The shipped rules before a real Prometheus: each recording rule has series, and which alerts the world brings about.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use regex::Regex;
use serde_json::Value;

use super::{
    dashboards::{Dashboard, Variables, Window, links::Trail},
    prometheus::Prometheus,
    world::World,
};
use crate::server::wait_until;

/// Alerts that nothing in the world brings about, by why not. promtool tries each of them on series that are made up.
const QUIET: [(&str, &[&str]); 3] = [
    (
        "what it waits for takes longer than the world lasts",
        &[
            "NoroshiClusterCollectorStale",
            "NoroshiClusterLost",
            "NoroshiErrorBudgetExhausted",
            "NoroshiNamespaceStuckTerminating",
            "NoroshiPodsPending",
            "NoroshiPodsStuckTerminating",
        ],
    ),
    (
        "noroshi itself would have to be broken, or its machine",
        &[
            "NoroshiAlertmanagerQueueFull",
            "NoroshiAlertsLimited",
            "NoroshiClockJumping",
            "NoroshiDeadmanWithheld",
            "NoroshiFileDescriptorsNearlyUsedUp",
            "NoroshiNoChecks",
            "NoroshiProbesRejected",
            "NoroshiRestarting",
            "NoroshiScrapesRejected",
            "NoroshiStoreDegraded",
            "NoroshiStoreLostRecords",
            "NoroshiTaskEnded",
            "NoroshiWebConfigFailed",
        ],
    ),
    (
        "nobody makes such an object here",
        &[
            "NoroshiClusterObjectsUnreadable",
            "NoroshiContainerRestarting",
            "NoroshiCronJobFailing",
            "NoroshiCronJobLate",
            "NoroshiNodeFlapping",
            "NoroshiVolumeClaimLost",
            "NoroshiVolumeFailed",
        ],
    ),
];

/// Those that a slow machine brings about, or the first second.
const PERHAPS: [&str; 7] = [
    "NoroshiAbsent",
    "NoroshiCheckStale",
    "NoroshiConfigReloadFailed",
    "NoroshiNodeNotReady",
    "NoroshiOutboxStalled",
    "NoroshiRunsMissed",
    "NoroshiScheduleLag",
];

/// What alerts have to say beside their labels.
const ANNOTATIONS: [&str; 4] = ["summary", "description", "runbook_url", "dashboard_url"];

/// The repository's.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus-rules")
}

/// The repository's files, each by its name. What Prometheus reads are copies that differ by what `change` does to them.
pub(super) fn copied(to: &Path, change: impl Fn(&str) -> String) -> String {
    std::fs::create_dir_all(to).unwrap();
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(!files.is_empty(), "no rules in {}", folder().display());
    for file in files {
        let text = change(&std::fs::read_to_string(&file).unwrap());
        std::fs::write(to.join(file.file_name().unwrap()), text).unwrap();
    }
    format!("rule_files: ['{}/*.yaml']", to.display())
}

/// Groups are evaluated so often, whatever interval they have.
pub(super) fn each(seconds: u64, text: &str) -> String {
    let interval = Regex::new(r"(?m)^(\s*(?:- )?interval:).*$").unwrap();
    interval.replace_all(text, format!("$1 {seconds}s")).into_owned()
}

/// Each recording rule has series, everywhere.
pub(super) fn record(world: &World) {
    for prometheus in &world.prometheus {
        let mut empty = Vec::new();
        let deadline = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until("every recording rule to have series", || {
                let rules = all(prometheus, "recording");
                assert!(!rules.is_empty(), "no recording rule was loaded");
                empty = rules.iter().filter_map(|rule| without_series(prometheus, rule)).collect();
                empty.is_empty().then_some(())
            });
        }));
        assert!(deadline.is_ok(), "{}: without series:\n{}", prometheus.name, empty.join("\n"));
        let count = all(prometheus, "recording").len();
        eprintln!("{}: {count} recording rules have series", prometheus.name);
    }
}

fn without_series(prometheus: &Prometheus, rule: &Value) -> Option<String> {
    let name = rule["name"].as_str().unwrap();
    assert_ne!(rule["health"], "err", "{name}: {}", rule["lastError"]);
    let expression = rule["query"].as_str().unwrap();
    let asked = prometheus.instant(expression);
    assert!(asked.complaints.is_empty(), "{name}: {expression}: {:?}", asked.complaints);
    let recorded = prometheus.instant(name);
    (asked.rows.is_empty() || recorded.rows.is_empty()).then(|| format!("{name}: {expression}"))
}

/// Which alerts have been pending or firing at any time; all others are in the list, and none of these is.
pub(super) fn alert(world: &World, dashboards: &[Dashboard]) {
    for prometheus in &world.prometheus {
        let rules = all(prometheus, "alerting");
        let names: BTreeSet<_> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
        let mut missing = BTreeSet::new();
        let deadline = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until("every alert to be pending or firing", || {
                let seen = seen(prometheus, world.born);
                let excused =
                    |name: &str| PERHAPS.contains(&name) || quiet().any(|(one, _)| one == name);
                let absent =
                    names.iter().filter(|name| !seen.contains_key(**name) && !excused(name));
                missing = absent.map(|&name| name.to_owned()).collect();
                missing.is_empty().then_some(())
            });
        }));
        let seen = seen(prometheus, world.born);
        let unused: Vec<_> =
            quiet().filter(|(name, _)| !names.contains(name) || seen.contains_key(*name)).collect();
        assert!(
            deadline.is_ok() && unused.is_empty(),
            "{}: never pending nor firing: {missing:?}\nno alerts, or not quiet: {unused:?}",
            prometheus.name
        );
        let complaints: Vec<_> =
            rules.iter().flat_map(|rule| annotations(rule, prometheus, dashboards)).collect();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        eprintln!("{}: {} alerts were brought about", prometheus.name, seen.len());
    }
}

/// Each with why.
fn quiet() -> impl Iterator<Item = (&'static str, &'static str)> {
    QUIET.iter().flat_map(|(why, names)| names.iter().map(|name| (*name, *why)))
}

/// Names of alerts, and what they were.
fn seen(prometheus: &Prometheus, born: f64) -> BTreeMap<String, BTreeSet<String>> {
    let life = Window { from: born, to: jiff::Timestamp::now().as_second() as f64 };
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in prometheus.range("ALERTS", life.range()).rows {
        let word = |label: &str| row["metric"][label].as_str().unwrap().to_owned();
        seen.entry(word("alertname")).or_default().insert(word("alertstate"));
    }
    seen
}

fn all(prometheus: &Prometheus, kind: &str) -> Vec<Value> {
    let groups = prometheus.data("/api/v1/rules")["groups"].take();
    let rules =
        groups.as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
    rules.filter(|rule| rule["type"] == kind).cloned().collect()
}

/// What is wrong with what the alerts of a rule say now: its templates are filled in, and its links lead somewhere.
fn annotations(rule: &Value, prometheus: &Prometheus, dashboards: &[Dashboard]) -> Vec<String> {
    let name = rule["name"].as_str().unwrap();
    let mut complaints = Vec::new();
    if rule["health"] == "err" {
        complaints.push(format!("{name}: {}", rule["lastError"]));
    }
    for alert in rule["alerts"].as_array().into_iter().flatten() {
        for annotation in ANNOTATIONS {
            let text = alert["annotations"][annotation].as_str().unwrap_or_default();
            let is_bad = text.is_empty()
                || ["{{", "<no value>", "<error", "%!"].iter().any(|bad| text.contains(bad));
            if is_bad {
                complaints.push(format!("{name}: {annotation}: {text:?} of {}", alert["labels"]));
            }
        }
        let link = alert["annotations"]["dashboard_url"].as_str().unwrap_or_default();
        let window = Window::opened("now-1h", jiff::Timestamp::now().as_second() as f64);
        let trail = Trail { dashboards, prometheus, window };
        if let Err(why) = trail.follow(link, &Variables::new(), BTreeMap::new()) {
            complaints.push(format!("{name}: {link}: {why}"));
        }
    }
    complaints
}
