//! A fault for each rule, planted into a dashboard that has none: a rule that finds nothing is found.

use serde_json::{Value, json};

use crate::{families, files, linter, ours};

/// What is done to a dashboard to break a rule.
type Fault = (&'static str, fn(&mut Value));

const FAULTS: [Fault; 27] = [
    ("template-datasource-rule", |one| variable(one, "datasource")["label"] = "Datasource".into()),
    ("template-job-rule", |one| variable(one, "job")["allValue"] = ".*".into()),
    ("template-instance-rule", |one| variable(one, "instance")["multi"] = false.into()),
    ("template-label-promql-rule", |one| {
        variable(one, "group")["query"]["query"] = "label_values(noroshi_check_up{, group)".into();
    }),
    ("template-on-time-change-reload-rule", |one| variable(one, "group")["refresh"] = 1.into()),
    ("panel-datasource-rule", |one| panel(one)["targets"][0]["datasource"]["uid"] = "mine".into()),
    ("panel-title-description-rule", |one| panel(one)["description"] = "".into()),
    ("panel-units-rule", |one| panel(one)["fieldConfig"]["defaults"]["unit"] = "parsec".into()),
    ("panel-no-targets-rule", |one| panel(one)["targets"] = json!([])),
    ("target-logql-rule", |one| panel(one)["targets"][0]["datasource"]["type"] = "loki".into()),
    ("target-logql-auto-rule", |one| {
        panel(one)["targets"][0]["datasource"]["type"] = "loki".into()
    }),
    ("target-promql-rule", |one| ask(one, "sum(noroshi_check_up")),
    ("target-rate-interval-rule", |one| ask(one, "rate(noroshi_check_runs_total[5m])")),
    ("target-job-rule", |one| ask(one, "noroshi_check_up{instance=~\"$instance\"}")),
    ("target-instance-rule", |one| ask(one, "noroshi_check_up{job=~\"$job\"}")),
    ("target-counter-agg-rule", |one| ask(one, "sum(noroshi_check_runs_total)")),
    ("uneditable-dashboard-rule", |one| one["editable"] = true.into()),
    ("head", |one| one["schemaVersion"] = 41.into()),
    ("variables", |one| one["templating"]["list"].as_array_mut().unwrap().swap(1, 2)),
    ("sizes", |one| panel(one)["description"] = " ".repeat(200_000).into()),
    ("ids", |one| panel(one)["id"] = 1.into()),
    ("titles", |one| panel(one)["title"] = "Degraded".into()),
    ("places", |one| panel(one)["gridPos"]["w"] = 9.into()),
    ("words", |one| panel(one)["description"] = "One sentence.".into()),
    ("thresholds", |one| {
        panel(one)["fieldConfig"]["defaults"]["thresholds"]["steps"] =
            json!([{ "value": null }, { "value": 2 }, { "value": 1 }]);
    }),
    ("states", |one| ask(one, "noroshi_check_state")),
    ("clusters", |one| ask(one, "noroshi_check_up{job=~\"$job\",instance=~\"$instance\"}")),
];

fn overview() -> Value {
    files().into_iter().find(|file| file["uid"] == "noroshi-overview").unwrap()
}

/// The first panel that is no row.
fn panel(dashboard: &mut Value) -> &mut Value {
    &mut dashboard["panels"][1]
}

fn ask(dashboard: &mut Value, expr: &str) {
    panel(dashboard)["targets"] = json!([{
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "expr": expr,
        "refId": "A",
    }]);
}

fn variable<'d>(dashboard: &'d mut Value, name: &str) -> &'d mut Value {
    let all = dashboard["templating"]["list"].as_array_mut().unwrap();
    all.iter_mut().find(|one| one["name"] == name).unwrap()
}

fn table(dashboard: &mut Value) -> &mut Value {
    let all = dashboard["panels"].as_array_mut().unwrap();
    all.iter_mut().find(|one| one["type"] == "table").unwrap()
}

#[test]
fn each_rule_finds_its_fault() {
    let rules: Vec<_> = linter::RULES.iter().chain(&ours::RULES).collect();
    for (name, fault) in FAULTS {
        let (_, rule) = rules.iter().find(|(rule, _)| *rule == name).expect(name);
        let mut dashboard = overview();
        assert_eq!(rule(&dashboard), Vec::<String>::new(), "{name}");
        fault(&mut dashboard);
        assert!(!rule(&dashboard).is_empty(), "{name} does not find its fault");
    }
    let untried = rules
        .iter()
        .filter(|(name, _)| *name != "columns" && FAULTS.iter().all(|(fault, _)| fault != name));
    assert_eq!(untried.count(), 0);
}

#[test]
fn a_column_that_is_not_there_is_found() {
    let mut dashboard = overview();
    table(&mut dashboard)["fieldConfig"]["overrides"][0]["matcher"]["options"] = "Chek".into();
    let (_, rule) = ours::RULES.iter().find(|(name, _)| *name == "columns").unwrap();
    assert_eq!(rule(&dashboard).len(), 1);
}

#[test]
fn dead_links_are_found() {
    let all = files();
    for (of, with) in [
        ("/d/noroshi-check?", "/d/noroshi-chek?"),
        ("var-check=", "var-chek="),
        ("fields.Check", "fields.Chek"),
        ("${cluster:queryparam}", "${clutser:queryparam}"),
    ] {
        let text = overview().to_string();
        assert!(text.contains(of), "{of}");
        let broken: Value = serde_json::from_str(&text.replace(of, with)).unwrap();
        assert!(!ours::dead_links(&broken, &all).is_empty(), "{with}");
    }
}

#[test]
fn names_that_nobody_has_are_found() {
    for expr in [
        "noroshi_check_upp",
        "noroshi_check_up{reason=\"x\"}",
        "sum by (reason) (noroshi_check_up)",
        "kube_pod_infos",
        "{__name__=~\"noroshi_nothing_.+\"}",
        "noroshi_check_up_bucket",
    ] {
        let mut dashboard = overview();
        ask(&mut dashboard, expr);
        assert!(!families::unknown(&dashboard).is_empty(), "{expr}");
    }
}

#[test]
fn a_family_that_is_shown_nowhere_is_found() {
    let mut all = files();
    let text = Value::from(all.clone()).to_string();
    assert!(families::not_shown(&all).is_empty());
    all = serde_json::from_str(&text.replace("process_threads", "process_open_fds")).unwrap();
    assert_eq!(families::not_shown(&all), ["process_threads is in no panel and in no rule"]);
}
