//! What watches it and what leads to it: the repository's rules and dashboards, as they are and as the values change them;
//! who may ask.

use std::{collections::BTreeMap, process::Command};

use serde_json::{Value, json};

use super::{CHART, Helm, Objects, file_of, helms, objects, only};
use crate::{kube::said, server::part};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files of a folder of the repository that end so, by name.
fn files(folder: &str, end: &str) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(format!("{ROOT}/{folder}")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let named = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    named.filter(|(name, _)| name.ends_with(end)).collect()
}

pub(super) fn dashboards() -> BTreeMap<String, String> {
    files("grafana", ".json")
}

/// The groups of all rules, in the order of the files' names.
pub(super) fn groups() -> Value {
    let files = files("prometheus-rules", ".yaml");
    let all = files.values().flat_map(|text| {
        let file: Value = serde_saphyr::from_str(text).unwrap();
        file["groups"].as_array().unwrap().clone()
    });
    all.collect()
}

/// The groups of a rendered release with these values, or what Helm says where it refuses them.
fn rendered_groups(helm: &Helm, rules: &Value) -> Result<Value, String> {
    let mut rules = rules.clone();
    rules["enabled"] = json!(true);
    let all = helm.objects(&json!({ "prometheusRule": rules }))?;
    Ok(only(&all, "PrometheusRule")["spec"]["groups"].clone())
}

/// Every rule, with its group's name.
fn rules(groups: &Value) -> Vec<(&str, &Value)> {
    let groups = groups.as_array().unwrap().iter();
    let all = groups.flat_map(|group| {
        let name = group["name"].as_str().unwrap();
        group["rules"].as_array().unwrap().iter().map(move |rule| (name, rule))
    });
    all.collect()
}

#[test]
fn rules_and_dashboards_are_the_files() {
    let files = dashboards();
    assert!(!files.is_empty());
    for helm in helms() {
        let set = "dashboards.enabled=true,prometheusRule.enabled=true";
        let all = helm.render(None, &["--set", set]);
        assert_eq!(only(&all, "PrometheusRule")["spec"]["groups"], groups());
        let mut maps = all
            .iter()
            .filter(|(_, own)| own["metadata"]["labels"]["grafana_dashboard"] == "1")
            .map(|(_, own)| own["data"].as_object().unwrap());
        for (name, text) in &files {
            let map = maps.next().unwrap();
            assert_eq!(map.keys().collect::<Vec<_>>(), [name]);
            assert!(map[name] == text.as_str(), "{name} is not the file");
        }
        assert!(maps.next().is_none());
    }
}

/// What is packed is what is in the repository, without the rules' tests; it renders the same, and nothing is said of links.
#[test]
fn the_package_has_the_files() {
    for helm in helms() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().to_str().unwrap();
        helm.run(&["package", CHART, "--destination", into]).unwrap();
        let package = folder.path().join("noroshi-0.1.0.tgz");
        said(Command::new("tar").current_dir(into).arg("-xzf").arg(&package)).unwrap();
        let inside = |name: &str| std::fs::read_to_string(folder.path().join("noroshi").join(name));
        for (name, text) in dashboards() {
            assert!(inside(&format!("dashboards/{name}")).unwrap() == text, "{name}");
        }
        for (name, text) in files("prometheus-rules", ".yaml") {
            assert!(inside(&format!("rules/{name}")).unwrap() == text, "{name}");
        }
        assert!(!folder.path().join("noroshi/rules/tests").exists());
        assert!(!folder.path().join("noroshi/ci").exists());
        let file = file_of("observed");
        let mut command = helm.command();
        command.args(["template", "watch", package.to_str().unwrap(), "--namespace", "towers"]);
        let output = command.args(["--values", &file]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(objects(&text), helm.render(Some("observed"), &[]));
    }
}

/// Prometheus itself finds no fault with what the operator would hand to it.
#[test]
fn prometheus_takes_the_rules() {
    let (helms, Some(promtool)) = (helms(), part("promtool")) else { return };
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("observed"), &[]);
    let file = helm.folder.path().join("rules.json");
    for rules in [&only(&all, "PrometheusRule")["spec"], &json!({ "groups": groups() })] {
        std::fs::write(&file, rules.to_string()).unwrap();
        said(Command::new(&promtool).args(["check", "rules"]).arg(&file)).unwrap();
    }
}

#[test]
fn rules_are_changed_one_by_one() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("observed"), &[]);
    let rule = only(&all, "PrometheusRule");
    assert_eq!(rule["metadata"]["namespace"], "monitoring");
    assert_eq!(rule["metadata"]["labels"]["release"], "kube-prometheus-stack");
    let (groups, before) = (&rule["spec"]["groups"], groups());
    let recording =
        groups.as_array().unwrap().iter().find(|own| own["name"] == "noroshi-recording");
    assert_eq!(recording.unwrap()["interval"], "1m");
    let (found, before) = (rules(groups), rules(&before));
    assert!(!found.iter().any(|(group, _)| *group == "noroshi-slo-long"));
    assert_eq!(found.last().unwrap().1["record"], "ours:checks:count");
    let gone = |rule: &Value| rule["alert"] == "NoroshiCheckFlapping";
    assert!(before.iter().any(|(_, rule)| gone(rule)) && !found.iter().any(|(_, rule)| gone(rule)));
    let kept = before.iter().filter(|(group, rule)| *group != "noroshi-slo-long" && !gone(rule));
    for ((_, was), (_, is)) in kept.zip(&found) {
        if was["alert"].is_null() {
            // Their names and labels are what others ask for.
            assert_eq!(was, is);
            continue;
        }
        let runbook = was["annotations"]["runbook_url"].as_str().unwrap();
        let runbook = format!("https://code.example.org/noroshi/blob/main/{runbook}");
        let dashboard = was["annotations"]["dashboard_url"].as_str().unwrap();
        let dashboard = format!("https://grafana.example.org{dashboard}");
        let slow = was["alert"] == "NoroshiCheckSlow";
        let mut wanted = (*was).clone();
        wanted["labels"]["team"] = json!(if slow { "web" } else { "observability" });
        wanted["annotations"]["contact"] = json!("on-call");
        wanted["annotations"]["runbook_url"] = json!(runbook);
        wanted["annotations"]["dashboard_url"] = json!(dashboard);
        if slow {
            wanted["for"] = json!("30m");
            wanted["keep_firing_for"] = json!("10m");
            wanted["labels"]["severity"] = json!("info");
            wanted["annotations"]["summary"] = json!("{{ $labels.check }} takes its time");
        }
        assert_eq!(**is, wanted);
    }
}

#[test]
fn what_is_not_there_is_refused() {
    for helm in helms() {
        let refused = rendered_groups(&helm, &json!({ "rules": { "NoroshiChekDown": {} } }));
        let refused = refused.unwrap_err();
        assert!(refused.contains("prometheusRule.rules: there is no NoroshiChekDown; there are "));
        assert!(refused.contains("NoroshiCheckDown, "), "{refused}");
        let refused = rendered_groups(&helm, &json!({ "groups": { "checks": {} } })).unwrap_err();
        assert!(
            refused.contains("prometheusRule.groups: there is no checks; there are "),
            "{refused}"
        );
        for key in ["include", "exclude"] {
            let set = format!("dashboards.enabled=true,dashboards.{key}[0]=overview");
            let refused = helm.run(&["template", CHART, "--set", &set]).unwrap_err();
            assert!(refused.contains("there is no overview; there are noroshi-"), "{refused}");
        }
        // A group is gone with the last of its rules.
        let name = groups()[0]["name"].clone();
        let off = json!({ "groups": { name.as_str().unwrap(): { "enabled": false } } });
        let left = rendered_groups(&helm, &off).unwrap();
        assert_eq!(left.as_array().unwrap().len(), groups().as_array().unwrap().len() - 1);
    }
}

#[test]
fn contradictions_are_refused() {
    for helm in helms() {
        for (set, words) in [
            ("podMonitor.enabled=true,serviceMonitor.enabled=true", "everything is scraped twice"),
            (
                "podMonitor.enabled=true,serviceMonitor.tlsConfig.caFile=/a",
                "a PodMonitor takes no files",
            ),
            ("networkPolicy.enabled=true", "say who may ask"),
            (
                "networkPolicy.enabled=true,networkPolicy.namespaces[0]=a,hostNetwork=true,icmp.mode=none",
                "no policy holds for the node's network",
            ),
            (
                "podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=1,podDisruptionBudget.maxUnavailable=1",
                "minAvailable or maxUnavailable",
            ),
            (
                "podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=half",
                "/minAvailable",
            ),
            ("ingress.enabled=true", "name its hosts"),
            ("httpRoute.enabled=true", "name its gateway"),
            ("alertmanager.url=http://a,personality=blackbox", "blackbox sends no alerts there"),
            ("alertmanager.existingSecret=a", "set that"),
            ("prometheusRule.grafanaUrl=grafana", "/prometheusRule/grafanaUrl"),
            (
                "prometheusRule.rules.NoroshiCheckDown.severity=page",
                "'critical', 'warning', 'info'",
            ),
        ] {
            let refused = helm.run(&["template", CHART, "--set", set]).expect_err(set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
    }
}

#[test]
fn options_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("observed"), &[]);
    let named = |kind: &str, name: &str| -> &Value { &all[&(kind.to_owned(), name.to_owned())] };
    let board = &named("ConfigMap", "watch-noroshi-dashboard-overview")["metadata"];
    assert_eq!(board["namespace"], "monitoring");
    assert_eq!([&board["labels"]["dashboard"], &board["labels"]["a"]], ["noroshi", "b"]);
    assert_eq!(board["annotations"]["k8s-sidecar-target-directory"], "Watch");
    assert_eq!(board["annotations"]["c"], "d");
    assert!(all.values().all(|own| own["metadata"]["annotations"]["owner"] == "observability"));
    assert_eq!(all.keys().filter(|(_, name)| name.contains("-dashboard-")).count(), 1);

    let policy = &only(&all, "NetworkPolicy")["spec"];
    let name = |name: &str| json!({ "app.kubernetes.io/name": name, "app.kubernetes.io/instance": "watch" });
    assert_eq!(policy["podSelector"]["matchLabels"], name("noroshi"));
    let from = json!([
        { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "monitoring" } } },
        { "podSelector": { "matchLabels": { "app": "curious" } } },
        { "podSelector": { "matchLabels": name("noroshi-test") } },
    ]);
    assert_eq!(policy["ingress"][0]["from"], from);
    assert_eq!(policy["ingress"][0]["ports"], json!([{ "port": 10070, "protocol": "TCP" }]));
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    // That pod has the labels by which it is let in, and is none of those that serve.
    let test = &only(&all, "Pod")["metadata"]["labels"];
    assert_eq!(*test, name("noroshi-test"));
    doors_and_budget(&all);

    let container = &super::workload(&all)["spec"]["template"]["spec"]["containers"][0];
    let path = "/etc/noroshi-alertmanager";
    assert_eq!(container["volumeMounts"][1]["mountPath"], path);
    let variables = json!([
        { "name": "NOROSHI__ALERTMANAGERS__CHART__URL", "value": "http://alertmanager.monitoring.svc:9093" },
        { "name": "NOROSHI__ALERTMANAGERS__CHART__HTTP__AUTHORIZATION__CREDENTIALS_FILE", "value": format!("{path}/token") },
    ]);
    assert_eq!(container["env"], variables);
}

fn doors_and_budget(all: &Objects) {
    assert_eq!(only(all, "PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    let ingress = &only(all, "Ingress")["spec"];
    assert_eq!(ingress["ingressClassName"], "nginx");
    assert_eq!(ingress["tls"][0]["secretName"], "watch");
    let backend = json!({ "service": { "name": "watch-noroshi", "port": { "name": "http" } } });
    let path = json!({ "path": "/watch", "pathType": "Exact", "backend": backend });
    let wanted = json!([{ "host": "watch.example.org", "http": { "paths": [path] } }]);
    assert_eq!(ingress["rules"], wanted);
    let route = &only(all, "HTTPRoute")["spec"];
    assert_eq!(route["parentRefs"][0]["name"], "door");
    assert_eq!(route["hostnames"], json!(["watch.example.org"]));
    let backend = json!([{ "name": "watch-noroshi", "port": 10070 }]);
    assert_eq!(route["rules"][0]["backendRefs"], backend);
    assert_eq!(only(all, "Service")["spec"]["trafficDistribution"], "PreferClose");
}

/// Helm 3 shows notes to nobody without a server.
#[test]
fn what_is_missing_is_told() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let notes = |set: &str| {
        helm.run(&["install", "watch", CHART, "--dry-run=client", "--set", set]).unwrap()
    };
    for (set, kind) in [
        ("serviceMonitor.enabled=true", "ServiceMonitor"),
        ("podMonitor.enabled=true", "PodMonitor"),
        ("prometheusRule.enabled=true", "PrometheusRule"),
        ("httpRoute.enabled=true,httpRoute.parentRefs[0].name=a", "HTTPRoute"),
    ] {
        let told = notes(set);
        assert!(told.contains(&format!("WARNING: there is no {kind} in this cluster")), "{told}");
    }
    let without = notes("dashboards.enabled=true");
    assert!(!without.contains("WARNING"), "{without}");
    assert!(without.contains(&format!("{} dashboards lie in ConfigMaps", dashboards().len())));
    assert!(notes("prometheusRule.enabled=true").contains("links to runbooks lead nowhere"));
    let all = "podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=1";
    assert!(notes(all).contains("a drain of their nodes will wait for ever"));
    let each = notes("mode=daemonset,personality=kubeStateMetrics");
    assert!(each.contains("kubeStateMetrics, a pod on each node."), "{each}");
    assert!(each.contains("--track-unscheduled-pods"), "{each}");
}

/// Helm 3 shows notes to nobody without a server.
#[test]
fn who_would_be_told_several_times_is_told() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let file = helm.folder.path().join("tells.json");
    let notes = |values: &Value| {
        std::fs::write(&file, values.to_string()).unwrap();
        let file = file.to_str().unwrap();
        helm.run(&["install", "watch", CHART, "--dry-run=client", "--values", file]).unwrap()
    };
    let map = json!({ "receivers": { "team": { "slack": [] } } });
    let text = json!("[route]\nreceiver = \"team\"\n\n[receivers.team]\n");
    for (config, shape, who) in [
        (&map, json!({ "replicas": 2 }), "each of its 2 pods tells"),
        (&map, json!({ "replicas": 3, "mode": "statefulset" }), "each of its 3 pods tells"),
        (&map, json!({ "mode": "daemonset" }), "the pod of each node tells"),
        (&text, json!({ "replicas": 2 }), "each of its 2 pods tells"),
    ] {
        let mut values = shape;
        values["config"] = config.clone();
        let told = notes(&values);
        assert!(told.contains(who) && told.contains("config.alertmanagers"), "{values}: {told}");
    }
    for values in [
        json!({ "config": map }),
        json!({ "config": text }),
        json!({ "replicas": 2 }),
        json!({ "replicas": 2, "config": { "receivers": {}, "alertmanagers": { "a": {} } } }),
        json!({ "replicas": 2, "config": "# [receivers.team]" }),
        json!({ "replicas": 2, "existingSecret": "a" }),
        json!({ "replicas": 2, "personality": "blackbox", "config": { "receivers": { "a": 1 } } }),
    ] {
        let told = notes(&values);
        assert!(!told.contains("hear everything"), "{values}: {told}");
    }
}
