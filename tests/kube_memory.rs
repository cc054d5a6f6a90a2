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
    cluster::{Collector, Entry, kinds::KINDS, spec::Settings},
    metrics::{Dialect, Text},
    model::Sink,
};

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
        let [a, b, c, d, e] = [8, 4, 4, 4, 12].map(|digits| self.hex(digits));
        format!("{a}-{b}-{c}-{d}-{e}")
    }
}

/// A pod as an API server writes it: of the owner and the node that its number gives it, with a sidecar.
fn pod(number: usize, dice: &mut Dice) -> String {
    let owner = number / PODS_OF_AN_OWNER;
    let [app, namespace, node] = [
        format!("service-{owner:04}"),
        format!("team-{:02}", owner % 40),
        format!("worker-{:03}", number % 200),
    ];
    let set = format!("{app}-{:08x}", owner * 7919);
    let main = "85c7368a8c1046dc8cad81486fc6436f85c7368a8c1046dc8cad81486fc6436f";
    let main_image = format!("registry.example.com/{namespace}/{app}");
    let status = |name: &str, image: &str, dice: &mut Dice| {
        format!(
            r#"{{"name":"{name}","state":{{"running":{{"startedAt":"2026-01-12T08:15:40Z"}}}},"lastState":{{}},"ready":true,
            "restartCount":0,"image":"{image}:2.11.0","imageID":"{image}@sha256:{main}",
            "containerID":"containerd://{}","started":true,
            "volumeMounts":[{{"name":"kube-api-access-9xq2l","mountPath":"/var/run/secrets","readOnly":true}}]}}"#,
            dice.hex(64)
        )
    };
    let container = |name: &str, image: &str| {
        format!(
            r#"{{"name":"{name}","image":"{image}:2.11.0","resources":{{"limits":{{"cpu":"2","memory":"1Gi"}},
            "requests":{{"cpu":"250m","memory":"512Mi"}}}},"terminationMessagePath":"/dev/termination-log",
            "imagePullPolicy":"IfNotPresent","ports":[{{"name":"http","containerPort":8080,"protocol":"TCP"}}],
            "env":[{{"name":"NODE","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":"spec.nodeName"}}}}}}],
            "readinessProbe":{{"httpGet":{{"path":"/ready","port":"http"}},"periodSeconds":10}}}}"#
        )
    };
    let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(|kind| {
        format!(r#"{{"type":"{kind}","status":"True","lastTransitionTime":"2026-01-12T08:15:44Z","lastProbeTime":null}}"#)
    });
    let proxy = "registry.example.com/infra/metrics-proxy";
    format!(
        r#"{{"metadata":{{"name":"{set}-{}","generateName":"{set}-","namespace":"{namespace}","uid":"{}",
        "resourceVersion":"{number}","creationTimestamp":"2026-01-12T08:15:30Z",
        "labels":{{"app.kubernetes.io/name":"{app}","pod-template-hash":"{:08x}"}},
        "ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"{set}","uid":"{}","controller":true}}],
        "managedFields":[{{"manager":"kubelet","operation":"Update","fieldsV1":{{"f:status":{{"f:phase":{{}}}}}}}}]}},
        "spec":{{"containers":[{},{}],"nodeName":"{node}","restartPolicy":"Always","schedulerName":"default-scheduler",
        "serviceAccountName":"{app}","priority":0,"tolerations":[
        {{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}},
        {{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}],
        "volumes":[{{"name":"kube-api-access-{}","projected":{{"sources":[]}}}}]}},
        "status":{{"phase":"Running","qosClass":"Burstable","startTime":"2026-01-12T08:15:31Z",
        "hostIP":"10.20.0.{}","podIP":"10.42.{}.{}","podIPs":[{{"ip":"10.42.{1}.{2}"}}],
        "conditions":[{}],"containerStatuses":[{},{}]}}}}"#,
        0, 0, 0
    )
}
