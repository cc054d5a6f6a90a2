//! Definitions of custom resources that are there before noroshi starts, and others that come and go while it runs: its
//! checks of such objects can tell nothing while nobody serves them, and need no other start once somebody does.

use serde_json::{Value, json};

use super::{kubelet::THEN, own, watcher::Watcher, world::World};
use crate::server::wait_until;

/// Checks by name, and the objects they are of. Those of beacons can be judged from the start.
pub(super) const CHECKS: [(&str, &str); 7] = [
    (
        "beacon",
        "kind = 'custom', resource = 'example.com/v1/beacons', namespace = 'shop', name = 'lit'",
    ),
    (
        "beacon-dark",
        "kind = 'custom', resource = 'example.com/v1/beacons', namespace = 'shop', name = 'dark'",
    ),
    (
        "beacon-green",
        "kind = 'custom', resource = 'example.com/v1/beacons', namespace = 'shop', name = 'lit', jsonpath = '$.spec.lamps[*].colour', equals = 'green'",
    ),
    (
        "beacon-red",
        "kind = 'custom', resource = 'example.com/v1/beacons', namespace = 'shop', name = 'lit', jsonpath = '$.spec.lamps[0].colour', equals = 'red'",
    ),
    ("lantern", "kind = 'custom', resource = 'example.com/v1/lanterns', name = 'lit'"),
    (
        "lantern-lights",
        "kind = 'custom', resource = 'example.com/v1/lanterns', name = 'lit', conditions = { Lights = 'False' }",
    ),
    (
        "lantern-green",
        "kind = 'custom', resource = 'example.com/v1/lanterns', name = 'lit', jsonpath = '$.spec.lamps[0].colour', equals = 'green'",
    ),
];

const LANTERNS: [&str; 3] = ["lantern", "lantern-lights", "lantern-green"];

/// Defines beacons, of which one is lit and one is not.
pub(super) fn before(world: &World) {
    define(world, "beacons", "Beacon", "Namespaced");
    for (name, ready) in [("lit", "True"), ("dark", "False")] {
        create(world, &object("Beacon", name, Some("shop")));
        report(world, &format!("beacons.example.com/{name} --namespace shop"), ready);
    }
}

/// Lanterns come, go, and come again.
pub(super) fn come_and_go(world: &World, watcher: &Watcher) {
    watcher.until("beacon", "up", "");
    watcher.until("beacon-dark", "down", "condition_mismatch");
    watcher.until("beacon-green", "up", "");
    watcher.until("beacon-red", "down", "field_mismatch");
    let unserved = || LANTERNS.map(|check| watcher.until(check, "unknown", "api_not_served"));
    unserved();
    for time in ["first", "second"] {
        define(world, "lanterns", "Lantern", "Cluster");
        let took = LANTERNS.map(|check| watcher.until(check, "down", "object_missing"));
        eprintln!("lanterns were watched {took:?} after they were defined for the {time} time");
        create(world, &object("Lantern", "lit", None));
        let took = watcher.until("lantern-green", "up", "");
        watcher.until("lantern", "down", "condition_mismatch");
        watcher.until("lantern-lights", "down", "condition_mismatch");
        eprintln!("a lantern was seen {took:?} after it was made");
        report(world, "lanterns.example.com/lit", "True");
        let took = ["lantern", "lantern-lights"].map(|check| watcher.until(check, "up", ""));
        eprintln!("it was seen lit after {took:?}");
        own::is_as_printed(world, watcher, own::DEFINITIONS);
        assert_eq!(defined(watcher), Some(2.0), "its names are accepted, and it is established");
        world.kubectl("delete customresourcedefinition/lanterns.example.com");
        let took = unserved();
        eprintln!("nobody serves lanterns any more: seen after {took:?}");
        own::is_as_printed(world, watcher, own::DEFINITIONS);
        assert_eq!(defined(watcher), None);
    }
    // Meanwhile nothing has happened to those of another definition.
    watcher.until("beacon", "up", "");
    report(world, "beacons.example.com/dark --namespace shop", "True");
    let took = watcher.until("beacon-dark", "up", "");
    eprintln!("a beacon was seen lit after {took:?}");
}

/// Conditions of the definition of lanterns that are true.
fn defined(watcher: &Watcher) -> Option<f64> {
    let labels = ["crd=\"lanterns.example.com\"", "status=\"True\""];
    watcher.objects().sum("noroshi_kube_crd_condition", &labels)
}

fn define(world: &World, plural: &str, kind: &str, scope: &str) {
    let version = json!({
        "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
        "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
    });
    let names = json!({ "plural": plural, "singular": kind.to_lowercase(), "kind": kind });
    let name = format!("{plural}.example.com");
    create(
        world,
        &json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": name },
            "spec": { "group": "example.com", "scope": scope, "names": names, "versions": [version] },
        }),
    );
    world.wait(&format!("--for=condition=Established customresourcedefinition/{name}"));
}

fn object(kind: &str, name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    let lamps = json!([{ "colour": "green" }, { "colour": "green" }]);
    json!({ "apiVersion": "example.com/v1", "kind": kind, "metadata": metadata, "spec": { "lamps": lamps } })
}

/// Somewhat after it is established a resource is served.
fn create(world: &World, object: &Value) {
    wait_until("an object to be created", || world.cluster.create("custom", object, "").ok());
}

fn report(world: &World, object: &str, ready: &str) {
    let condition = |kind: &str, status: &str| json!({ "type": kind, "status": status, "reason": "Observed", "message": "", "lastTransitionTime": THEN });
    let lights = if ready == "True" { "False" } else { "True" };
    let conditions = [condition("Ready", ready), condition("Lights", lights)];
    world.report(object, &json!({ "conditions": conditions }));
}
