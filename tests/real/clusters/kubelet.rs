//! Stands in for the kubelets: writes what they would report of nodes and of pods that were bound to one, and runs nothing.
//! A pod says in the annotation `example.com/fate` what becomes of it.

use serde_json::{Value, json};

use crate::kube::Cluster;

/// Everything happened then: a figure that is the same in every run.
pub(super) const THEN: &str = "2026-01-02T03:04:05Z";
const LATER: &str = "2026-01-02T03:05:06Z";

/// A node's status: alive, or not heard of any more.
pub(super) fn node(number: usize, architecture: &str, alive: bool) -> Value {
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({ "type": kind, "status": status, "reason": reason, "message": "", "lastHeartbeatTime": THEN,
                "lastTransitionTime": THEN })
    };
    let ready = if alive { ("True", "KubeletReady") } else { ("Unknown", "NodeStatusUnknown") };
    json!({
        "conditions": [
            condition("MemoryPressure", if alive { "False" } else { "Unknown" }, "KubeletHasSufficientMemory"),
            condition("DiskPressure", if number == 1 { "True" } else { "False" }, "KubeletHasDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
            condition("Ready", ready.0, ready.1),
        ],
        "addresses": [
            { "type": "InternalIP", "address": format!("10.0.0.{}", 10 + number) },
            { "type": "InternalIP", "address": format!("fd00::{}", 10 + number) },
            { "type": "Hostname", "address": format!("node-{number}") },
        ],
        "capacity": resources("4", "16Gi"),
        "allocatable": resources("3900m", "15Gi"),
        "nodeInfo": {
            "architecture": architecture, "operatingSystem": "linux", "osImage": "Beacon Linux 12 (tower)",
            "kernelVersion": "6.18.0-1", "kubeletVersion": "v1.36.4", "kubeProxyVersion": "",
            "containerRuntimeVersion": "containerd://2.2.0", "bootID": format!("boot-{number}"),
            "machineID": format!("machine-{number}"), "systemUUID": format!("system-{number}"),
        },
    })
}

fn resources(cpu: &str, memory: &str) -> Value {
    json!({ "cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "100Gi", "hugepages-2Mi": "64Mi",
            "nvidia.com/gpu": "4", "attachable-volumes-csi-example": "16" })
}

/// Reports of every bound pod that nothing was reported of yet; how many there are by then that run or have run.
pub(crate) fn report(cluster: &Cluster) -> usize {
    let pods = cluster.get("pods --all-namespaces");
    let mut begun = 0;
    for pod in pods["items"].as_array().unwrap() {
        let (metadata, bound) = (&pod["metadata"], pod["spec"]["nodeName"].is_string());
        let Some(fate) = metadata["annotations"]["example.com/fate"].as_str() else { continue };
        if !bound {
            continue;
        }
        begun += 1;
        if pod["status"]["startTime"].is_null() {
            turn(cluster, pod, fate);
        }
    }
    begun
}

/// Reports that this has become of a pod, whatever was reported of it before.
pub(super) fn turn(cluster: &Cluster, pod: &Value, fate: &str) {
    let word = |field: &str| pod["metadata"][field].as_str().unwrap();
    let name = format!("pod/{} --namespace {}", word("name"), word("namespace"));
    cluster.patch_status(&name, &status(pod, fate)).unwrap();
}

/// What one of these fates looks like from outside.
fn status(pod: &Value, fate: &str) -> Value {
    let (phase, ready, initialized) = match fate {
        "runs" => ("Running", true, true),
        "crashes" => ("Running", false, true),
        "starts" => ("Pending", false, true),
        "prepares" => ("Pending", false, false),
        "succeeds" => ("Succeeded", false, true),
        "fails" | "evicted" => ("Failed", false, true),
        other => panic!("nobody knows the fate {other}"),
    };
    let truth = |yes: bool| if yes { "True" } else { "False" };
    let condition = |kind: &str, yes: bool| json!({ "type": kind, "status": truth(yes), "lastTransitionTime": THEN });
    let mut conditions = vec![
        condition("PodScheduled", true),
        condition("PodReadyToStartContainers", true),
        condition("Initialized", initialized),
        condition("ContainersReady", ready),
        condition("Ready", ready),
    ];
    let mut status = json!({ "phase": phase, "startTime": THEN, "hostIP": "10.0.0.10" });
    if fate == "evicted" {
        status["reason"] = "Evicted".into();
        let why = json!({ "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "lastTransitionTime": LATER });
        conditions.push(why);
    }
    if ready {
        let (four, six) = addresses(pod);
        status["podIP"] = four.clone().into();
        status["podIPs"] = json!([{ "ip": four }, { "ip": six }]);
    }
    status["conditions"] = conditions.into();
    status["initContainerStatuses"] = init_containers(pod, fate).into();
    status["containerStatuses"] = containers(pod, fate).into();
    status
}

/// No two pods of a world have the same: they are made of its UID.
fn addresses(pod: &Value) -> (String, String) {
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    let part = |at: usize| u8::from_str_radix(&uid[at..at + 2], 16).unwrap();
    (format!("10.1.{}.{}", part(0), part(2)), format!("fd00:1::{:x}:{:x}", part(0), part(2)))
}

fn containers(pod: &Value, fate: &str) -> Vec<Value> {
    let (state, ready, restarts) = match fate {
        "runs" => (running(), true, 0),
        "crashes" => (waiting("CrashLoopBackOff"), false, 7),
        "starts" => (waiting("ContainerCreating"), false, 0),
        "prepares" => (waiting("PodInitializing"), false, 0),
        "succeeds" => (terminated("Completed", 0), false, 0),
        "evicted" => return Vec::new(),
        _ => (terminated("Error", 3), false, 0),
    };
    let last = if fate == "crashes" { terminated("OOMKilled", 137) } else { json!({}) };
    let of = |container| container_status(container, &state, &last, (ready, restarts));
    pod["spec"]["containers"].as_array().unwrap().iter().map(of).collect()
}

/// The container of the pod `crashing`, after so many times.
pub(crate) fn crashed(restarts: u32) -> Value {
    let container = json!({ "name": "crashing", "image": "registry.example.com/crashing:1" });
    let (now, before) = (waiting("CrashLoopBackOff"), terminated("Error", 1));
    container_status(&container, &now, &before, (false, restarts))
}

/// Those that go on beside the pod's containers run; the others have done their work, or cannot.
fn init_containers(pod: &Value, fate: &str) -> Vec<Value> {
    let nothing = Vec::new();
    let all = pod["spec"]["initContainers"].as_array().unwrap_or(&nothing);
    let of = |container: &Value| match fate {
        "prepares" => {
            let (now, before) = (waiting("CrashLoopBackOff"), terminated("Error", 2));
            container_status(container, &now, &before, (false, 4))
        }
        _ if container["restartPolicy"].is_string() => {
            container_status(container, &running(), &json!({}), (true, 0))
        }
        _ => container_status(container, &terminated("Completed", 0), &json!({}), (true, 0)),
    };
    all.iter().map(of).collect()
}

fn container_status(
    container: &Value,
    state: &Value,
    last: &Value,
    (ready, restarts): (bool, u32),
) -> Value {
    let name = container["name"].as_str().unwrap();
    json!({
        "name": name, "image": container["image"], "imageID": format!("registry.example.com/{name}@sha256:{:064x}", 5),
        "containerID": format!("containerd://{name}"), "ready": ready, "started": ready, "restartCount": restarts,
        "state": state, "lastState": last,
    })
}

fn running() -> Value {
    json!({ "running": { "startedAt": THEN } })
}

fn waiting(reason: &str) -> Value {
    json!({ "waiting": { "reason": reason, "message": "so it is" } })
}

fn terminated(reason: &str, code: u8) -> Value {
    json!({ "terminated": { "reason": reason, "exitCode": code, "startedAt": THEN, "finishedAt": LATER,
                            "containerID": "containerd://gone" } })
}
