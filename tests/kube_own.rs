//! What no peer shows of Kubernetes objects: the rows of each `noroshi_kube_*` family for the objects of
//! `tests/fixtures/kube/own`, and of what only the past can tell.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test says what went wrong by panicking, and samples are counts"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use jiff::Timestamp;
use noroshi::{
    clock::Clock,
    cluster::{Collector, Entry, kinds::KINDS, spec::Settings},
    metrics::{Dialect, Encoder, Text},
    model::{Desc, Sink},
};
use serde_json::{Value, json, value::RawValue};
use support::{
    app::Bench,
    eventually,
    kube_api::{KubeApi, Resource},
};

/// The moment of all scrapes, as long as nobody waits.
fn settings() -> Settings {
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
    Settings { own: true, clock: Clock::anchored(now), ..Settings::default() }
}

fn entry(resource: &str) -> &'static Entry {
    KINDS.iter().find(|entry| entry.resource.name == resource).unwrap()
}

fn fixture(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube");
    fs::read_to_string(root.join(path)).ok()
}

fn list(collector: &dyn Collector, objects: &str) {
    collector.begin(0);
    let objects: Vec<&RawValue> = serde_json::from_str(objects).unwrap();
    for object in objects {
        collector.listed(0, object.get()).unwrap();
    }
    collector.end(0);
}

/// What is written of the families that no peer has, without what explains it.
fn own(collector: &dyn Collector) -> Vec<String> {
    let snapshot = collector.snapshot();
    let mut text = Text::new(Dialect::Prometheus);
    for (at, desc) in snapshot.own() {
        text.family(desc.name, desc.help, desc.kind);
        snapshot.write_own(at, &mut text);
    }
    let text = String::from_utf8(std::mem::take(text.buffer())).unwrap();
    let lines = text.split_terminator('\n').filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn collected(resource: &str, settings: &Settings) -> Arc<dyn Collector> {
    let collector = (entry(resource).collector)(settings);
    if let Some(objects) = fixture(&format!("own/{resource}.json")) {
        list(&*collector, &objects);
    }
    collector
}

/// Series with their values, in order.
fn series<'r>(rows: impl Iterator<Item = &'r str>) -> Vec<(String, f64)> {
    let rows = rows.map(str::trim).filter(|row| !row.is_empty());
    let mut all: Vec<(String, f64)> = rows
        .map(|row| {
            let (name, value) = row.rsplit_once(' ').unwrap();
            // Sums of fractions are not exact.
            let value = (value.parse::<f64>().unwrap() * 1e6).round() / 1e6;
            (name.to_owned(), value)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn assert_rows(resource: &str, expected: &str) {
    let rows = own(&*collected(resource, &settings()));
    let (own, wanted) = (series(rows.iter().map(String::as_str)), series(expected.lines()));
    assert_eq!(own, wanted, "{resource}:\n{}", rows.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn pods() {
    assert_rows(
        "pods",
        r#"
        noroshi_kube_pod_state{namespace="bank",state="Evicted"} 1
        noroshi_kube_pod_state{namespace="bank",state="Init:0/2"} 1
        noroshi_kube_pod_state{namespace="bank",state="Terminating"} 1
        noroshi_kube_pod_state{namespace="shop",state="Completed"} 1
        noroshi_kube_pod_state{namespace="shop",state="CrashLoopBackOff"} 1
        noroshi_kube_pod_state{namespace="shop",state="Pending"} 1
        noroshi_kube_pod_state{namespace="shop",state="Running"} 1
        noroshi_kube_node_pods{node="",phase="Pending"} 1
        noroshi_kube_node_pods{node="n1",phase="Running"} 2
        noroshi_kube_node_pods{node="n1",phase="Succeeded"} 1
        noroshi_kube_node_pods{node="n2",phase="Failed"} 1
        noroshi_kube_node_pods{node="n2",phase="Pending"} 1
        noroshi_kube_node_pods{node="n2",phase="Running"} 1
        noroshi_kube_node_pods_in_error{node=""} 0
        noroshi_kube_node_pods_in_error{node="n1"} 1
        noroshi_kube_node_pods_in_error{node="n2"} 1
        noroshi_kube_node_requested{node="n1",resource="cpu",unit="core"} 1.11
        noroshi_kube_node_requested{node="n1",resource="memory",unit="byte"} 8.388608e+07
        noroshi_kube_node_requested{node="n1",resource="nvidia_com_gpu",unit="integer"} 2
        noroshi_kube_node_requested{node="n2",resource="cpu",unit="core"} 1
        noroshi_kube_node_requested{node="n2",resource="memory",unit="byte"} 2.147483648e+09
        noroshi_kube_namespace_requested{namespace="bank",resource="cpu",unit="core"} 1
        noroshi_kube_namespace_requested{namespace="bank",resource="memory",unit="byte"} 2.147483648e+09
        noroshi_kube_namespace_requested{namespace="shop",resource="cpu",unit="core"} 9.11
        noroshi_kube_namespace_requested{namespace="shop",resource="memory",unit="byte"} 1.157627904e+09
        noroshi_kube_namespace_requested{namespace="shop",resource="nvidia_com_gpu",unit="integer"} 2
        "#,
    );
}

#[tokio::test(start_paused = true)]
async fn nodes() {
    assert_rows(
        "nodes",
        r#"
        noroshi_kube_node_info{node="n1",architecture="arm64",os="linux",os_image="Talos (v1.9)",kernel="6.12.1",kubelet="v1.34.0",zone="eu-1a",instance_type="m7.large"} 1
        noroshi_kube_node_info{node="n2",architecture="",os="",os_image="",kernel="",kubelet="",zone="",instance_type=""} 1
        noroshi_kube_node_allocatable{node="n1",resource="cpu",unit="core"} 3.92
        noroshi_kube_node_allocatable{node="n1",resource="memory",unit="byte"} 1.610612736e+10
        noroshi_kube_node_allocatable{node="n1",resource="pods",unit="integer"} 110
        noroshi_kube_node_reboots_total{node="n1"} 0
        noroshi_kube_node_reboots_total{node="n2"} 0
        "#,
    );
}

#[tokio::test(start_paused = true)]
async fn namespaces_and_volumes() {
    assert_rows(
        "namespaces",
        r#"
        noroshi_kube_namespaces{phase="Active"} 2
        noroshi_kube_namespaces{phase="Terminating"} 1
        noroshi_kube_namespace_terminating_timestamp_seconds{namespace="old"} 1.7672262e+09
        "#,
    );
    assert_rows(
        "persistentvolumes",
        r#"
        noroshi_kube_persistentvolumes{storageclass="",phase="Available"} 1
        noroshi_kube_persistentvolumes{storageclass="fast",phase="Bound"} 2
        noroshi_kube_persistentvolumes{storageclass="fast",phase="Released"} 1
        noroshi_kube_persistentvolumes_capacity_bytes{storageclass="",phase="Available"} 1.073741824e+09
        noroshi_kube_persistentvolumes_capacity_bytes{storageclass="fast",phase="Bound"} 3.221225472e+09
        noroshi_kube_persistentvolumes_capacity_bytes{storageclass="fast",phase="Released"} 5.36870912e+09
        noroshi_kube_persistentvolume_orphan_bytes{persistentvolume="v3",storageclass="fast",reclaim_policy="Retain",namespace="old",claim="gone"} 5.36870912e+09
        "#,
    );
}

#[tokio::test(start_paused = true)]
async fn leases() {
    assert_rows(
        "leases",
        r#"
        noroshi_kube_leases{namespace="kube-node-lease",state="held"} 2
        noroshi_kube_leases{namespace="kube-node-lease",state="stale"} 1
        noroshi_kube_leases{namespace="shop",state="free"} 1
        noroshi_kube_leases{namespace="shop",state="held"} 1
        noroshi_kube_lease_expired_timestamp_seconds{namespace="kube-node-lease",lease="n2",lease_holder="n2"} 1.76722864e+09
        "#,
    );
}

#[tokio::test(start_paused = true)]
async fn definitions_and_services_of_the_api() {
    assert_rows(
        "customresourcedefinitions",
        r#"
        noroshi_kube_crd_condition{crd="shops.example.com",condition="Established",status="True",reason="InitialNamesAccepted"} 1
        noroshi_kube_crd_condition{crd="shops.example.com",condition="NamesAccepted",status="True",reason="NoConflicts"} 1
        noroshi_kube_crd_version{crd="shops.example.com",version="v1",served="true",storage="true",stored="true"} 1
        noroshi_kube_crd_version{crd="shops.example.com",version="v1beta1",served="false",storage="false",stored="true"} 1
        noroshi_kube_crd_version{crd="shops.example.com",version="v1alpha1",served="false",storage="false",stored="true"} 1
        "#,
    );
    assert_rows(
        "apiservices",
        r#"
        noroshi_kube_apiservice_available{apiservice="v1.apps",service_namespace="",service="",reason="Local"} 1
        noroshi_kube_apiservice_available{apiservice="v1beta1.metrics.k8s.io",service_namespace="kube-system",service="metrics-server",reason="MissingEndpoints"} 0
        "#,
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_used() {
    assert_rows(
        "nodemetrics",
        r#"
        noroshi_kube_node_used{node="n1",resource="cpu",unit="core"} 1.25
        noroshi_kube_node_used{node="n1",resource="memory",unit="byte"} 2.097152e+06
        "#,
    );
    assert_rows(
        "podmetrics",
        r#"
        noroshi_kube_namespace_used{namespace="bank",resource="cpu",unit="core"} 0
        noroshi_kube_namespace_used{namespace="bank",resource="memory",unit="byte"} 0
        noroshi_kube_namespace_used{namespace="shop",resource="cpu",unit="core"} 0.255
        noroshi_kube_namespace_used{namespace="shop",resource="memory",unit="byte"} 3072
        "#,
    );
}

fn value(rows: &[String], series: &str) -> Option<f64> {
    rows.iter().find_map(|row| row.strip_prefix(series)?.trim().parse().ok())
}

fn changed(collector: &dyn Collector, object: &Value) -> bool {
    collector.changed(0, &object.to_string()).unwrap().is_news
}

#[tokio::test(start_paused = true)]
async fn reboots_are_counted_as_they_are_seen() {
    let nodes = collected("nodes", &settings());
    let text = fixture("own/nodes.json").unwrap();
    let mut all: Value = serde_json::from_str(&text).unwrap();
    let reboots = || value(&own(&*nodes), "noroshi_kube_node_reboots_total{node=\"n1\"}").unwrap();
    let boot = |node: &mut Value, id: &str| node["status"]["nodeInfo"]["bootID"] = json!(id);
    assert!(!changed(&*nodes, &all[0]));
    boot(&mut all[0], "b-2");
    assert!(changed(&*nodes, &all[0]));
    assert_eq!(reboots(), 1.0);
    // The same again is no news, and neither is a list that has it.
    assert!(!changed(&*nodes, &all[0]));
    list(&*nodes, &all.to_string());
    assert_eq!(reboots(), 1.0);
    // A node that does not say what it booted with has not been started anew.
    boot(&mut all[0], "");
    assert!(changed(&*nodes, &all[0]));
    assert_eq!(reboots(), 1.0);
    // What happened between two lists is seen too.
    boot(&mut all[0], "b-3");
    assert!(changed(&*nodes, &all[0]));
    boot(&mut all[0], "b-4");
    list(&*nodes, &all.to_string());
    assert_eq!(reboots(), 2.0);
}

fn deployment(name: &str, generation: i64, observed: i64, pods: [i64; 3]) -> Value {
    let [replicas, updated, available] = pods;
    json!({
        "metadata": { "namespace": "shop", "name": name, "uid": format!("u-{name}"), "generation": generation },
        "spec": { "replicas": 2 },
        "status": {
            "observedGeneration": observed, "replicas": replicas,
            "updatedReplicas": updated, "availableReplicas": available,
        }
    })
}

async fn pass(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn rollouts_are_measured_from_the_new_generation_on() {
    let all = collected("deployments", &settings());
    let began = "noroshi_kube_rollout_began_timestamp_seconds{namespace=\"shop\",deployment=";
    let durations = "noroshi_kube_rollout_duration_seconds";
    let of = |what: &str| format!("{durations}_{what}{{namespace=\"shop\",deployment=\"new\"}}");
    // One is stuck; one has pods that are not available, which is no rollout.
    let rows = own(&*all);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(value(&rows, &format!("{began}\"stuck\"}}")), Some(1_767_229_200.0));
    assert!(changed(&*all, &deployment("new", 1, 0, [0, 0, 0])));
    pass(10).await;
    assert!(changed(&*all, &deployment("new", 1, 1, [0, 0, 0])));
    pass(20).await;
    assert!(changed(&*all, &deployment("new", 1, 1, [2, 2, 1])));
    let since = value(&own(&*all), &format!("{began}\"new\"}}"));
    assert_eq!(since, Some(1_767_229_210.0));
    pass(5).await;
    assert!(changed(&*all, &deployment("new", 1, 1, [2, 2, 2])));
    let rows = own(&*all);
    assert_eq!(value(&rows, &of("count")), Some(1.0));
    assert_eq!(value(&rows, &of("sum")), Some(25.0));
    assert_eq!(value(&rows, &format!("{began}\"new\"}}")), None);
    // A pod falls: not a rollout. A change that a newer one overtakes is measured from the newer one on.
    assert!(changed(&*all, &deployment("new", 1, 1, [2, 2, 1])));
    assert_eq!(value(&own(&*all), &format!("{began}\"new\"}}")), None);
    assert!(changed(&*all, &deployment("new", 2, 2, [3, 1, 2])));
    pass(100).await;
    assert!(changed(&*all, &deployment("new", 3, 3, [3, 1, 2])));
    pass(7).await;
    assert!(changed(&*all, &deployment("new", 3, 3, [2, 2, 2])));
    let rows = own(&*all);
    assert_eq!(value(&rows, &of("count")), Some(2.0));
    assert_eq!(value(&rows, &of("sum")), Some(32.0));
    // One that was under way when we came is told of, and not measured.
    assert!(changed(
        &*all,
        &json!({
            "metadata": { "namespace": "shop", "name": "stuck", "uid": stuck_uid(), "generation": 7 },
            "spec": { "replicas": 2 },
            "status": { "observedGeneration": 7, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 },
        })
    ));
    let rows = own(&*all);
    assert!(rows.iter().all(|row| !row.contains("stuck")), "{rows:?}");
}

fn stuck_uid() -> Value {
    let all: Value = serde_json::from_str(&fixture("own/deployments.json").unwrap()).unwrap();
    all[1]["metadata"]["uid"].clone()
}

fn event(name: &str, count: i64, minute: i64) -> Value {
    json!({
        "metadata": { "namespace": "shop", "name": name, "uid": format!("e-{name}"), "resourceVersion": "1" },
        "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "web-1" },
        "type": "Warning", "reason": "BackOff", "message": format!("{name} times {count}"),
        "source": { "component": "kubelet", "host": "n1" },
        "count": count, "lastTimestamp": format!("2026-01-01T00:{minute:02}:00Z"),
    })
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_as_they_happen() {
    let events = (entry("events").collector)(&settings());
    let total = || {
        let rows = own(&*events);
        let series = "noroshi_kube_events_total{event_type=\"Warning\",reason=\"BackOff\",kind=\"Pod\",namespace=\"shop\",component=\"kubelet\"}";
        assert!(rows.len() <= 1, "{rows:?}");
        value(&rows, series)
    };
    // What had happened before is known and not counted, also where the first list had to be begun anew.
    events.begin(0);
    events.listed(0, &event("a", 5, 1).to_string()).unwrap();
    list(&*events, &json!([event("a", 5, 1), event("b", 1, 2)]).to_string());
    assert_eq!((total(), events.objects()), (None, 2));
    let told = || events.events().iter().map(|e| e.message.to_string()).collect::<Vec<_>>();
    assert_eq!(told(), ["b times 1", "a times 5"]);
    // An update counts by how much it has grown; the same again is no news.
    assert!(changed(&*events, &event("a", 7, 3)));
    assert!(!changed(&*events, &event("a", 7, 3)));
    assert_eq!(
        (total(), told()),
        (Some(2.0), vec!["a times 7".to_owned(), "b times 1".to_owned()])
    );
    assert!(changed(&*events, &event("c", 3, 4)));
    assert_eq!(total(), Some(5.0));
    // A later list tells what was missed: a new one, and two more of a known one.
    list(&*events, &json!([event("a", 9, 5), event("c", 3, 4), event("d", 1, 6)]).to_string());
    assert_eq!((total(), events.objects()), (Some(8.0), 3));
    assert_eq!(told(), ["d times 1", "a times 9", "c times 3", "b times 1"]);
    // The API server forgets it; what happened has happened.
    events.gone(0, &event("d", 1, 6).to_string()).unwrap();
    assert_eq!((total(), events.objects(), events.events().len()), (Some(8.0), 2, 4));
    // One that cannot be read is still known after the list that names it.
    events.begin(0);
    let mut broken = event("a", 9, 5);
    broken["count"] = json!("nine");
    let refused = events.listed(0, &broken.to_string()).unwrap_err();
    assert_eq!(refused.name, "a");
    events.listed(0, &event("c", 3, 4).to_string()).unwrap();
    events.end(0);
    assert!(!changed(&*events, &event("a", 9, 5)));
    assert_eq!(total(), Some(8.0));
}

/// A list that breaks off is begun anew, and names the same events again.
#[tokio::test(start_paused = true)]
async fn an_event_counts_once_however_often_its_list_breaks_off() {
    let events = (entry("events").collector)(&settings());
    let total = || {
        let rows = own(&*events);
        rows.iter().map(|row| row.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum::<f64>()
    };
    let broken_off = |all: &[Value]| {
        events.begin(0);
        for event in all {
            events.listed(0, &event.to_string()).unwrap();
        }
    };
    list(&*events, &json!([event("a", 5, 1)]).to_string());
    // What came while nobody watched: two of a known event, and two of a new one.
    let (a, b) = (event("a", 7, 3), event("b", 2, 3));
    for _ in 0..4 {
        broken_off(&[a.clone(), b.clone()]);
        assert_eq!(total(), 4.0);
    }
    list(&*events, &json!([a, b]).to_string());
    assert_eq!((total(), events.objects()), (4.0, 2));
    assert!(!changed(&*events, &event("b", 2, 3)));
    // A list from what the server knew a while ago takes nothing back, and what it knew meanwhile is not new.
    list(&*events, &json!([event("a", 6, 2), event("b", 2, 3)]).to_string());
    assert!(!changed(&*events, &event("a", 7, 3)));
    assert_eq!(total(), 4.0);
    // Lists that break off again and again, with ever other events: those of long ago do not stay for ever.
    for round in 0..10 {
        let all: Vec<_> = (0..5000).map(|at| event(&format!("{round}-{at}"), 1, 4)).collect();
        broken_off(&all);
        assert!(events.objects() < 20_100, "{}", events.objects());
    }
    assert_eq!(total(), 50_004.0);
    list(&*events, &json!([event("9-0", 1, 4)]).to_string());
    assert_eq!((total(), events.objects()), (50_004.0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_last_thousand_events_are_kept() {
    let events = (entry("events").collector)(&settings());
    let all: Vec<Value> = (0..1500).map(|at| event(&at.to_string(), 1, at % 50)).collect();
    list(&*events, &json!(all).to_string());
    let kept = events.events();
    assert_eq!((kept.len(), events.objects()), (1000, 1500));
    assert!(kept.is_sorted_by(|a, b| a.last >= b.last));
    // 30 of each minute: the last 1,000 are those of 33 minutes and a part of another.
    assert_eq!(kept.last().unwrap().last.to_string(), "2026-01-01T00:16:00Z");
    // In a log that is full the same event still stands once.
    assert!(changed(&*events, &event("49", 2, 55)));
    let kept = events.events();
    assert_eq!((kept.len(), &*kept[0].message), (1000, "49 times 2"));
    assert!(kept.iter().all(|event| &*event.message != "49 times 1"));
}

/// Labels and name of a line.
fn read(line: &str) -> (String, Vec<String>) {
    let (name, mut rest) = line.split_once('{').unwrap();
    let mut labels = Vec::new();
    while let Some((label, after)) = rest.split_once("=\"") {
        labels.push(label.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = after.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        rest = &after[end.unwrap() + 1..];
    }
    (name.to_owned(), labels)
}

fn descs() -> Vec<&'static Desc> {
    KINDS.iter().flat_map(|entry| (entry.own)()).collect()
}

/// Also for the odd objects on which kube-state-metrics is tried.
#[tokio::test(start_paused = true)]
async fn rows_have_the_labels_that_are_told_and_stand_once() {
    let declared: BTreeMap<_, _> = descs().into_iter().map(|d| (d.name, d.labels)).collect();
    assert_eq!(declared.len(), descs().len(), "a name twice");
    let cluster = Settings { cluster: Some("far".into()), ..settings() };
    for entry in KINDS {
        let name = entry.resource.name;
        for folder in ["objects", "own"] {
            let Some(objects) = fixture(&format!("{folder}/{name}.json")) else { continue };
            let collector = (entry.collector)(&cluster);
            list(&*collector, &objects);
            let rows = own(&*collector);
            for row in &rows {
                let (family, labels) = read(row);
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|suffix| family.strip_suffix(suffix))
                    .unwrap_or(&family);
                assert_eq!(labels[0], "cluster", "{row}");
                assert_eq!(labels[1..], *declared[family], "{row}");
            }
            let series: BTreeSet<_> =
                rows.iter().map(|row| row.rsplit_once(' ').unwrap().0).collect();
            assert_eq!(series.len(), rows.len(), "{name}: a series twice");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lists_let_ours_be_or_not_and_kube_state_metrics_has_none() {
    use noroshi::cluster::spec::{Filter, Patterns, Profile};
    let count = |settings: &Settings| own(&*collected("nodes", settings)).len();
    assert_eq!(count(&settings()), 7);
    assert_eq!(count(&Settings { own: false, ..settings() }), 0);
    let deny = Filter { deny: Patterns::new(["reboots"]).unwrap(), ..Filter::default() };
    assert_eq!(count(&Settings { families: deny, ..settings() }), 5);
    let allow = Filter { allow: Patterns::new(["^kube_"]).unwrap(), ..Filter::default() };
    assert_eq!(count(&Settings { families: allow, ..settings() }), 0);
    let lean = Filter { profile: Profile::Lean, ..Filter::default() };
    assert_eq!(count(&Settings { families: lean, ..settings() }), 7);
}

/// Names are ours, and say what they are.
#[test]
fn names_follow_the_conventions() {
    use noroshi::model::MetricKind;
    for desc in descs() {
        assert!(desc.name.starts_with("noroshi_kube_"), "{desc:?}");
        assert_eq!(desc.name.ends_with("_total"), desc.kind == MetricKind::Counter, "{desc:?}");
        assert!(!desc.labels.contains(&"cluster"), "{desc:?}");
    }
}

/// Puts the objects of a fixture into a server.
fn put(api: &KubeApi, resource: &str, path: &str) {
    let objects: Vec<Value> =
        serde_json::from_str(&fixture(&format!("own/{resource}.json")).unwrap()).unwrap();
    api.put_many(path, objects);
}

/// From an API server to the page, also what can only be listed; and what the server does not have is missing alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_shows_them_beside_the_others() {
    let api = KubeApi::start().await;
    for resource in ["pods", "nodes", "apiservices", "customresourcedefinitions"] {
        put(&api, resource, resource);
    }
    for (plural, kind, namespaced) in
        [("nodes", "NodeMetrics", false), ("pods", "PodMetrics", true)]
    {
        let resource = Resource::new("metrics.k8s.io/v1beta1", plural, kind, namespaced);
        api.declare(Resource { watchable: false, ..resource });
    }
    put(&api, "nodemetrics", "nodes.metrics.k8s.io");
    put(&api, "podmetrics", "pods.metrics.k8s.io");
    api.put("events", event("before", 5, 1));
    let bench = Bench::new(&format!("[clusters.far]\nserver = \"{}\"\n", api.url())).await;
    let page = eventually!(some {
        let (_, page) = bench.get("/metrics/kube").await;
        let whole = ["apiservice_available", "crd_version", "node_used", "namespace_used", "pod_state"];
        whole.iter().all(|name| page.contains(&format!("\nnoroshi_kube_{name}{{cluster=\"far\",")))
            .then_some(page)
    }, "families are missing");
    assert!(page.contains("\nkube_node_info{cluster=\"far\","));
    assert!(!page.contains("noroshi_kube_events_total"), "what was before is not counted");
    eventually!(bench.get("/api/v1/events").await.1.contains("before times 5"));
    api.put("events", event("after", 2, 3));
    let series = "noroshi_kube_events_total{cluster=\"far\",event_type=\"Warning\",reason=\"BackOff\",kind=\"Pod\",\
                  namespace=\"shop\",component=\"kubelet\"} 2\n";
    eventually!(bench.get("/metrics/kube").await.1.contains(series));
    let (_, answer) = bench.get("/api/v1/events").await;
    let events: Value = serde_json::from_str(&answer[answer.find('{').unwrap()..]).unwrap();
    let messages: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|row| row["message"].clone()).collect();
    assert_eq!(messages, ["after times 2", "before times 5"]);
    let (_, freshness) = bench.get("/metrics").await;
    for resource in ["nodemetrics", "podmetrics", "events"] {
        let up =
            format!("noroshi_cluster_collector_up{{cluster=\"far\",collector=\"{resource}\"}} 1\n");
        assert!(freshness.contains(&up), "{resource}");
    }
    assert!(bench.app.stop().await);
}

/// Where nobody measures what is used, that is missing, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn without_metrics_server_only_its_families_are_missing() {
    let api = KubeApi::start().await;
    put(&api, "nodes", "nodes");
    let bench = Bench::new(&format!("[clusters.far]\nserver = \"{}\"\n", api.url())).await;
    let up = |resource: &str, is: u8| {
        format!("noroshi_cluster_collector_up{{cluster=\"far\",collector=\"{resource}\"}} {is}\n")
    };
    let failed = "noroshi_cluster_collector_watch_errors_total{cluster=\"far\",collector=\"nodemetrics\",reason=\"not_found\"} 1\n";
    eventually!(some {
        let (_, page) = bench.get("/metrics").await;
        (page.contains(failed) && page.contains(&up("nodemetrics", 0)) && page.contains(&up("nodes", 1)))
            .then_some(())
    }, "not as it should be");
    assert!(bench.get("/metrics/kube").await.1.contains("noroshi_kube_node_info"));
    assert!(bench.app.stop().await);
}
