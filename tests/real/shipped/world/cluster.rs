//! The cluster: everything is in it that goes well and that does not, and more goes on while it is watched.

use serde_json::{Value, json};

use super::{certificates::secret, targets::Targets};
use crate::{
    clusters::{judged, kubelet, world::World},
    server::wait_until,
};

/// Objects as checks: one that is well and one that is not of each kind.
pub(super) fn checks() -> String {
    let mut text = String::new();
    for (name, object, _) in judged::CHECKS {
        text.push_str(&format!(
            "[checks.{name}-object]\ngroup = \"objects\"\nkubernetes = {{ {object} }}\n"
        ));
    }
    text
}

/// Before anybody looks.
pub(super) fn populate(targets: &Targets) -> Option<World> {
    let world = World::populate()?;
    judged::before(&world);
    // The check `days` still sees the certificate that `valid` has replaced.
    for (name, called, days) in [("valid", "days", 200), ("ending", "ending", 5)] {
        let [certificate, key] = secret(&targets.authority, called, days);
        create(
            &world,
            name,
            &json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": { "name": name, "namespace": "shop" },
                "data": { "tls.crt": certificate, "tls.key": key },
            }),
        );
    }
    released_volume(&world);
    usage(&world);
    troubles(&world);
    Some(world)
}

/// A quota that is used up, a claim that a pod waits for, a daemon set whose pods nobody runs, and definitions: two that
/// want the same names, and one that is about to be stored in another way.
fn troubles(world: &World) {
    world.kubectl("create quota spent --hard=configmaps=1 --namespace shop");
    let volume = json!({ "name": "data", "persistentVolumeClaim": { "claimName": "hopeless" } });
    create(
        world,
        "hoping",
        &json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "hoping", "namespace": "shop" },
            "spec": { "containers": [container("hoping")], "volumes": [volume] },
        }),
    );
    create(
        world,
        "idle",
        &json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": { "name": "idle", "namespace": "edge" },
            "spec": {
                "selector": { "matchLabels": { "app": "idle" } },
                "template": {
                    "metadata": { "labels": { "app": "idle" } },
                    "spec": {
                        "containers": [container("idle")], "tolerations": [{ "operator": "Exists" }],
                    },
                },
            },
        }),
    );
    for plural in ["lamps", "torches"] {
        create(world, plural, &definition(plural, "Lamp", &["v1"]));
    }
    create(world, "charts", &definition("charts", "Chart", &["v1", "v2"]));
    world.wait("--for=condition=NamesAccepted=False customresourcedefinition/torches.example.org");
    world.wait("--for=condition=Established customresourcedefinition/charts.example.org");
}

/// Of a custom resource that is stored in the first of these versions.
fn definition(plural: &str, kind: &str, versions: &[&str]) -> Value {
    let version = |name: &&str| {
        json!({
            "name": name, "served": true, "storage": *name == versions[0],
            "schema": { "openAPIV3Schema": { "type": "object" } },
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.example.org") },
        "spec": {
            "group": "example.org", "scope": "Cluster", "names": { "plural": plural, "kind": kind },
            "versions": versions.iter().map(version).collect::<Vec<_>>(),
        },
    })
}

/// While it is watched: a rollout that comes to its end and one that does not, a node that is started anew twice, a container
/// that is restarted, a volume that loses its claim, a job that fails, a definition whose objects are to be
/// stored in another version.
pub(super) fn happens(world: &World) {
    rolled_out(world, 1);
    world.kubectl("set image deployment/stuck stuck=registry.example.com/stuck:3 --namespace shop");
    let restarted = json!({ "containerStatuses": [kubelet::crashed(8)] });
    world.report("pod/crashing --namespace shop", &restarted);
    world.cluster.apply(&definition("charts", "Chart", &["v2", "v1"]));
    for boot in ["boot-again", "boot-once-more"] {
        world.report("node/harbour", &json!({ "nodeInfo": { "bootID": boot } }));
    }
    world.kubectl(
        "delete --wait=false pod --selector app=begun --namespace batch --grace-period=0 --force",
    );
    world.kubectl("delete persistentvolumeclaim/lost --namespace shop");
    world.wait("--for=jsonpath={.status.phase}=Released persistentvolume/orphan");
}

/// The deployment `pilot`, in this version, until all of its pods run. No kubelet ends those of the version before: they are
/// not waited for.
pub(super) fn rolled_out(world: &World, version: u8) {
    let labels = json!({ "app": "pilot" });
    let image = format!("registry.example.com/pilot:{version}");
    world.cluster.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "pilot", "namespace": "shop" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels, "annotations": { "example.com/fate": "runs" } },
                "spec": { "containers": [{ "name": "pilot", "image": image }] },
            },
        },
    }));
    wait_until("the pilot to be rolled out", || {
        kubelet::report(&world.cluster);
        let pilot = world.cluster.get("deployment/pilot --namespace shop");
        let is_seen = pilot["status"]["observedGeneration"] == pilot["metadata"]["generation"];
        let all = ["replicas", "updatedReplicas", "availableReplicas"];
        (is_seen && all.iter().all(|&count| pilot["status"][count] == 2)).then_some(())
    });
}

fn container(name: &str) -> Value {
    json!({ "name": name, "image": format!("registry.example.com/{name}:1") })
}

/// A volume that is bound, to a claim that will be gone.
fn released_volume(world: &World) {
    create(
        world,
        "orphan",
        &json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "orphan" },
            "spec": {
                "capacity": { "storage": "3Gi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "unused",
                "persistentVolumeReclaimPolicy": "Retain", "nfs": { "server": "192.0.2.1", "path": "/" },
            },
        }),
    );
    create(
        world,
        "lost",
        &json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": "lost", "namespace": "shop" },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "unused", "volumeName": "orphan",
                "resources": { "requests": { "storage": "1Gi" } },
            },
        }),
    );
    world.wait("--for=jsonpath={.status.phase}=Bound persistentvolumeclaim/lost --namespace shop");
}

/// metrics.k8s.io, with figures that nobody measured: definitions of custom resources under its name.
fn usage(world: &World) {
    for (plural, kind, scope) in
        [("nodes", "NodeMetrics", "Cluster"), ("pods", "PodMetrics", "Namespaced")]
    {
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        create(
            world,
            plural,
            &json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": format!("{plural}.metrics.k8s.io"),
                    "annotations": { "api-approved.kubernetes.io": "unapproved, for a test" },
                },
                "spec": {
                    "group": "metrics.k8s.io", "scope": scope,
                    "names": { "plural": plural, "kind": kind },
                    "versions": [{
                        "name": "v1beta1", "served": true, "storage": true,
                        "schema": { "openAPIV3Schema": anything },
                    }],
                },
            }),
        );
        let name = format!("{plural}.metrics.k8s.io");
        world.wait(&format!("--for=condition=Established customresourcedefinition/{name}"));
    }
    let of = |cpu: &str, memory: &str| json!({ "cpu": cpu, "memory": memory });
    for (node, usage) in [("beacon", of("1200m", "6Gi")), ("harbour", of("3", "14Gi"))] {
        create_served(
            world,
            &json!({
                "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics",
                "metadata": { "name": node }, "usage": usage,
            }),
        );
    }
    create_served(
        world,
        &json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
            "metadata": { "name": "laden", "namespace": "edge" },
            "containers": [{ "name": "laden", "usage": of("150m", "90Mi") }],
        }),
    );
}

/// Somewhat after it is established a resource is served.
fn create_served(world: &World, object: &Value) {
    wait_until("an object to be created", || world.cluster.create("served", object, "").ok());
}

fn create(world: &World, name: &str, object: &Value) {
    world.cluster.create(name, object, "").unwrap_or_else(|error| panic!("{error}"));
}
