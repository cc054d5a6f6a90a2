//! As a DaemonSet and as a StatefulSet: what is rendered runs, real controllers make pods of it, and each pod of the drop-in
//! for kube-state-metrics shows its part of the objects and no other.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde_json::{Value, json};

use super::{
    CHART, Helm, Objects,
    cluster::strict_namespace,
    drop_of_objects, file_of, helms,
    kube_state_metrics::{account, printed},
    only, rendered_files,
    runs::{FIELDS, Mounted, Started},
    workload,
};
use crate::{
    kube::{Cluster, said},
    server::wait_until,
};

#[test]
fn what_is_rendered_for_each_node_runs_there() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("daemonset"), &[]);
    let workload = only(&all, "DaemonSet");
    assert_eq!(workload["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"], 1);
    let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
    let started = Started::new(workload, &[("config", mounted.path())], &[]);
    started.is_asked_by_the_test_pod(&all);
    let config = started.daemon.get("/config").body;
    assert!(config.contains("127.0.0.1:10250"), "{config}");
    started.daemon.until_metrics("its node", |page| {
        page.contains("noroshi_check_info{check=\"kubelet\"") && page.contains("127.0.0.1:10250")
    });

    let all = helm.render(Some("daemonset-blackbox"), &[]);
    assert_eq!(only(&all, "DaemonSet")["spec"]["updateStrategy"], json!({ "type": "OnDelete" }));
    let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
    let started = Started::new(workload_of(&all), &[("config", mounted.path())], &[]);
    started.is_asked_by_the_test_pod(&all);
    let target = format!("/probe?module=http_2xx&target={}/-/healthy", started.daemon.url());
    assert!(started.daemon.get(&target).body.contains("\nprobe_success 1\n"));
}

/// The workload, after a look at what all of them have in common.
fn workload_of(all: &Objects) -> &Value {
    let workload = workload(all);
    let spec = &workload["spec"];
    assert_eq!(spec["selector"]["matchLabels"], only(all, "Service")["spec"]["selector"]);
    workload
}

#[test]
fn what_is_rendered_with_a_volume_for_each_runs() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    for (values, folder) in
        [("statefulset", "/var/lib/noroshi"), ("statefulset-alertmanager", "/alertmanager")]
    {
        let all = helm.render(Some(values), &[]);
        let set = &only(&all, "StatefulSet")["spec"];
        assert!(!all.keys().any(|(kind, _)| kind == "PersistentVolumeClaim"));
        let claim = &set["volumeClaimTemplates"][0];
        assert_eq!(claim["metadata"]["name"], "storage");
        let version = "helm.sh/chart";
        assert!(claim["metadata"]["labels"][version].is_null(), "an upgrade would be refused");
        let container = &set["template"]["spec"]["containers"][0];
        let mounts = container["volumeMounts"].as_array().unwrap();
        let mount = mounts.iter().find(|mount| mount["name"] == "storage").unwrap();
        assert_eq!(mount["mountPath"], folder);

        let (mounted, storage) =
            (Mounted::new(&only(&all, "ConfigMap")["data"]), tempfile::tempdir().unwrap());
        let volumes = [("config", mounted.path()), ("storage", storage.path())];
        let started = Started::new(only(&all, "StatefulSet"), &volumes, &[]);
        let asked = all.iter().filter(|((_, name), _)| !name.ends_with("-headless"));
        started.is_asked_by_the_test_pod(
            &asked.map(|(key, own)| (key.clone(), own.clone())).collect(),
        );
        assert!(storage.path().join("noroshi.db").is_file());
    }
}

/// The name that pods have is a Service without an address, which is not scraped beside the other.
#[test]
fn a_statefulset_has_two_services_and_is_scraped_once() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("statefulset-kube-state-metrics"), &[]);
    let headless = &all[&("Service".to_owned(), "watch-noroshi-headless".to_owned())];
    assert_eq!(headless["spec"]["clusterIP"], "None");
    assert_eq!(only(&all, "StatefulSet")["spec"]["serviceName"], headless["metadata"]["name"]);
    let unlabelled =
        json!([{ "key": "service.kubernetes.io/headless", "operator": "DoesNotExist" }]);
    assert_eq!(only(&all, "ServiceMonitor")["spec"]["selector"]["matchExpressions"], unlabelled);
    assert_eq!(headless["metadata"]["labels"]["service.kubernetes.io/headless"], "");
    let other = &all[&("Service".to_owned(), "watch-noroshi".to_owned())];
    assert!(other["metadata"]["labels"]["service.kubernetes.io/headless"].is_null());
}

#[test]
fn a_pod_monitor_tells_the_node() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let node =
        json!({ "sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node" });
    let job = |name: &str| json!({ "targetLabel": "job", "replacement": name });
    let stage = json!({ "targetLabel": "stage", "replacement": "tests" });
    let all = helm.render(Some("daemonset"), &[]);
    let monitor = only(&all, "PodMonitor");
    assert_eq!(monitor["metadata"]["labels"]["release"], "kube-prometheus-stack");
    assert_eq!(monitor["spec"]["podTargetLabels"], json!(["app.kubernetes.io/version"]));
    assert_eq!(monitor["spec"]["sampleLimit"], 1000);
    let endpoints = &monitor["spec"]["podMetricsEndpoints"];
    assert_eq!(endpoints[0]["relabelings"], json!([job("watch-noroshi"), node, stage]));
    assert!(!all.keys().any(|(kind, _)| kind == "ServiceMonitor"));

    // What each node probes is told apart in the same way; a label for the job is the user's choice.
    let all = helm.render(Some("daemonset-blackbox"), &[]);
    let spec = &only(&all, "PodMonitor")["spec"];
    assert_eq!(spec["jobLabel"], "app.kubernetes.io/name");
    assert_eq!(spec["convertClassicHistogramsToNHCB"], true);
    let instance = json!({ "sourceLabels": ["__param_target"], "targetLabel": "instance" });
    let probe = &spec["podMetricsEndpoints"][1];
    assert_eq!(probe["params"]["target"], json!(["https://example.test/health"]));
    let target = json!({ "targetLabel": "target", "replacement": "website" });
    assert_eq!(probe["relabelings"], json!([node, instance, target]));

    // An object's own node is not the one it is shown from.
    let all = helm.render(Some("daemonset-kube-state-metrics"), &[]);
    let endpoints = &only(&all, "PodMonitor")["spec"]["podMetricsEndpoints"];
    let drop = drop_of_objects();
    assert_eq!(endpoints[0]["relabelings"], json!([job("kube-state-metrics"), drop]));
    assert_eq!(endpoints[0]["honorLabels"], true);
    assert_eq!(endpoints[1]["relabelings"], json!([node, job("kube-state-metrics")]));
}

#[test]
fn a_mode_has_what_it_has() {
    let long = "a".repeat(53);
    for helm in helms() {
        for (set, words) in [
            ("mode=both", "'deployment', 'daemonset', 'statefulset'"),
            ("mode=daemonset,replicas=2", "a DaemonSet has a pod on each node"),
            ("mode=daemonset,persistence.enabled=true", "set mode=statefulset"),
            ("mode=daemonset,personality=alertmanager", "as often as there are nodes"),
            ("mode=daemonset,podDisruptionBudget.enabled=true", "there is nothing to limit"),
            ("mode=daemonset,updateStrategy.type=Recreate", "has RollingUpdate and OnDelete"),
            ("updateStrategy.type=OnDelete", "has RollingUpdate and Recreate"),
            ("updateStrategy.rollingUpdate.partition=1", "mode=deployment has no such thing"),
            ("mode=statefulset,updateStrategy.rollingUpdate.maxSurge=1", "has no such thing"),
            ("mode=statefulset,personality=blackbox", "set mode=deployment"),
            ("mode=statefulset,personality=alertmanager,replicas=2", "one alertmanager"),
            (&format!("mode=statefulset,fullnameOverride={long}"), "52 characters"),
            ("mode=daemonset,extraEnv[0].name=NODE_NAME,extraEnv[0].value=a", "the chart's own"),
            (
                "mode=daemonset,topologySpreadConstraints[0].maxSkew=1,topologySpreadConstraints[0].topologyKey=a,topologySpreadConstraints[0].whenUnsatisfiable=b",
                "a pod on each node already",
            ),
            ("mode=daemonset,personality=kubeStateMetrics,collectors[0]=nodes", "nodes have none"),
            ("mode=daemonset,personality=kubeStateMetrics,extraArgs[0]=--node=a", "--node is what"),
            ("mode=statefulset,personality=kubeStateMetrics,extraArgs[0]=--shard=1", "--shard is"),
            ("mode=statefulset,personality=kubeStateMetrics,replicas=0", "by no pod"),
        ] {
            let refused = helm.run(&["template", CHART, "--set", set]).expect_err(set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
        let old = ["template", CHART, "--kube-version", "1.27.0", "--values"];
        let parts = file_of("statefulset-kube-state-metrics");
        let refused = helm.run(&[&old[..], &[&parts]].concat()).unwrap_err();
        assert!(refused.contains("since Kubernetes 1.28"), "{refused}");
        helm.run(&[&old[..], &[&file_of("statefulset")]].concat()).unwrap();
    }
}

/// No mode gives a right that it does not use.
#[test]
fn no_mode_has_more_rights() {
    for (values, all) in rendered_files() {
        let values = values.as_deref().unwrap_or_default();
        let roles = all.iter().filter(|((kind, _), _)| kind.ends_with("Role")).map(|(_, own)| own);
        let asked: Vec<&Value> = roles.map(|role| &role["rules"]).collect();
        match values {
            "daemonset-kube-state-metrics" => {
                let pods = printed(&["--collectors=pods"]);
                assert_eq!(asked, [&pods[0]["rules"]]);
            }
            "statefulset-kube-state-metrics" => {
                assert_eq!(asked, [&printed(&["--for=kube-state-metrics"])[0]["rules"]]);
            }
            "daemonset"
            | "daemonset-blackbox"
            | "statefulset"
            | "statefulset-alertmanager"
            | "observed" => {
                assert!(asked.is_empty(), "{values}: {asked:?}");
                let spec = &workload(all)["spec"]["template"]["spec"];
                assert_eq!(spec["automountServiceAccountToken"], false, "{values}");
            }
            _ => {}
        }
    }
}

/// A cluster whose controllers act, with two nodes and what there is to be shown.
fn populated() -> Option<Cluster> {
    let cluster = Cluster::acting(Duration::from_hours(1))?;
    for (name, address) in NODES {
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": name, "labels": { "kubernetes.io/os": "linux" } },
        });
        cluster.create(name, &node, "").unwrap();
        let ready = json!({
            "conditions": [{ "type": "Ready", "status": "True", "reason": "Test", "message": "" }],
            "addresses": [{ "type": "InternalIP", "address": address }],
            "allocatable": { "cpu": "8", "memory": "8Gi", "pods": "110" },
            "capacity": { "cpu": "8", "memory": "8Gi", "pods": "110" },
        });
        cluster.patch_status(&format!("node/{name}"), &ready).unwrap();
    }
    Some(cluster)
}

const NODES: [(&str, &str); 2] = [("beacon", "10.0.0.10"), ("harbour", "10.0.0.11")];

/// Installs a file of values as the release `watch` in a namespace of its own, and waits for the pods that the controllers make.
fn pods(helm: &Helm, cluster: &Cluster, values: &str, count: usize) -> Vec<Value> {
    strict_namespace(cluster, values);
    let mut command = helm.command();
    command.args(["install", "watch", CHART, "--namespace", values]);
    command.args(["--values", &file_of(values), "--kubeconfig"]).arg(cluster.kubeconfig());
    // Later ones win: the operator's definitions are not here.
    command.args(["--set", "podMonitor.enabled=false,serviceMonitor.enabled=false"]);
    said(&mut command).unwrap();
    wait_until("pods", || {
        let pods = cluster.get(&format!("pods --namespace {values}"));
        let pods = pods["items"].as_array().unwrap();
        (pods.len() == count).then(|| pods.clone())
    })
}

/// The same, once the scheduler has found a node for each.
fn bound(helm: &Helm, cluster: &Cluster, values: &str, count: usize) -> Vec<Value> {
    pods(helm, cluster, values, count);
    wait_until("pods on nodes", || {
        let pods = cluster.get(&format!("pods --namespace {values}"));
        let pods = pods["items"].as_array().unwrap();
        pods.iter().all(|pod| pod["spec"]["nodeName"].is_string()).then(|| pods.clone())
    })
}

/// A pod that a controller has made, as a process of its own; which pods, nodes and namespaces it shows.
fn shown(pod: &Value, kubeconfig: &Path) -> BTreeSet<String> {
    let index = &pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"];
    let fields = [
        (FIELDS[0].0, pod["spec"]["nodeName"].as_str().unwrap()),
        FIELDS[1],
        (FIELDS[2].0, index.as_str().unwrap_or("there is none")),
    ];
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let more = ["--host=127.0.0.1", "--telemetry-host=127.0.0.1", &kubeconfig];
    let started = Started::of_pod(pod, &fields, &[], &more);
    let page = started.daemon.metrics();
    let object = |line: &str| {
        let (family, labels) = line.split_once('{')?;
        let label = match family {
            "kube_pod_info" => "pod=\"",
            "kube_node_info" => "node=\"",
            "kube_namespace_created" => "namespace=\"",
            _ => return None,
        };
        let name = labels.split_once(label)?.1.split_once('"')?.0;
        Some(format!("{family} {name}"))
    };
    page.lines().filter_map(object).collect()
}

/// The controllers of a real cluster make the pods, under `restricted`, and tell each its number or its node: from there
/// it reaches the flag without a shell.
#[test]
fn pods_share_what_they_show() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let Some(cluster) = populated() else { return };
    // So many that none of three gets all.
    let names = (0..30).map(|number| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("n{number}") } }));
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": names.collect::<Vec<_>>() });
    cluster.create("namespaces", &list, "").unwrap();
    let values = "statefulset-kube-state-metrics";
    let three = bound(helm, &cluster, values, 3);
    let kubeconfig = account(&cluster, values);
    let parts: Vec<_> = three.iter().map(|pod| shown(pod, &kubeconfig)).collect();
    let whole: BTreeSet<String> = parts.iter().flatten().cloned().collect();
    assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len(), "{parts:?}");
    let listed = |kind: &str, family: &str| {
        let all = cluster.get(&format!("{kind} --all-namespaces"));
        let all = all["items"].as_array().unwrap().iter();
        all.map(|own| format!("{family} {}", own["metadata"]["name"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let wanted = [
        listed("pods", "kube_pod_info"),
        listed("nodes", "kube_node_info"),
        listed("namespaces", "kube_namespace_created"),
    ];
    assert_eq!(whole, wanted.concat().into_iter().collect());
    assert!(parts.iter().all(|part| part.len() < whole.len()), "{parts:?}");

    // On each node: the pods of that node, those of the other release too, and nothing else.
    let values = "daemonset-kube-state-metrics";
    let two = bound(helm, &cluster, values, 2);
    let kubeconfig = account(&cluster, values);
    let all = cluster.get("pods --all-namespaces");
    for pod in &two {
        let there = all["items"].as_array().unwrap().iter();
        let there = there.filter(|own| own["spec"]["nodeName"] == pod["spec"]["nodeName"]);
        let name =
            |own: &Value| format!("kube_pod_info {}", own["metadata"]["name"].as_str().unwrap());
        assert_eq!(shown(pod, &kubeconfig), there.map(name).collect());
    }

    // Two that keep something: a claim for each.
    let two = pods(helm, &cluster, "statefulset", 2);
    let volumes = two.iter().flat_map(|pod| pod["spec"]["volumes"].as_array().unwrap());
    let claims = volumes.filter_map(|own| own["persistentVolumeClaim"]["claimName"].as_str());
    let claims: BTreeSet<&str> = claims.collect();
    assert_eq!(claims, BTreeSet::from(["storage-watch-noroshi-0", "storage-watch-noroshi-1"]));
    for claim in claims {
        let claim = cluster.get(&format!("persistentvolumeclaim {claim} --namespace statefulset"));
        assert_eq!(claim["spec"]["storageClassName"], "fast");
    }
}
