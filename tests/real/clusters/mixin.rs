//! The kubernetes-mixin, whose alerts, rules and dashboards most users of kube-state-metrics have: a real Prometheus
//! scrapes noroshi under the job's usual name and evaluates them.
//!
//! What is checked: every recording rule and every query of a dashboard has rows, and every alert fires, in a world that
//! has all of their troubles at once. How long an alert has to last is Prometheus' affair and is not waited for.

use std::net::SocketAddr;

use serde_json::Value;

use super::{exporter::Exporter, troubles, world::World};
use crate::{
    prometheus::{query, scraping},
    server::{get, wait_until},
};

/// Rules and alerts, as Prometheus reads them.
const RULES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kubernetes-mixin/rules.yml");

/// A query in each line.
const DASHBOARDS: &str = include_str!("../../fixtures/kubernetes-mixin/dashboards.promql");

/// How often a node becomes ready and is lost again: more than twice is called flapping.
const FLAPS: usize = 4;

/// Evaluates everything. The world stands still, and is full of troubles afterwards.
pub(super) fn its_expressions_find_data(world: &World) {
    let ours = Exporter::ours(world.cluster.kubeconfig(), &[]);
    let job = format!(
        "- job_name: kube-state-metrics\n  honor_labels: true\n  static_configs: [{{ targets: ['{}'] }}]\nrule_files: ['{RULES}']\n",
        ours.address
    );
    let folder = tempfile::tempdir().unwrap();
    let Some((_server, prometheus)) = scraping(&job, folder.path()) else { return };
    troubles::bring(world);
    flap(world, prometheus);
    let (alerts, rules) = rules(prometheus);
    let queries = dashboards(prometheus);
    eprintln!(
        "kubernetes-mixin: {alerts} alerts fire, {rules} rules and {queries} queries have rows"
    );
}

/// Prometheus sees the node come and go.
fn flap(world: &World, prometheus: SocketAddr) {
    let ready = "kube_node_status_condition{node='derelict',condition='Ready',status='true'}";
    for flap in 0..FLAPS {
        let alive = flap % 2 == 0;
        troubles::derelict(world, alive);
        let wanted = format!("{ready} == {}", u8::from(alive));
        wait_until(&wanted, || (query(prometheus, &wanted).len() == 1).then_some(()));
    }
}

/// How many alerts and recording rules there are, once each of them has what it is there for.
fn rules(prometheus: SocketAddr) -> (usize, usize) {
    let mut told = Vec::new();
    wait_until("every rule of the mixin to have something", || {
        let rules = all_rules(prometheus);
        let empty: Vec<String> = rules.iter().filter_map(|rule| empty(prometheus, rule)).collect();
        if empty.is_empty() && !rules.is_empty() {
            return Some(());
        }
        if empty != told {
            eprintln!("still without rows: {empty:?}");
            told = empty;
        }
        None
    });
    let rules = all_rules(prometheus);
    let alerts = rules.iter().filter(|rule| rule["type"] == "alerting").count();
    (alerts, rules.len() - alerts)
}

fn all_rules(prometheus: SocketAddr) -> Vec<Value> {
    let answer: Value = serde_json::from_str(&get(prometheus, "/api/v1/rules").unwrap()).unwrap();
    let groups = answer["data"]["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// The name of a rule that finds nothing.
fn empty(prometheus: SocketAddr, rule: &Value) -> Option<String> {
    let name = rule["name"].as_str().unwrap().to_owned();
    assert_ne!(rule["health"], "err", "{name}: {}", rule["lastError"]);
    let expression = rule["query"].as_str().unwrap();
    let has_rows = match rule["type"].as_str() {
        Some("alerting") => rule["state"] == "firing",
        _ => rule["health"] == "ok" && !query(prometheus, expression).is_empty(),
    };
    (!has_rows).then(|| format!("{name} {expression}"))
}

/// How many queries there are; each has rows, and none of them is no number.
fn dashboards(prometheus: SocketAddr) -> usize {
    let queries = DASHBOARDS.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for expression in queries {
        let rows = query(prometheus, expression);
        // A scalar without rows is there, and NaN.
        let value = |row: &Value| match row {
            Value::Object(row) => row["value"][1].as_str().map(str::to_owned),
            Value::String(scalar) => Some(scalar.clone()),
            _ => None,
        };
        let values: Vec<f64> =
            rows.iter().filter_map(value).map(|value| value.parse().unwrap()).collect();
        let is_good = !values.is_empty() && values.iter().all(|value| !value.is_nan());
        assert!(is_good, "{expression}: {rows:?}");
        count += 1;
    }
    count
}
