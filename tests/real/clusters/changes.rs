//! What happens in a cluster is seen as it happens: changes, a rollout that is stuck, a claim that waits, a node that dies.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{exporter::Exporter, kubelet};
use crate::{kube::Cluster, server::wait_until, support::patience::patience};

/// A node that was not heard of for so long is dead. Its heart beats each second until it does not.
const GRACE: Duration = Duration::from_secs(6);
const BEAT: Duration = Duration::from_secs(1);

/// Between two looks of somebody who measures how soon something is seen.
const LOOK: Duration = Duration::from_millis(20);

/// What is done, and what is then shown: a family, labels of its rows, their sum. `None`: nothing.
type Change = (&'static str, &'static str, &'static [&'static str], Option<f64>);

const CHANGES: [Change; 12] = [
    (
        "create namespace bay",
        "kube_namespace_status_phase",
        &["namespace=\"bay\"", "phase=\"Active\""],
        Some(1.0),
    ),
    (
        "label namespace bay tide=low",
        "kube_namespace_labels",
        &["namespace=\"bay\"", "label_tide=\"low\""],
        Some(1.0),
    ),
    (
        "label namespace bay tide=high --overwrite",
        "kube_namespace_labels",
        &["label_tide=\"low\""],
        None,
    ),
    (
        "create configmap chart --namespace bay",
        "kube_configmap_info",
        &["configmap=\"chart\""],
        Some(1.0),
    ),
    (
        "create secret generic key --namespace bay",
        "kube_secret_type",
        &["secret=\"key\"", "type=\"Opaque\""],
        Some(1.0),
    ),
    (
        "create service clusterip light --tcp=80 --namespace bay",
        "kube_service_spec_type",
        &["service=\"light\"", "type=\"ClusterIP\""],
        Some(1.0),
    ),
    (
        "create deployment pilot --image=pilot:1 --replicas=2 --namespace bay",
        "kube_deployment_spec_replicas",
        &["deployment=\"pilot\""],
        Some(2.0),
    ),
    (
        "scale deployment/pilot --replicas=3 --namespace bay",
        "kube_deployment_spec_replicas",
        &["deployment=\"pilot\""],
        Some(3.0),
    ),
    (
        "create cronjob tides --image=tides:1 --schedule=@yearly --namespace bay",
        "kube_cronjob_spec_suspend",
        &["cronjob=\"tides\""],
        Some(0.0),
    ),
    (
        "patch cronjob/tides --namespace bay --type=merge --patch {\"spec\":{\"suspend\":true}}",
        "kube_cronjob_spec_suspend",
        &["cronjob=\"tides\""],
        Some(1.0),
    ),
    ("delete cronjob/tides --namespace bay", "kube_cronjob_info", &["cronjob=\"tides\""], None),
    (
        "delete configmap/chart --namespace bay",
        "kube_configmap_info",
        &["configmap=\"chart\""],
        None,
    ),
];

#[test]
fn what_happens_is_seen() {
    let Some(cluster) = Cluster::acting(GRACE) else { return };
    let ours = Exporter::ours(cluster.kubeconfig(), &["--metric-labels-allowlist=*=[*]"]);
    changes_are_seen_at_once(&cluster, &ours);
    a_claim_waits(&cluster, &ours);
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "buoy" } });
    cluster.create("buoy", &node, "").unwrap();
    cluster.patch_status("node/buoy", &kubelet::node(0, "amd64", true)).unwrap();
    while_alive("buoy", &cluster, || a_rollout_is_stuck(&cluster, &ours));
    a_node_is_dead(&cluster, &ours);
}

/// Within two seconds, and mostly at once.
fn changes_are_seen_at_once(cluster: &Cluster, ours: &Exporter) {
    // As long as that where tests may take longer than usual.
    let allowed = patience() / 5;
    let mut latest = Duration::ZERO;
    for (words, family, labels, wanted) in CHANGES {
        cluster.kubectl(words).unwrap();
        let done = Instant::now();
        loop {
            let sum = ours.objects().sum(family, labels);
            if sum == wanted {
                break;
            }
            assert!(done.elapsed() < allowed, "{words}: {family}{labels:?} {sum:?}");
            std::thread::sleep(LOOK);
        }
        latest = latest.max(done.elapsed());
    }
    eprintln!("{} changes were seen, the latest after {latest:?}", CHANGES.len());
}

/// There is no volume for it, then there is one.
fn a_claim_waits(cluster: &Cluster, ours: &Exporter) {
    let class = "storageClassName: slow, accessModes: [ReadWriteOnce]";
    let claim = format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: hold, namespace: bay}}, \
         spec: {{{class}, resources: {{requests: {{storage: 1Gi}}}}}}}}"
    );
    let volume = format!(
        "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: crate}}, \
         spec: {{{class}, capacity: {{storage: 2Gi}}, nfs: {{server: 192.0.2.1, path: /}}}}}}"
    );
    let create = |name: &str, text: &str| {
        let file = cluster.file(name, text);
        cluster.kubectl(&format!("create --filename {}", file.display())).unwrap();
    };
    create("claim.yaml", &claim);
    let phase = |phase: &str, value: f64| {
        let (name, phase) = ("persistentvolumeclaim=\"hold\"", format!("phase=\"{phase}\""));
        ours.until(&format!("{phase} {value}"), |objects| {
            let family = "kube_persistentvolumeclaim_status_phase";
            objects.sum(family, &[name, &phase]) == Some(value)
        })
    };
    phase("Pending", 1.0);
    create("volume.yaml", &volume);
    let bound = phase("Bound", 1.0);
    phase("Pending", 0.0);
    eprintln!("a claim that had waited was seen bound {bound:?} after there was a volume");
    ours.until("what holds the volume", |objects| {
        let labels = ["name=\"hold\"", "persistentvolume=\"crate\""];
        objects.sum("kube_persistentvolume_claim_ref", &labels) == Some(1.0)
    });
}

/// One that went well, and then its new pods never become ready: the old ones stay, and the deadline passes.
fn a_rollout_is_stuck(cluster: &Cluster, ours: &Exporter) {
    let template = |fate: &str| {
        json!({
            "metadata": { "labels": { "app": "tower" }, "annotations": { "example.com/fate": fate } },
            "spec": { "containers": [{ "name": "tower", "image": "registry.example.com/tower:1" }] },
        })
    };
    let deployment = |fate: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "tower", "namespace": "bay" },
            "spec": {
                "replicas": 2, "progressDeadlineSeconds": 3,
                "strategy": { "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } },
                "selector": { "matchLabels": { "app": "tower" } }, "template": template(fate),
            },
        })
    };
    let value = |family: &str, labels: &[&str]| {
        ours.objects().sum(family, &[&["deployment=\"tower\""], labels].concat())
    };
    let until = |family: &str, labels: &[&str], wanted: f64| {
        let what = format!("{family}{labels:?} to be {wanted}");
        wait_until(&what, || (value(family, labels) == Some(wanted)).then_some(()));
    };
    cluster.create("tower", &deployment("runs"), "").unwrap();
    wait_until("the first pods to run", || (kubelet::report(cluster) == 2).then_some(()));
    until("kube_deployment_status_replicas_available", &[], 2.0);
    let progressing = |status: &'static str| ["condition=\"Progressing\"", status];
    until("kube_deployment_status_condition", &progressing("status=\"true\""), 1.0);
    assert_eq!(
        value("kube_deployment_status_condition", &progressing("status=\"false\"")),
        Some(0.0)
    );
    cluster.apply(&deployment("starts"));
    wait_until("the next pod to be tried", || (kubelet::report(cluster) == 3).then_some(()));
    let begun = Instant::now();
    until("kube_deployment_status_condition", &progressing("status=\"false\""), 1.0);
    eprintln!("a stuck rollout was seen after {:?}, its deadline being 3 s", begun.elapsed());
    let late =
        [progressing("status=\"false\"").as_slice(), &["reason=\"ProgressDeadlineExceeded\""]]
            .concat();
    until("kube_deployment_status_condition", &late, 1.0);
    // What it looks like beside: one of the new, and both of the old, which still serve.
    for (family, wanted) in [
        ("kube_deployment_status_replicas_updated", 1.0),
        ("kube_deployment_status_replicas_available", 2.0),
        ("kube_deployment_status_replicas_unavailable", 1.0),
        ("kube_deployment_status_replicas", 3.0),
        ("kube_deployment_spec_replicas", 2.0),
    ] {
        until(family, &[], wanted);
    }
    let waits = ours.objects().sum(
        "kube_pod_container_status_waiting_reason",
        &["namespace=\"bay\"", "reason=\"ContainerCreating\""],
    );
    assert_eq!(waits, Some(1.0));
}

/// Its heart does not beat any more: the controller takes it for dead, and its pods for not ready.
fn a_node_is_dead(cluster: &Cluster, ours: &Exporter) {
    let condition = |status: &str, wanted: f64| {
        let labels = ["node=\"buoy\"", "condition=\"Ready\"", status];
        ours.until(&format!("{status} {wanted}"), |objects| {
            objects.sum("kube_node_status_condition", &labels) == Some(wanted)
        })
    };
    let took = condition("status=\"unknown\"", 1.0);
    condition("status=\"true\"", 0.0);
    eprintln!("a dead node was seen after {took:?}, its grace being {GRACE:?}");
    for effect in ["NoSchedule", "NoExecute"] {
        let effect = format!("effect=\"{effect}\"");
        let labels = ["node=\"buoy\"", "key=\"node.kubernetes.io/unreachable\"", &effect];
        ours.until("its taint", |objects| {
            objects.sum("kube_node_spec_taint", &labels) == Some(1.0)
        });
    }
    ours.until("its pods not to be ready", |objects| {
        let labels = ["namespace=\"bay\"", "condition=\"true\""];
        objects.sum("kube_pod_status_ready", &labels) == Some(0.0)
    });
    assert_eq!(cluster.get("node/buoy")["status"]["conditions"].as_array().unwrap().len(), 4);
}

/// A node's heart beats for as long as something takes, by its lease, as a kubelet's does.
fn while_alive(node: &str, cluster: &Cluster, something: impl FnOnce()) {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                beat(node, cluster);
                std::thread::sleep(BEAT);
            }
        });
        // Also where it panics: the heart would beat for ever.
        let _ends = Ends(&ended);
        something();
    });
}

struct Ends<'e>(&'e AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn beat(node: &str, cluster: &Cluster) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let lease: Value = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": { "name": node, "namespace": "kube-node-lease" },
        "spec": { "holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now },
    });
    let file = cluster.file(&format!("heart-of-{node}.json"), &lease.to_string());
    let words = format!("apply --server-side --force-conflicts --filename {}", file.display());
    cluster.kubectl(&words).unwrap();
}
