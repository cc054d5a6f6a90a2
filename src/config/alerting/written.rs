//! The sections as they were written, every default filled in: for whoever asks what is in force.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

use super::{
    Alerting, AlertingOptions, AlertmanagerKeys, InhibitKeys, MaintenanceKeys, Receiver, RouteKeys,
};
use crate::{alert::spec::TimeInterval, config::finding::Path, notify::spec::Deadman};

/// The sections.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Written {
    pub(super) options: AlertingOptions,
    pub(super) route: Option<RouteKeys>,
    /// In the order of their names.
    pub(super) receivers: Vec<Receiver>,
    pub(super) inhibit_rules: Vec<InhibitKeys>,
    pub(super) time_intervals: BTreeMap<String, Vec<TimeInterval>>,
    pub(super) maintenance: BTreeMap<String, MaintenanceKeys>,
    pub(super) alertmanagers: BTreeMap<String, AlertmanagerKeys>,
    pub(super) deadman: BTreeMap<String, Deadman>,
}

impl Written {
    /// Whether anything here needs the pipeline.
    pub(super) fn is_wanted(&self) -> bool {
        self.options.config_file.is_some()
            || self.route.is_some()
            || !self.maintenance.is_empty()
            || !self.alertmanagers.is_empty()
            || !self.deadman.is_empty()
    }
}

/// Each section with its place, in the order of the documentation.
pub(in crate::config) fn sections(alerting: &Alerting) -> Vec<(Path, Table)> {
    let written = &*alerting.written;
    let mut all = vec![(Path::of(["alerting"]), table(&written.options))];
    all.extend(written.route.iter().map(|route| (Path::of(["route"]), table(route))));
    for receiver in &written.receivers {
        all.push((Path::of(["receivers", &receiver.name]), of_receiver(receiver)));
    }
    if !written.inhibit_rules.is_empty() {
        let rules = written.inhibit_rules.iter().map(|rule| Value::Table(table(rule))).collect();
        let rules = Table::from_iter([("inhibit_rules".to_owned(), Value::Array(rules))]);
        all.insert(0, (Path::default(), rules));
    }
    for (name, intervals) in &written.time_intervals {
        all.push(of_intervals(name, intervals));
    }
    for (name, keys) in &written.maintenance {
        all.push((Path::of(["maintenance", name]), table(keys)));
    }
    for (name, keys) in &written.alertmanagers {
        let mut both = table(&keys.push);
        both.extend(table(&keys.sender));
        all.push((Path::of(["alertmanagers", name]), both));
    }
    for (name, keys) in &written.deadman {
        all.push((Path::of(["deadman", name]), table(keys)));
    }
    all
}

/// The common keys, and under each provider's word one table or a list of them.
fn of_receiver(receiver: &Receiver) -> Table {
    let mut keys = table(&receiver.keys);
    for provider in &receiver.providers {
        let own = Value::Table(table(provider));
        match keys.get_mut(provider.kind()) {
            None => {
                keys.insert(provider.kind().to_owned(), own);
            }
            Some(Value::Array(list)) => list.push(own),
            Some(first) => {
                let first = std::mem::replace(first, Value::Boolean(false));
                keys.insert(provider.kind().to_owned(), Value::Array(vec![first, own]));
            }
        }
    }
    keys
}

/// One table, or a list under the section.
fn of_intervals(name: &str, intervals: &[TimeInterval]) -> (Path, Table) {
    if let [one] = intervals {
        return (Path::of(["time_intervals", name]), table(one));
    }
    let list = intervals.iter().map(|one| Value::Table(table(one))).collect();
    let list = Table::from_iter([(name.to_owned(), Value::Array(list))]);
    (Path::of(["time_intervals"]), list)
}

fn table(value: &impl Serialize) -> Table {
    Table::try_from(value).unwrap_or_default()
}
