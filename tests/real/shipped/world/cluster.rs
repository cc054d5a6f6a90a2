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
    Some(world)
}

/// While it is watched: a rollout that comes to its end and one that does not, a node that is started anew, a volume that
/// loses its claim, a job that fails, a definition that comes.
pub(super) fn happens(world: &World) {
    create(world, "pilot", &pilot());
    world.kubectl("set image deployment/stuck stuck=registry.example.com/stuck:3 --namespace shop");
    wait_until("the pilot to be rolled out", || {
        kubelet::report(&world.cluster);
        let pilot = world.cluster.get("deployment/pilot --namespace shop");
        (pilot["status"]["availableReplicas"] == 2).then_some(())
    });
    world.report("node/harbour", &json!({ "nodeInfo": { "bootID": "boot-again" } }));
    world.kubectl(
        "delete --wait=false pod --selector app=begun --namespace batch --grace-period=0 --force",
    );
    world.kubectl("delete persistentvolumeclaim/lost --namespace shop");
    world.wait("--for=jsonpath={.status.phase}=Released persistentvolume/orphan");
}

/// A deployment whose pods run. (No kubelet ends old pods here, so those of another one would keep their places.)
fn pilot() -> Value {
    let container = json!({ "name": "pilot", "image": "registry.example.com/pilot:1" });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "pilot", "namespace": "shop" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "pilot" } },
            "template": {
                "metadata": {
                    "labels": { "app": "pilot" }, "annotations": { "example.com/fate": "runs" },
                },
                "spec": { "containers": [container] },
            },
        },
    })
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
