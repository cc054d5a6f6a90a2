//! What goes wrong in clusters, all of it at once: written as controllers and kubelets would report it, for nobody is there
//! who would mend it.

use serde_json::{Value, json};

use super::{
    kubelet::{self, THEN},
    world::World,
};

/// Settings that nobody follows any more.
const UNHEARD: [&str; 2] = [
    "scale deployment/web --replicas=7 --namespace shop",
    "scale statefulset/store --replicas=6 --namespace shop",
];

/// Brings them all. Those that [`World`] has already: a crash loop, a stuck rollout, pods that wait, a job that failed.
pub(super) fn bring(world: &World) {
    for words in UNHEARD {
        world.cluster.kubectl(words).unwrap();
    }
    let reports = [
        (
            "statefulset/store --namespace shop",
            json!({ "updateRevision": "store-next", "updatedReplicas": 1 }),
        ),
        (
            "daemonset/agent --namespace edge",
            json!({ "desiredNumberScheduled": 4, "currentNumberScheduled": 3, "numberMisscheduled": 1 }),
        ),
        (
            "horizontalpodautoscaler/web --namespace shop",
            json!({ "currentReplicas": 4, "desiredReplicas": 5 }),
        ),
        (
            "horizontalpodautoscaler/leaving --namespace edge",
            json!({ "currentReplicas": 2, "desiredReplicas": 2 }),
        ),
        ("poddisruptionbudget/web --namespace shop", json!({ "desiredHealthy": 5 })),
        ("persistentvolume/spare", json!({ "phase": "Failed", "message": "no disk" })),
    ];
    for (object, status) in reports {
        world.cluster.patch_status(object, &status).unwrap_or_else(|error| panic!("{error}"));
    }
    create(world, "node", &lost_node());
    create(world, "owned", &owned());
    create(
        world,
        "hungry",
        &pod("hungry", &json!({ "requests": { "memory": "64Gi" } }), &Value::Null),
    );
    create(world, "endless", &job("endless", &Value::Null));
    let begun = json!({ "startTime": THEN, "active": 1 });
    world.cluster.patch_status("job/endless --namespace batch", &begun).unwrap();
    exhaust(world);
}

/// The node that comes and goes.
pub(super) fn derelict(world: &World, alive: bool) {
    // Its disk is full as well.
    world.cluster.patch_status("node/derelict", &kubelet::node(1, "amd64", alive)).unwrap();
}

/// A quota that is nearly full, one that is full, one that is more than that, and more than the cluster has.
fn exhaust(world: &World) {
    let hard = json!({
        "pods": "20", "services": "5", "secrets": "4", "cpu": "100", "memory": "1Ti",
        "requests.cpu": "100", "requests.memory": "1Ti", "limits.cpu": "200", "limits.memory": "2Ti",
    });
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": { "name": "tight", "namespace": "shop" }, "spec": { "hard": hard },
    });
    create(world, "tight", &quota);
    let used = json!({ "pods": "19", "services": "5", "secrets": "6" });
    let status = json!({ "hard": hard, "used": used });
    world.cluster.patch_status("resourcequota/tight --namespace shop", &status).unwrap();
}

fn lost_node() -> Value {
    let taint = json!({ "key": "node.kubernetes.io/unreachable", "effect": "NoSchedule" });
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "derelict" },
        "spec": { "taints": [taint] },
    })
}

/// Pods of every kind of owner that the world has no pod of, and those owners that are more than a name.
fn owned() -> Value {
    let by = |kind: &str, version: &str, name: &str| {
        json!([{
            "apiVersion": version, "kind": kind, "name": name, "controller": true,
            "uid": "00000000-0000-4000-8000-000000000001",
        }])
    };
    let none = json!({});
    let alone = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": { "name": "alone", "namespace": "batch" },
        "spec": {
            "replicas": 0, "selector": { "matchLabels": { "app": "alone" } },
            "template": { "metadata": { "labels": { "app": "alone" } }, "spec": container(&none) },
        },
    });
    let mut canary = alone.clone();
    canary["metadata"] = json!({
        "name": "canary", "namespace": "batch",
        "ownerReferences": by("Rollout", "argoproj.io/v1alpha1", "canary"),
    });
    let items = [
        alone,
        canary,
        job("nightly", &by("CronJob", "batch/v1", "yearly")),
        pod("alone", &none, &by("ReplicaSet", "apps/v1", "alone")),
        pod("canary", &none, &by("ReplicaSet", "apps/v1", "canary")),
        pod("nightly", &none, &by("Job", "batch/v1", "nightly")),
        pod("static", &none, &by("Node", "v1", "beacon")),
    ];
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

fn job(name: &str, owners: &Value) -> Value {
    let mut spec = container(&json!({}));
    spec["restartPolicy"] = "Never".into();
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": name, "namespace": "batch", "ownerReferences": owners },
        "spec": { "template": { "spec": spec } },
    })
}

fn pod(name: &str, resources: &Value, owners: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "batch", "ownerReferences": owners },
        "spec": container(resources),
    })
}

fn container(resources: &Value) -> Value {
    json!({ "containers": [{ "name": "main", "image": "registry.example.com/main:1", "resources": resources }] })
}

fn create(world: &World, name: &str, object: &Value) {
    world.cluster.create(name, object, "").unwrap_or_else(|error| panic!("{error}"));
}
