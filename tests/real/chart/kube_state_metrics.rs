//! The drop-in for kube-state-metrics: its role is the binary's, and in a real API server it is enough for every
//! collector and no more.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{CHART, Helm, Objects, drop_of_objects, file_of, helms, only, runs::Started};
use crate::{
    kube::{Cluster, said},
    server::{get, wait_until},
    support::daemon::{Daemon, noroshi},
};

/// The objects that `noroshi rbac` prints.
pub(super) fn printed(words: &[&str]) -> Vec<Value> {
    let list = said(noroshi(&["rbac", "--output=json"]).args(words)).unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// What the chart renders of these kinds, in the order of the release.
pub(super) fn rendered(helm: &Helm, values: &str, kinds: &[&str]) -> Vec<Value> {
    let words = ["template", "watch", CHART, "--namespace", "towers", "--values"];
    let text = helm.run(&[&words[..], &[&file_of(values)]].concat()).unwrap();
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    documents.retain(|object| kinds.iter().any(|kind| object["kind"] == *kind));
    documents
}

#[test]
fn the_role_is_that_of_the_binary() {
    // What only we show is not shown in its place.
    let usual = "--for=kube-state-metrics";
    for helm in helms() {
        let all = helm.render(Some("kube-state-metrics"), &[]);
        assert_eq!(only(&all, "ClusterRole")["rules"], printed(&[usual])[0]["rules"]);
        assert!(!only(&all, "ClusterRole").to_string().contains("secrets"));
        let binding = only(&all, "ClusterRoleBinding");
        let account =
            json!([{ "kind": "ServiceAccount", "name": "watch-noroshi", "namespace": "towers" }]);
        assert_eq!(binding["subjects"], account);
        assert_eq!(binding["roleRef"]["name"], only(&all, "ClusterRole")["metadata"]["name"]);

        let all = helm.render(Some("kube-state-metrics-chosen"), &[]);
        let mut rules = only(&all, "ClusterRole")["rules"].as_array().unwrap().clone();
        let more =
            json!({ "apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"] });
        assert_eq!(rules.pop(), Some(more));
        let chosen = ["--collectors=pods,deployments,replicasets,nodes,secrets"];
        assert_eq!(json!(rules), printed(&chosen)[0]["rules"]);

        let values = "kube-state-metrics-namespaces";
        let [towers, monitoring] = &*rendered(&helm, values, &["Role"]) else {
            panic!("two roles")
        };
        assert_eq!(towers["metadata"]["namespace"], "towers");
        assert_eq!(monitoring["metadata"]["namespace"], "monitoring");
        let role = &printed(&[usual, "--namespaces=towers"])[0];
        assert_eq!((&role["kind"], &role["rules"]), (&json!("Role"), &towers["rules"]));
        assert_eq!(towers["rules"], monitoring["rules"]);
        assert_eq!(rendered(&helm, values, &["RoleBinding"]).len(), 2);
        assert_eq!(
            rendered(&helm, values, &["ClusterRole", "ClusterRoleBinding"]),
            [Value::Null; 0]
        );
        let none = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ServiceAccount"];
        assert_eq!(rendered(&helm, "kube-state-metrics-own-role", &none), [Value::Null; 0]);
    }
}

#[test]
fn options_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("kube-state-metrics-chosen"), &[]);
    let pod = &only(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], true);
    assert_eq!(pod["securityContext"]["sysctls"], Value::Null, "it pings nothing");
    let container = &pod["containers"][0];
    let arguments = json!([
        "kube-state-metrics",
        "--port=8443",
        "--telemetry-port=8444",
        "--resources=deployments,nodes,pods,replicasets,secrets",
        "--namespaces-denylist=edge,kube-system",
        "--metric-denylist=kube_.*_created,kube_replicaset_.*",
        "--metric-labels-allowlist=pods=[app,team-*],nodes=[*]",
        "--metric-annotations-allowlist=deployments=[*]",
        "--tls-config=/etc/noroshi-web/web-config.yml",
    ]);
    assert_eq!(container["args"], arguments);
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    let ports: Vec<_> = container["ports"].as_array().unwrap().iter().collect();
    assert_eq!([&ports[0]["containerPort"], &ports[1]["containerPort"]], [8443, 8444]);
    let ports = &only(&all, "Service")["spec"]["ports"];
    assert_eq!([&ports[1]["name"], &ports[1]["targetPort"]], ["telemetry", "telemetry"]);
    assert!(!all.keys().any(|(kind, _)| kind == "ConfigMap"));

    let spread = json!({ "targetLabel": "stage", "replacement": "tests" });
    let uid = json!([{ "action": "labeldrop", "regex": "uid" }]);
    let drop = drop_of_objects();
    // Who chooses a label for the job has it.
    let wanted = json!([
        { "port": "http", "scheme": "https", "path": "/metrics", "honorLabels": true,
          "relabelings": [drop, spread], "metricRelabelings": uid },
        { "port": "telemetry", "scheme": "https", "path": "/metrics",
          "relabelings": [spread], "metricRelabelings": uid },
    ]);
    assert_eq!(only(&all, "ServiceMonitor")["spec"]["endpoints"], wanted);
    let all = helm.render(Some("kube-state-metrics"), &[]);
    let job = json!({ "targetLabel": "job", "replacement": "kube-state-metrics" });
    let endpoints = &only(&all, "ServiceMonitor")["spec"]["endpoints"];
    assert_eq!(endpoints[0]["relabelings"], json!([job, drop]));
    assert_eq!(endpoints[1]["relabelings"], json!([job]));

    let namespaces = helm.render(Some("kube-state-metrics-namespaces"), &[]);
    let arguments =
        only(&namespaces, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
            .to_string();
    assert!(arguments.contains("\"--namespaces=towers,monitoring\""), "{arguments}");
    assert!(
        arguments.contains("\"--metric-allowlist=kube_pod_.*,kube_deployment_.*\""),
        "{arguments}"
    );
    assert!(!arguments.contains("nodes"), "what stands in no namespace: {arguments}");
}

/// A cluster in which a release has its account and its role, and the file of that account.
pub(super) fn released(all: &Objects) -> Option<(Cluster, PathBuf)> {
    let cluster = Cluster::start()?;
    cluster.kubectl("create namespace towers").unwrap();
    for kind in ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"] {
        cluster.apply(only(all, kind));
    }
    let file = account(&cluster, "towers");
    Some((cluster, file))
}

/// A kubeconfig of the release's account in a namespace.
pub(super) fn account(cluster: &Cluster, namespace: &str) -> PathBuf {
    let token = format!("create token watch-noroshi --namespace {namespace}");
    let token = cluster.kubectl(&token).unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": {
            "server": cluster.url(),
            "certificate-authority": cluster.ca_file(),
        }}],
        "users": [{ "name": "test", "user": { "token": token.trim() } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    cluster.file(&format!("{namespace}.kubeconfig"), &kubeconfig.to_string())
}

/// The deployment's container as a process that asks the cluster as its account.
fn started(all: &Objects, kubeconfig: &Path) -> Started {
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let more = ["--host=127.0.0.1", "--telemetry-host=127.0.0.1", &kubeconfig];
    Started::new(only(all, "Deployment"), &[], &more)
}

/// The second address that the log names: that of its own metrics.
fn telemetry(daemon: &Daemon) -> SocketAddr {
    wait_until("the second address", || {
        let log = daemon.log();
        let mut addresses = log.lines().filter_map(|line| line.split_once(" address="));
        addresses.nth(1).map(|(_, address)| address.trim_matches('"').parse().unwrap())
    })
}

/// The collectors that are up, and those that are not.
pub(super) fn collectors(page: &str) -> [BTreeSet<String>; 2] {
    let rows = page.lines().filter_map(|line| {
        let (labels, value) =
            line.strip_prefix("noroshi_cluster_collector_up{")?.split_once("\"} ")?;
        Some((labels.split_once("collector=\"")?.1, value))
    });
    let (up, down): (Vec<_>, Vec<_>) = rows.partition(|(_, value)| *value == "1");
    [up, down].map(|rows| rows.into_iter().map(|(name, _)| name.to_owned()).collect())
}

/// Every collector of the chart's default with the chart's role and a real account's token; then each of three lacks its
/// rule, and is the only one that is down.
#[test]
fn what_is_rendered_runs_with_its_role_and_a_collector_alone_falls_without_its_rule() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("kube-state-metrics"), &[]);
    let Some((cluster, kubeconfig)) = released(&all) else { return };
    cluster.kubectl("create configmap buoy --namespace towers").unwrap();
    let running = started(&all, &kubeconfig);
    running.is_asked_by_the_test_pod(&all);
    running.daemon.until_metrics("its objects", |page| {
        page.contains("kube_configmap_info{namespace=\"towers\",configmap=\"buoy\"} 1")
            && !page.contains("kube_secret_")
    });
    let own = telemetry(&running.daemon);
    let rules = only(&all, "ClusterRole")["rules"].as_array().unwrap();
    let resources = rules.iter().flat_map(|rule| rule["resources"].as_array().unwrap());
    let wanted: BTreeSet<String> =
        resources.map(|resource| resource.as_str().unwrap().to_owned()).collect();
    let up = wait_until("all collectors", || {
        let [up, down] = collectors(&get(own, "/metrics")?);
        down.is_empty().then_some(up)
    });
    assert_eq!(up, wanted);
    drop(running);

    for lost in ["pods", "deployments", "leases"] {
        let mut role = only(&all, "ClusterRole").clone();
        for rule in role["rules"].as_array_mut().unwrap() {
            rule["resources"].as_array_mut().unwrap().retain(|resource| resource != lost);
        }
        role["rules"].as_array_mut().unwrap().retain(|rule| rule["resources"] != json!([]));
        cluster.apply(&role);
        let may_not = || cluster.kubectl_as(&kubeconfig, &format!("get {lost} -A")).err();
        wait_until("a right to be taken", may_not);
        // It is ready all the same: nothing more is to be waited for.
        let running = started(&all, &kubeconfig);
        running.daemon.until_log("reason=forbidden");
        let own = telemetry(&running.daemon);
        wait_until("all collectors but one", || {
            let [up, down] = collectors(&get(own, "/metrics")?);
            (down == BTreeSet::from([lost.to_owned()]) && up.len() == wanted.len() - 1)
                .then_some(())
        });
        assert_eq!(running.daemon.log().matches("reason=forbidden").count(), 1);
        cluster.apply(only(&all, "ClusterRole"));
        wait_until("a right to be given", || {
            cluster.kubectl_as(&kubeconfig, &format!("get {lost} -A")).ok()
        });
    }
}
