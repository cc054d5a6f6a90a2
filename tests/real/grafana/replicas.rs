//! What panels answer of two replicas, which tell the same of everything: asked of Prometheus' own engine.

use std::{fs, process::Command};

use noroshi::dashboards;
use serde_json::{Value, json};

use crate::{kube::said, server::part};

/// The first question of a panel, with what stands for all where something is chosen.
fn question(uid: &str, title: &str) -> String {
    let dashboard = dashboards::all().into_iter().find(|one| one.uid() == uid).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard.text()).unwrap();
    let top = dashboard["panels"].as_array().unwrap().iter();
    let mut all = top.flat_map(|panel| {
        let inside = panel["panels"].as_array().into_iter().flatten();
        std::iter::once(panel).chain(inside)
    });
    let panel = all.find(|panel| panel["title"] == title).unwrap_or_else(|| panic!("{title}"));
    let expr = panel["targets"][0]["expr"].as_str().unwrap();
    let variables = ["cluster", "job", "instance", "namespace", "group", "issuer", "receiver"];
    let expr = variables
        .iter()
        .fold(expr.to_owned(), |expr, name| expr.replace(&format!("\"${name}\""), "\".*\""));
    expr.replace("$__rate_interval", "5m").replace("$__range", "1h")
}

/// What both say, for an hour: a family with labels, its values, and those of the second where they are others.
const SERIES: [(&str, &str, &str); 12] = [
    ("noroshi_cluster_up{cluster=\"lost\"", "0x120", ""),
    ("noroshi_cluster_up{cluster=\"far\"", "0x120", "1x120"),
    ("noroshi_cluster_collector_up{cluster=\"far\",collector=\"pods\"", "0x120", ""),
    ("noroshi_cluster_collector_up{cluster=\"far\",collector=\"nodes\"", "0x120", "1x120"),
    ("noroshi_alerts{state=\"active\"", "3x120", ""),
    ("noroshi_alert_groups{", "2x120", ""),
    (
        "noroshi_notification_breaker_open{receiver=\"team\",provider=\"slack\",integration=\"0\"",
        "1x120",
        "",
    ),
    ("noroshi_checks{kind=\"http\"", "5x120", ""),
    (
        "noroshi_kube_events_total{cluster=\"far\",event_type=\"Warning\",reason=\"BackOff\",kind=\"Pod\",namespace=\"shop\",component=\"kubelet\"",
        "0+1x120",
        "",
    ),
    // Three days: its leaf. An old root that is sent along has ended, and ends nothing.
    (
        "noroshi_tls_not_after_timestamp_seconds{check=\"soon\",group=\"web\",kind=\"tls\",position=\"0\",source=\"peer\"",
        "259200x120",
        "",
    ),
    (
        "noroshi_tls_not_after_timestamp_seconds{check=\"good\",group=\"web\",kind=\"tls\",position=\"2\",source=\"peer\"",
        "60x120",
        "",
    ),
    (
        "noroshi_tls_chain_not_after_timestamp_seconds{check=\"good\",group=\"web\",kind=\"tls\"",
        "9000000x120",
        "",
    ),
];

#[test]
fn two_replicas_are_counted_once() {
    let Some(promtool) = part("promtool") else { return };
    let of = |instance: &str, start: &str, values: &str| {
        let comma = if start.ends_with('{') { "" } else { "," };
        let series = format!("{start}{comma}job=\"noroshi\",instance=\"{instance}\"}}");
        json!({ "series": series, "values": values })
    };
    let series = SERIES.iter().flat_map(|(start, first, second)| {
        let second = if second.is_empty() { first } else { second };
        [of("a:1", start, first), of("b:1", start, second)]
    });
    let asked = [
        ("noroshi-overview", "Clusters not reached", "{}", 1),
        ("noroshi-cluster", "API servers not reached", "{}", 1),
        ("noroshi-cluster", "Resources not watched", "{}", 1),
        ("noroshi-cluster", "Warnings, by namespace", "{namespace=\"shop\"}", 120),
        ("noroshi-alerting", "Firing", "{}", 3),
        ("noroshi-alerting", "Breakers open", "{}", 1),
        ("noroshi-alerting", "Groups and alerts", "{}", 2),
        ("noroshi-internals", "Checks, by kind", "{kind=\"http\"}", 5),
        ("noroshi-expiry", "Expired", "{}", 0),
        ("noroshi-expiry", "Within 7 days", "{}", 1),
        ("noroshi-expiry", "Within 21 days", "{}", 1),
    ];
    let answers = asked.map(|(uid, title, labels, value)| {
        json!({
            "expr": question(uid, title), "eval_time": "1h",
            "exp_samples": [{ "labels": labels, "value": value }],
        })
    });
    let test = json!({
        "evaluation_interval": "30s",
        "tests": [{
            "interval": "30s",
            "input_series": series.collect::<Vec<_>>(),
            "promql_expr_test": answers,
        }],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replicas.yaml");
    fs::write(&file, test.to_string()).unwrap();
    said(Command::new(promtool).args(["test", "rules"]).arg(&file))
        .unwrap_or_else(|why| panic!("{why}"));
}
