//! The shipped rules, asked of Prometheus' own tools: whether they are read without a doubt, whether they do what their
//! tests say, and whether the alert they make of a check is the one that noroshi makes of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    server::part,
    support::{
        daemon::{Daemon, noroshi},
        peer::Peer,
        rules::{FILES, names, path, text},
    },
};

/// Runs a tool; what it said, where it is content.
fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn lint(promtool: &Path, files: &[&str], folder: &Path) -> Result<String, String> {
    let arguments = [&["check", "rules", "--lint=all", "--lint-fatal"], files].concat();
    run(promtool, &arguments, folder)
}

#[test]
fn promtool_has_nothing_to_say_of_them() {
    let Some(promtool) = part("promtool") else { return };
    let files = FILES.map(|file| format!("{file}.yaml"));
    let files = files.each_ref().map(String::as_str);
    let said = lint(&promtool, &files, &path("prometheus-rules")).unwrap();
    assert_eq!(said.matches("SUCCESS").count(), FILES.len(), "{said}");

    // It would, if there was something.
    let folder = tempfile::tempdir().unwrap();
    let twice =
        "groups: [{ name: a, rules: [{ record: a:b, expr: x }, { record: a:b, expr: y }] }]\n";
    fs::write(folder.path().join("twice.yaml"), twice).unwrap();
    assert!(lint(&promtool, &["twice.yaml"], folder.path()).is_err());
}

#[test]
fn they_do_what_their_tests_say() {
    let Some(promtool) = part("promtool") else { return };
    let folder = path("prometheus-rules/tests");
    let tests = names("prometheus-rules/tests");
    assert!(tests.len() >= 6);
    for file in &tests {
        run(&promtool, &["test", "rules", file], &folder).unwrap_or_else(|said| panic!("{said}"));
    }
}

/// As one file and as six, with links that lead somewhere.
#[test]
fn what_the_command_writes_is_read_too() {
    let Some(promtool) = part("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bases =
        ["--grafana-url=https://g.example.org/sub", "--runbook-base-url=https://w.example.org/n"];
    let all = noroshi(&["rules"]).args(bases).output().unwrap();
    assert!(all.status.success());
    fs::write(folder.path().join("all.yaml"), &all.stdout).unwrap();
    let out = format!("--out={}", folder.path().join("six").display());
    let six = noroshi(&["rules", &out]).args(bases).output().unwrap();
    assert!(six.status.success());
    let written = String::from_utf8(six.stdout).unwrap();
    let files: Vec<&str> = written.lines().chain(["all.yaml"]).collect();
    assert_eq!(files.len(), 7);
    let said = lint(&promtool, &files, folder.path()).unwrap();
    assert_eq!(said.matches("SUCCESS").count(), 7, "{said}");
    let text = String::from_utf8(all.stdout).unwrap();
    assert!(text.contains("dashboard_url: https://g.example.org/sub/d/noroshi-check?"));
    assert!(!text.contains("runbook_url: docs/") && !text.contains("dashboard_url: /"));

    let refused = noroshi(&["rules", "--grafana-url=grafana"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let blocked = format!("--out={}", folder.path().join("all.yaml").display());
    assert_eq!(noroshi(&["rules", &blocked]).output().unwrap().status.code(), Some(1));
}

#[test]
fn amtool_reads_the_example_of_inhibition() {
    let Some(amtool) = part("amtool") else { return };
    let file = "alertmanager-inhibition.example.yml";
    let said = run(&amtool, &["check-config", file], &path("prometheus-rules")).unwrap();
    assert!(said.contains("SUCCESS") && said.contains("inhibit rules"), "{said}");
}

/// A tired person copies them as they stand.
#[test]
fn queries_of_runbooks_are_promql() {
    let Some(promtool) = part("promtool") else { return };
    let mut rules = Vec::new();
    for page in names("docs/runbooks") {
        let runbook = text(&format!("docs/runbooks/{page}"));
        let blocks =
            runbook.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        for query in blocks.flat_map(str::lines) {
            rules.push(json!({ "record": format!("query:{}", rules.len()), "expr": query }));
        }
    }
    assert!(rules.len() > 60, "{}", rules.len());
    let folder = tempfile::tempdir().unwrap();
    let file = json!({ "groups": [{ "name": "runbooks", "rules": rules }] });
    fs::write(folder.path().join("queries.yaml"), file.to_string()).unwrap();
    let said = run(&promtool, &["check", "rules", "queries.yaml"], folder.path()).unwrap();
    assert!(said.contains(&format!("{} rules found", rules.len())), "{said}");
}

/// The series of a page as promtool wants them for a test, each standing still.
fn standing(page: &str) -> Vec<Value> {
    let wanted = ["noroshi_check_up{", "noroshi_check_info{", "noroshi_check_overlay{"];
    let lines = page.lines().filter(|line| wanted.iter().any(|family| line.starts_with(family)));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            // As a scrape does it.
            let series = series.replacen('{', "{job=\"noroshi\",instance=\"a:1\",", 1);
            json!({ "series": series, "values": format!("{value}x20") })
        })
        .collect()
}

/// Labels as a selector without a name.
fn selector(labels: &Value) -> String {
    let labels = labels.as_object().unwrap();
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", pairs.join(","))
}

/// `notify = "both"` is one alert only if both make the same: the label sets, compared by Prometheus itself on what a real
/// daemon shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_alert_has_the_labels_of_our_own() {
    let Some(promtool) = part("promtool") else { return };
    let gone = Peer::refusing();
    let config = format!(
        r#"
[defaults]
interval = "1s"
timeout = "900ms"
failures = 1
notify = "both"
[checks.plain]
tcp.address = "{gone}"
[checks."with \"quotes\" and 狼煙"]
group = "a b"
labels = {{ severity = "critical", team = "web" }}
tcp.address = "{gone}"
[checks.exported]
labels = {{ severity = "page", team = "web" }}
tcp.address = "{gone}"
[checks.noroshis]
notify = "noroshi"
tcp.address = "{gone}"
[checks.prometheus]
notify = "prometheus"
tcp.address = "{gone}"
[checks.nobodys]
notify = "none"
tcp.address = "{gone}"
[metrics]
export_labels = ["team"]
[receivers.none]
[route]
receiver = "none"
[store]
"#,
        gone = gone.address()
    );
    let (daemon, folder, _) = Daemon::configured(&config);
    let alerts = daemon.until("/api/v2/alerts", "four alerts of our own", |body| {
        let alerts: Value = serde_json::from_str(body).unwrap_or_default();
        alerts.as_array().is_some_and(|all| all.len() == 4)
    });
    let page = daemon.until_metrics("six checks that are down", |page| {
        page.lines()
            .filter(|line| line.starts_with("noroshi_check_up{") && line.ends_with(" 0"))
            .count()
            == 6
    });
    let alerts: Value = serde_json::from_str(&alerts).unwrap();
    let own = alerts.as_array().unwrap().iter().map(|alert| alert["labels"].clone());
    let mut wanted: Vec<Value> = own.filter(|labels| labels["check"] != "noroshis").collect();
    assert_eq!(wanted.len(), 3, "{wanted:?}");
    // Prometheus alone tells of this one, in the same words.
    wanted.push(json!({
        "alertname": "NoroshiCheckDown", "check": "prometheus", "group": "default", "severity": "warning"
    }));
    let samples = wanted.iter().map(|labels| json!({ "labels": selector(labels), "value": 1 }));
    let rules: PathBuf = path("prometheus-rules/alerts-checks.yaml");
    let expr =
        r#"group without (alertstate) (ALERTS{alertname="NoroshiCheckDown",alertstate="firing"})"#;
    let test = json!({
        "rule_files": [rules],
        "evaluation_interval": "30s",
        "tests": [{
            "interval": "30s",
            "input_series": standing(&page),
            "promql_expr_test": [{
                "expr": expr, "eval_time": "5m", "exp_samples": samples.collect::<Vec<_>>(),
            }],
        }],
    });
    fs::write(folder.path().join("labels.yaml"), test.to_string()).unwrap();
    run(&promtool, &["test", "rules", "labels.yaml"], folder.path())
        .unwrap_or_else(|said| panic!("{said}\n{page}"));
}
