//! What a pod takes: the heap of the process before and after a cluster's pods are listed, counted as glibc cuts it.
//! In a process of its own, since it counts every allocation.
#![expect(
    unsafe_code,
    reason = "an allocator that counts is one, and nothing else tells what is held"
)]
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt::Write,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use noroshi::{
    cluster::{Collector, kinds::KINDS, spec::Settings},
    metrics::{Dialect, Encoder, Text},
    model::Sink,
};
use serde_json::{Value, json};

struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);
static CUT: AtomicUsize = AtomicUsize::new(0);

/// How much glibc cuts for an allocation: eight bytes more, in steps of sixteen, and not less than 32.
fn cut(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

// SAFETY: everything is the system's allocator; counting touches nothing of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size(), Ordering::Relaxed);
        CUT.fetch_add(cut(layout.size()), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        ASKED.fetch_sub(layout.size(), Ordering::Relaxed);
        CUT.fetch_sub(cut(layout.size()), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PODS: usize = 10_000;
const PODS_OF_AN_OWNER: usize = 10;

const CONDITIONS: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// Most bytes that a pod of two containers may take, with everything that is held for it.
const MOST: usize = 500;

/// Numbers that look like chance and are always the same.
struct Dice(u64);

impl Dice {
    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            // Knuth's MMIX.
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            write!(text, "{:08x}", self.0 >> 32).unwrap();
        }
        text.truncate(digits);
        text
    }

    fn uuid(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|digits| self.hex(digits));
        parts.join("-")
    }
}

/// A pod as an API server writes it, with a sidecar; its number gives it an owner and a node.
fn pod(number: usize, dice: &mut Dice) -> String {
    let owner = number / PODS_OF_AN_OWNER;
    let app = format!("service-{owner:04}");
    let set = format!("{app}-{:08x}", owner * 2_654_435);
    let namespace = format!("team-{:02}", owner % 40);
    let node = number % 200;
    let images = [
        format!("registry.example.com/{namespace}/{app}"),
        "registry.example.com/infra/metrics-proxy".to_owned(),
    ];
    let containers = images.each_ref().map(|image| container(image));
    let statuses = images.each_ref().map(|image| status(image, dice));
    let ip = format!("10.42.{node}.{}", number / 200 + 2);
    json!({
        "metadata": {
            "name": format!("{set}-{}", dice.hex(5)), "generateName": format!("{set}-"),
            "namespace": namespace, "uid": dice.uuid(), "resourceVersion": number.to_string(),
            "creationTimestamp": "2026-01-12T08:15:30Z",
            "labels": { "app.kubernetes.io/name": app, "pod-template-hash": dice.hex(8) },
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": dice.uuid(),
                "controller": true, "blockOwnerDeletion": true,
            }],
            "managedFields": [{ "manager": "kubelet", "fieldsV1": { "f:status": { "f:phase": {} } } }],
        },
        "spec": {
            "containers": containers, "nodeName": format!("worker-{node:03}"),
            "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "serviceAccountName": app, "priority": 0, "tolerations": [
                toleration("node.kubernetes.io/not-ready"),
                toleration("node.kubernetes.io/unreachable"),
            ],
            "volumes": [{ "name": format!("kube-api-access-{}", dice.hex(5)), "projected": {} }],
        },
        "status": {
            "phase": "Running", "qosClass": "Burstable", "startTime": "2026-01-12T08:15:31Z",
            "hostIP": format!("10.20.0.{node}"), "podIP": ip, "podIPs": [{ "ip": ip }],
            "conditions": CONDITIONS.map(condition),
            "containerStatuses": statuses,
        },
    })
    .to_string()
}

/// Containers are named as their images are.
fn name(image: &str) -> &str {
    image.rsplit('/').next().unwrap()
}

fn container(image: &str) -> Value {
    json!({
        "name": name(image), "image": format!("{image}:2.11.0"), "imagePullPolicy": "IfNotPresent",
        "resources": {
            "limits": { "cpu": "2", "memory": "1Gi" },
            "requests": { "cpu": "250m", "memory": "512Mi" },
        },
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "ports": [{ "name": "http", "containerPort": 8080, "protocol": "TCP" }],
        "env": [{ "name": "NODE", "valueFrom": { "fieldRef": { "fieldPath": "spec.nodeName" } } }],
        "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" }, "periodSeconds": 10 },
    })
}

fn status(image: &str, dice: &mut Dice) -> Value {
    json!({
        "name": name(image), "image": format!("{image}:2.11.0"),
        "imageID": format!("{image}@sha256:{}", "c0ffee42".repeat(8)),
        "containerID": format!("containerd://{}", dice.hex(64)),
        "state": { "running": { "startedAt": "2026-01-12T08:15:40Z" } }, "lastState": {},
        "ready": true, "started": true, "restartCount": 0,
    })
}

fn condition(kind: &str) -> Value {
    json!({
        "type": kind, "status": "True", "lastTransitionTime": "2026-01-12T08:15:44Z",
        "lastProbeTime": null,
    })
}

fn toleration(key: &str) -> Value {
    json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 })
}

/// Lists the pods, as a watch that begins does.
fn list(collector: &dyn Collector, pods: &[String]) {
    collector.begin(0);
    for pod in pods {
        collector.listed(0, pod).unwrap();
    }
    collector.end(0);
}

#[test]
fn a_pod_takes_half_a_kilobyte() {
    let entry = KINDS.iter().find(|entry| entry.resource.name == "pods").unwrap();
    let mut dice = Dice(1);
    let pods: Vec<String> = (0..PODS).map(|number| pod(number, &mut dice)).collect();
    let before = [&ASKED, &CUT].map(|count| count.load(Ordering::Relaxed));
    let collector = (entry.collector)(&Settings::default());
    let start = Instant::now();
    list(&*collector, &pods);
    let decoding = start.elapsed() / u32::try_from(PODS).unwrap();
    let after = [&ASKED, &CUT].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(collector.objects(), PODS);
    let [asked, cut] = [0, 1].map(|at| (after[at] - before[at]) / PODS);

    let snapshot = collector.snapshot();
    let mut text = Text::new(Dialect::Prometheus);
    let mut bytes = 0;
    let start = Instant::now();
    for at in 0..snapshot.families() {
        let Some(family) = snapshot.family(at) else { continue };
        text.family(family.name, &family.help(), family.kind);
        for from in (0..PODS).step_by(500) {
            snapshot.write(at, from..from + 500, &mut text);
            bytes += text.buffer().len();
            text.buffer().clear();
        }
    }
    let rendering = start.elapsed() / u32::try_from(PODS).unwrap();
    println!(
        "a pod: {asked} bytes asked for, {cut} cut; {decoding:?} to decode {} bytes, {rendering:?} to write {}",
        pods[0].len(),
        bytes / PODS,
    );
    assert!(bytes / PODS > 5_000, "all of a pod is written: {}", bytes / PODS);
    assert!(asked <= MOST && cut <= MOST, "a pod takes {cut} bytes");

    // What a list brings anew is not held twice.
    drop((snapshot, text));
    list(&*collector, &pods);
    let again = (CUT.load(Ordering::Relaxed) - before[1]) / PODS;
    assert!(again <= MOST, "listed twice a pod takes {again} bytes");
}
