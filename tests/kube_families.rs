//! `tests/fixtures/ksm-families.tsv`: the families that kube-state-metrics 2.20 exposes, as its code has them. What is built
//! from the table can be no better than the table, so its own shape is held first.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("fixtures/ksm-families.tsv");

const COLUMNS: [&str; 10] = [
    "resource",
    "default",
    "family",
    "type",
    "stability",
    "opt_in",
    "labels",
    "value",
    "rows",
    "help",
];

/// The resources that are on without `--resources`.
const DEFAULTS: usize = 32;

fn rows() -> Vec<BTreeMap<&'static str, &'static str>> {
    let mut lines = TABLE.lines();
    assert_eq!(lines.next().unwrap().split('\t').collect::<Vec<_>>(), COLUMNS);
    lines
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), COLUMNS.len(), "{line}");
            COLUMNS.into_iter().zip(cells).collect()
        })
        .collect()
}

#[test]
fn every_row_is_whole() {
    for row in rows() {
        let is_one_of = |column, words: &[&str]| assert!(words.contains(&row[column]), "{row:?}");
        is_one_of("default", &["yes", "no"]);
        is_one_of("type", &["gauge", "counter"]);
        is_one_of("stability", &["STABLE", "ALPHA"]);
        is_one_of("opt_in", &["yes", "no"]);
        let name = row["family"];
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(name.starts_with("kube_") && plain(name), "{row:?}");
        assert_eq!(name.ends_with("_total"), row["type"] == "counter", "{row:?}");
        assert_eq!(row["help"].starts_with("[STABLE] "), row["stability"] == "STABLE", "{row:?}");
        for column in ["value", "rows", "help"] {
            assert!(!row[column].trim().is_empty(), "{row:?}");
        }
    }
}

#[test]
fn names_are_unique_and_resources_stand_together_in_order() {
    let rows = rows();
    let names: BTreeSet<_> = rows.iter().map(|row| row["family"]).collect();
    assert_eq!(names.len(), rows.len());
    let mut resources: Vec<_> = rows.iter().map(|row| row["resource"]).collect();
    resources.dedup();
    assert!(resources.is_sorted(), "{resources:?}");
    let defaults = rows.iter().filter(|row| row["default"] == "yes");
    let defaults: BTreeSet<_> = defaults.map(|row| row["resource"]).collect();
    assert_eq!(defaults.len(), DEFAULTS);
}

/// What the dashboards and rules of the kubernetes-mixin cannot do without.
#[test]
fn what_the_mixin_asks_for_is_in_it() {
    let rows = rows();
    for name in [
        "kube_pod_owner",
        "kube_pod_info",
        "kube_pod_container_resource_requests",
        "kube_pod_status_phase",
        "kube_node_status_allocatable",
        "kube_node_status_condition",
        "kube_deployment_status_replicas_available",
        "kube_daemonset_status_desired_number_scheduled",
        "kube_statefulset_status_update_revision",
        "kube_job_status_start_time",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_resourcequota",
        "kube_persistentvolumeclaim_labels",
        "kube_poddisruptionbudget_status_desired_healthy",
    ] {
        assert!(rows.iter().any(|row| row["family"] == name), "{name}");
    }
}
