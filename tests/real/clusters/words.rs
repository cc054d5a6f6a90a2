//! Pods in every state for which kubectl has a word of its own, beyond those that the world has: what kubelets report of
//! them is written, and what the word is says kubectl.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{kubelet::THEN, scrape::label, watcher::Watcher, world::World};

/// Makes them.
pub(super) fn before(world: &World) {
    let container = |name: &str| json!({ "name": name, "image": "registry.example.com/main:1" });
    let mut beside = container("j");
    beside["restartPolicy"] = "Always".into();
    world.kubectl("create namespace words");
    world.wait("--for=create serviceaccount/default --namespace words");
    let pods = statuses();
    let pod = |(name, _): &(&str, Value)| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "words" },
            "spec": {
                "nodeName": "beacon",
                "initContainers": [container("i"), beside],
                "containers": [container("c"), container("d")],
            },
        })
    };
    let items: Vec<_> = pods.iter().map(pod).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    world.cluster.create("words", &list, "").unwrap();
    for (name, status) in &pods {
        world.report(&format!("pod/{name} --namespace words"), status);
    }
    world.kubectl("delete --wait=false pod/lost pod/going pod/gone-wrong --namespace words");
}

/// How many words there are in the whole cluster.
pub(super) fn are_many(watcher: &Watcher) {
    let objects = watcher.objects();
    let states = objects.rows("noroshi_kube_pod_state").into_iter();
    let words: BTreeSet<_> = states.filter_map(|(series, _)| label(series, "state")).collect();
    assert!(words.len() >= 23, "{words:?}");
    eprintln!("{} words for how pods are: {words:?}", words.len());
}

fn statuses() -> Vec<(&'static str, Value)> {
    let running = || json!({ "running": { "startedAt": THEN } });
    let waiting = |reason: &str| json!({ "waiting": { "reason": reason } });
    let ended = |reason: &str, code: i32, signal: i32| json!({ "terminated": { "reason": reason, "exitCode": code, "signal": signal } });
    let after = |phase: &str, one: Value, other: Value| {
        let inits = [status("i", &ended("Completed", 0, 0)), status("j", &running())];
        with(phase, "True", &inits, &[status("c", &one), status("d", &other)])
    };
    let before = |first: Value, second: Value| {
        let main = ["c", "d"].map(|name| status(name, &waiting("PodInitializing")));
        with("Pending", "False", &[status("i", &first), second], &main)
    };
    let beside = |started: bool| {
        let mut status = status("j", &running());
        status["started"] = started.into();
        status
    };
    let ready = |mut pod: Value, status: &str| {
        let more = json!({ "type": "Ready", "status": status, "lastTransitionTime": THEN });
        pod["conditions"].as_array_mut().unwrap().push(more);
        pod
    };
    let mut lost = after("Running", running(), running());
    lost["reason"] = "NodeLost".into();
    let half = || after("Running", ended("Completed", 0, 0), running());
    vec![
        ("exit-code", after("Running", ended("", 3, 0), running())),
        ("signal", after("Running", running(), ended("", 137, 9))),
        ("pull", after("Pending", waiting("ImagePullBackOff"), waiting("ContainerCreating"))),
        ("second", after("Running", running(), waiting("CrashLoopBackOff"))),
        ("both", after("Running", waiting("CrashLoopBackOff"), ended("Error", 1, 0))),
        ("half", ready(half(), "False")),
        ("half-ready", ready(half(), "True")),
        ("speechless", after("Pending", waiting(""), running())),
        ("unknown", json!({ "phase": "Unknown" })),
        ("bare-failure", json!({ "phase": "Failed", "reason": "OutOfcpu" })),
        ("killed", after("Failed", ended("OOMKilled", 137, 0), ended("Completed", 0, 0))),
        ("init-runs", before(running(), beside(false))),
        ("init-waits", before(waiting("PodInitializing"), beside(false))),
        ("init-crashes", before(waiting("CrashLoopBackOff"), beside(false))),
        ("init-pull", before(waiting("ErrImagePull"), beside(false))),
        ("init-exit-code", before(ended("", 2, 0), beside(false))),
        ("init-signal", before(ended("", 137, 9), beside(false))),
        ("init-error", before(ended("Error", 2, 0), beside(false))),
        ("init-second", before(ended("Completed", 0, 0), beside(false))),
        ("init-over", before(ended("Completed", 0, 0), beside(true))),
        ("lost", lost),
        ("going", after("Running", running(), running())),
        ("gone-wrong", after("Failed", ended("Error", 1, 0), ended("Completed", 0, 0))),
    ]
}

fn with(phase: &str, initialized: &str, inits: &[Value], main: &[Value]) -> Value {
    let initialized =
        json!({ "type": "Initialized", "status": initialized, "lastTransitionTime": THEN });
    json!({
        "phase": phase, "conditions": [initialized],
        "initContainerStatuses": inits, "containerStatuses": main,
    })
}

fn status(name: &str, state: &Value) -> Value {
    let runs = state["running"].is_object();
    json!({
        "name": name, "image": "registry.example.com/main:1", "imageID": "", "ready": runs, "started": runs,
        "restartCount": 0, "state": state, "lastState": {},
    })
}
