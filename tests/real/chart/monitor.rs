//! What the Prometheus operator is told: /metrics, and each target of the drop-in as blackbox_exporter's users scrape it.

use std::process::Command;

use serde_json::{Value, json};

use super::{Helm, drop_of_objects, helms, only};
use crate::{kube::said, server::part};

fn endpoints(helm: &Helm, values: &str, more: &[&str]) -> Vec<Value> {
    let all = helm.render(Some(values), more);
    only(&all, "ServiceMonitor")["spec"]["endpoints"].as_array().unwrap().clone()
}

#[test]
fn options_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("noroshi"), &[]);
    let monitor = only(&all, "ServiceMonitor");
    for (pointer, wanted) in [
        ("/metadata/labels/release", json!("kube-prometheus-stack")),
        ("/metadata/annotations/a", json!("b")),
        ("/metadata/namespace", json!("towers")),
        ("/spec/jobLabel", json!("app.kubernetes.io/name")),
        ("/spec/targetLabels", json!(["c"])),
        ("/spec/namespaceSelector/matchNames", json!(["towers"])),
        ("/spec/sampleLimit", json!(50000)),
        ("/spec/labelLimit", json!(40)),
        ("/spec/scrapeProtocols/0", json!("PrometheusProto")),
        (
            "/spec/endpoints",
            json!([{
                "port": "http",
                "scheme": "http",
                "path": "/metrics",
                "interval": "30s",
                "scrapeTimeout": "10s",
                "honorLabels": true,
                "relabelings": [
                    { "sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node" },
                ],
                "metricRelabelings": [{ "action": "labeldrop", "regex": "pod_template_hash" }],
            }]),
        ),
    ] {
        assert_eq!(monitor.pointer(pointer), Some(&wanted), "{pointer}");
    }
    let theirs = &endpoints(helm, "existing", &[])[0];
    assert_eq!(theirs["scheme"], "https");
    assert_eq!(theirs["basicAuth"]["password"], json!({ "name": "users", "key": "password" }));
    // What is empty by default is left out.
    let plain = json!([{ "port": "http", "scheme": "http", "path": "/metrics" }]);
    assert_eq!(json!(endpoints(helm, "blackbox", &[])), plain);
}

/// Beside its own metrics, the objects of clusters: with the labels that they have, and under the job that others choose. On
/// both pages `cluster` is that of the series.
#[test]
fn objects_of_clusters_are_an_endpoint() {
    let drop = drop_of_objects();
    let job = json!({ "targetLabel": "job", "replacement": "kube-state-metrics" });
    let objects = |path: &str, relabelings: Value| {
        json!({
            "port": "http", "scheme": "http", "path": path, "honorLabels": true, "relabelings": relabelings,
        })
    };
    let own =
        |path: &str| json!({ "port": "http", "scheme": "http", "path": path, "honorLabels": true });
    let enabled = "serviceMonitor.enabled=true";
    for helm in helms() {
        for values in ["clusters", "clusters-checks", "clusters-namespaces"] {
            assert_eq!(
                json!(endpoints(&helm, values, &["--set", enabled])),
                json!([own("/metrics"), objects("/metrics/kube", json!([job, drop]))]),
                "{values}"
            );
        }
        // Where it is told otherwise: a label for the job, a prefix, times, what to do with labels.
        let more = format!(
            "{enabled},serviceMonitor.jobLabel=team,web.routePrefix=/a,serviceMonitor.interval=1m,\
             serviceMonitor.metricRelabelings[0].action=labeldrop,serviceMonitor.metricRelabelings[0].regex=uid,\
             serviceMonitor.relabelings[0].targetLabel=stage,serviceMonitor.relabelings[0].replacement=tests"
        );
        let [mut of_own, mut of_objects] =
            [own("/a/metrics"), objects("/a/metrics/kube", json!([drop]))];
        let stage = json!({ "targetLabel": "stage", "replacement": "tests" });
        of_own["relabelings"] = json!([stage]);
        of_objects["relabelings"] = json!([drop, stage]);
        for endpoint in [&mut of_own, &mut of_objects] {
            endpoint["interval"] = json!("1m");
            endpoint["metricRelabelings"] = json!([{ "action": "labeldrop", "regex": "uid" }]);
        }
        assert_eq!(
            json!(endpoints(&helm, "clusters", &["--set", &more])),
            json!([of_own, of_objects])
        );
        // Clusters of other places need neither token nor role here, and are shown all the same; without any there is nothing.
        let paths = |values: Value| {
            let all = helm.objects(&values).unwrap();
            let endpoints =
                only(&all, "ServiceMonitor")["spec"]["endpoints"].as_array().unwrap().clone();
            endpoints.iter().map(|own| own["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let monitor = json!({ "enabled": true });
        let far = json!({ "clusters": { "far": { "context": "far" } } });
        let both = paths(json!({ "serviceMonitor": monitor, "config": far }));
        assert_eq!(both, ["/metrics", "/metrics/kube"]);
        for config in
            [json!(null), json!({ "clusters": {} }), json!({ "checks": {} }), json!("# TOML")]
        {
            assert_eq!(paths(json!({ "serviceMonitor": monitor, "config": config })), ["/metrics"]);
        }
        for personality in ["blackbox", "alertmanager"] {
            let found = paths(json!({ "serviceMonitor": monitor, "personality": personality }));
            assert_eq!(found, ["/metrics"], "{personality}");
        }
    }
}

#[test]
fn each_target_is_an_endpoint() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let found = endpoints(helm, "blackbox-web", &[]);
    let [own, website, mail] = found.as_slice() else { panic!("{found:?}") };
    for (endpoint, path) in
        [(own, "/probes/metrics"), (website, "/probes/probe"), (mail, "/probes/probe")]
    {
        assert_eq!(endpoint["path"], path);
        assert_eq!(endpoint["scheme"], "https");
        assert_eq!(endpoint["tlsConfig"]["serverName"], "probes.example.test");
        assert_eq!(endpoint["authorization"]["credentials"]["name"], "token");
    }
    let https = json!({ "module": ["ssh_banner"], "target": ["https://example.test/health"] });
    assert_eq!(website["params"], https);
    assert_eq!([&website["interval"], &website["scrapeTimeout"]], ["1m", "10s"]);
    assert_eq!(
        website["relabelings"],
        json!([
            { "sourceLabels": ["__param_target"], "targetLabel": "instance" },
            { "targetLabel": "target", "replacement": "website" },
            { "targetLabel": "team", "replacement": "web" },
            { "targetLabel": "tier", "replacement": "1" },
            { "action": "labeldrop", "regex": "container" },
        ])
    );
    assert_eq!(
        mail["params"],
        json!({
            "module": ["tcp_connect"],
            "target": ["mail.example.test:25"],
            "hostname": ["mail.example.test"],
        })
    );
    assert_eq!([&mail["interval"], &mail["scrapeTimeout"]], ["1h", "1m"]);
    let labels = json!([
        { "targetLabel": "target", "replacement": "mail$$" },
        { "targetLabel": "team", "replacement": "post" },
        { "targetLabel": "tier", "replacement": "1" },
        { "action": "labeldrop", "regex": "container" },
        { "action": "labeldrop", "regex": "pod" },
    ]);
    assert_eq!(json!(mail["relabelings"].as_array().unwrap()[1..]), labels);
    assert_eq!(mail["metricRelabelings"].as_array().unwrap().len(), 2);
    // Without any of their own, /metrics' times are theirs.
    let times = "serviceMonitor.interval=2m,serviceMonitor.scrapeTimeout=90s,\
                 serviceMonitor.targetDefaults.interval=,serviceMonitor.targetDefaults.scrapeTimeout=";
    let website = &endpoints(helm, "blackbox-web", &["--set", times])[1];
    assert_eq!([&website["interval"], &website["scrapeTimeout"]], ["2m", "90s"]);
}

/// The operator would leave out the whole object, and say so nowhere but in its log.
#[test]
fn a_target_whose_module_is_not_there_is_refused() {
    for helm in helms() {
        let values = |module: &str| {
            json!({
                "personality": "blackbox", "config": { "modules": { "icmp": { "prober": "icmp" } } },
                "serviceMonitor": {
                    "enabled": true,
                    "targets": [{ "name": "a", "url": "a.example", "module": module }],
                },
            })
        };
        helm.objects(&values("icmp")).unwrap();
        let refused = helm.objects(&values("http_2xx")).unwrap_err();
        assert!(refused.contains("a wants the module http_2xx"), "{refused}");
    }
}

#[test]
fn a_timeout_beyond_the_interval_is_refused() {
    for helm in helms() {
        for (interval, timeout, passes) in [
            ("1m", "60s", true),
            ("1m", "61s", false),
            ("1h30m", "89m", true),
            ("1h30m", "91m", false),
            ("1d", "25h", false),
            ("1s500ms", "1501ms", false),
            ("", "25h", true),
        ] {
            let times = format!(
                "serviceMonitor.interval={interval},serviceMonitor.scrapeTimeout={timeout},\
                 serviceMonitor.enabled=true"
            );
            let done = helm.run(&["template", super::CHART, "--set", &times]);
            assert_eq!(done.is_ok(), passes, "{times}: {done:?}");
            let refused = done.err().is_none_or(|error| error.contains("longer than its interval"));
            assert!(refused, "{times}");
        }
        let targets = "serviceMonitor.enabled=true,serviceMonitor.targets[0].name=a,\
                       serviceMonitor.targets[0].url=b";
        let refused = helm.run(&["template", super::CHART, "--set", targets]).unwrap_err();
        assert!(refused.contains("personality=blackbox"), "{refused}");
    }
}

/// Prometheus takes the relabelling as the operator would write it.
#[test]
fn prometheus_takes_the_relabelling() {
    let (helms, Some(promtool)) = (helms(), part("promtool")) else { return };
    let Some(helm) = helms.first() else { return };
    let clusters = endpoints(helm, "clusters", &["--set", "serviceMonitor.enabled=true"]);
    let jobs: Vec<Value> = endpoints(helm, "blackbox-web", &[])
        .iter()
        .chain(&clusters)
        .enumerate()
        .map(|(at, endpoint)| {
            json!({
                "job_name": format!("job-{at}"),
                "metrics_path": endpoint["path"],
                "params": endpoint["params"],
                "honor_labels": endpoint["honorLabels"] == true,
                "static_configs": [{ "targets": ["127.0.0.1:9115"] }],
                "relabel_configs": snake_case(&endpoint["relabelings"]),
                "metric_relabel_configs": snake_case(&endpoint["metricRelabelings"]),
            })
        })
        .collect();
    let file = helm.folder.path().join("prometheus.yml");
    std::fs::write(&file, json!({ "scrape_configs": jobs }).to_string()).unwrap();
    said(Command::new(promtool).args(["check", "config"]).arg(&file)).unwrap();
}

fn snake_case(rules: &Value) -> Value {
    let text = rules.to_string();
    let text = text.replace("sourceLabels", "source_labels").replace("targetLabel", "target_label");
    serde_json::from_str(&text).unwrap()
}
