//! The word that kubectl shows for a pod in its column STATUS.

use std::borrow::Cow;

use super::{
    container::Container,
    kept::{PHASES, Pod},
};
use crate::cluster::object::Object;

/// How a pod is, in kubectl's word.
pub(super) fn word(pod: &Object<Pod>) -> Cow<'_, str> {
    let (phase, own) = (pod.body.look.phase.text(PHASES).unwrap_or_default(), pod.body.reason());
    let is_going = pod.meta.deleted.is_set();
    if is_going && own == "NodeLost" {
        return Cow::Borrowed("Unknown");
    }
    if is_going && !matches!(phase, "Succeeded" | "Failed") {
        return Cow::Borrowed("Terminating");
    }
    let mut word = Cow::Borrowed(if own.is_empty() { phase } else { own });
    let is_gated = pod.body.conditions().any(|(condition, _)| {
        &*condition.kind == "PodScheduled" && &*condition.reason == "SchedulingGated"
    });
    if is_gated {
        word = Cow::Borrowed("SchedulingGated");
    }
    let initializing = initializing(&pod.body);
    if initializing.is_none() || has_condition(&pod.body, "Initialized") {
        return running(&pod.body, initializing.unwrap_or(word));
    }
    initializing.unwrap_or(word)
}

fn has_condition(pod: &Pod, kind: &str) -> bool {
    pod.conditions().any(|(condition, _)| &*condition.kind == kind && &*condition.status == "True")
}

/// What the first init container that is not done does.
fn initializing(pod: &Pod) -> Option<Cow<'_, str>> {
    let (at, container) =
        pod.inits().enumerate().find(|(_, container)| !is_done(pod, *container))?;
    let reason = match (container.terminated(), container.waiting()) {
        (Some(_), _) => ended(container),
        (None, Some(reason)) if !matches!(reason, "" | "PodInitializing") => reason.into(),
        _ => format!("{at}/{}", pod.look.template.inits.len()).into(),
    };
    Some(format!("Init:{reason}").into())
}

/// Whether the containers after an init container need not wait for it.
fn is_done(pod: &Pod, container: Container<'_>) -> bool {
    let has_ended_well = container.terminated().is_some_and(|ended| ended.code == 0);
    let mut wanted = pod.look.template.inits.iter();
    let wanted = wanted.find(|wanted| wanted.name == container.about.name);
    let is_beside = wanted.is_some_and(|wanted| &*wanted.restart_policy == "Always");
    has_ended_well || is_beside && container.has_started()
}

/// Why a container has ended.
fn ended(container: Container<'_>) -> Cow<'_, str> {
    match container.terminated() {
        Some(ended) if !ended.reason.is_empty() => Cow::Borrowed(&*ended.reason),
        Some(ended) if ended.signal != 0 => format!("Signal:{}", ended.signal).into(),
        Some(ended) => format!("ExitCode:{}", ended.code).into(),
        None => Cow::Borrowed(""),
    }
}

/// What the containers say; of several the first that does not simply run.
fn running<'p>(pod: &'p Pod, before: Cow<'p, str>) -> Cow<'p, str> {
    let mut runs = false;
    let mut said = None;
    for container in pod.containers() {
        let waits = container.waiting().filter(|reason| !reason.is_empty());
        if waits.is_none() && container.terminated().is_none() {
            runs |= container.is_ready() && container.is_running();
        } else if said.is_none() {
            said = Some(waits.map_or_else(|| ended(container), Cow::Borrowed));
        }
    }
    let word = said.unwrap_or(before);
    // One has ended and another goes on.
    if word == "Completed" && runs {
        let is_ready = has_condition(pod, "Ready");
        return Cow::Borrowed(if is_ready { "Running" } else { "NotReady" });
    }
    word
}

/// The words of pods that are as they should be, or on their way there.
const WELL: &[&str] = &[
    "Completed",
    "ContainerCreating",
    "NotReady",
    "Pending",
    "PodInitializing",
    "Running",
    "SchedulingGated",
    "Succeeded",
    "Terminating",
];

/// Whether a word says that something is wrong. Of an init container only a count is not.
pub(super) fn is_error(word: &str) -> bool {
    match word.strip_prefix("Init:") {
        Some(step) => !step.starts_with(|c: char| c.is_ascii_digit()) && !WELL.contains(&step),
        None => !WELL.contains(&word),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::object::{Decode, Shown};

    fn told(json: &Value) -> (String, bool) {
        let (pod, _) = Decode::<Pod>::object(&json.to_string(), &Shown::default()).unwrap();
        let word = word(&pod).into_owned();
        let is_error = is_error(&word);
        (word, is_error)
    }

    fn container(name: &str, state: &Value) -> Value {
        json!({ "name": name, "ready": state.get("running").is_some(), "state": state })
    }

    fn pod(phase: &str, states: &[Value]) -> Value {
        let statuses: Vec<Value> = states.iter().map(|state| container("c", state)).collect();
        json!({ "status": { "phase": phase, "containerStatuses": statuses } })
    }

    /// A pod with two init containers of which the second runs beside the others, and one container that waits for them.
    fn starting(first: &Value, second: &Value) -> Value {
        json!({
            "spec": { "initContainers": [{ "name": "i" }, { "name": "j", "restartPolicy": "Always" }] },
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [container("i", first), second],
                "containerStatuses": [container("c", &json!({ "waiting": { "reason": "PodInitializing" } }))],
            }
        })
    }

    #[test]
    fn words_of_phases_and_containers() {
        let running = json!({ "running": {} });
        let waiting = |reason: &str| json!({ "waiting": { "reason": reason } });
        let ended = |reason: &str, code: i32, signal: i32| json!({ "terminated": { "reason": reason, "exitCode": code, "signal": signal } });
        let table: &[(&str, &[Value], &str, bool)] = &[
            ("Pending", &[], "Pending", false),
            ("Pending", &[waiting("ContainerCreating")], "ContainerCreating", false),
            ("Pending", &[waiting("ImagePullBackOff")], "ImagePullBackOff", true),
            // A container that waits for no reason says nothing.
            ("Pending", &[waiting("")], "Pending", false),
            ("Running", std::slice::from_ref(&running), "Running", false),
            ("Running", &[running.clone(), waiting("CrashLoopBackOff")], "CrashLoopBackOff", true),
            ("Running", &[ended("Error", 1, 0), waiting("CrashLoopBackOff")], "Error", true),
            ("Running", &[ended("OOMKilled", 137, 0)], "OOMKilled", true),
            ("Running", &[ended("", 0, 9)], "Signal:9", true),
            ("Running", &[ended("", 3, 0)], "ExitCode:3", true),
            ("Running", &[ended("Completed", 0, 0), running.clone()], "NotReady", false),
            ("Succeeded", &[ended("Completed", 0, 0)], "Completed", false),
            ("Succeeded", &[], "Succeeded", false),
            ("Failed", &[ended("Error", 1, 0)], "Error", true),
            ("Unknown", &[], "Unknown", true),
        ];
        for (phase, states, word, is_error) in table {
            assert_eq!(told(&pod(phase, states)), ((*word).to_owned(), *is_error), "{states:?}");
        }
    }

    #[test]
    fn words_of_whole_pods() {
        let with = |mut pod: Value, key: &str, value: Value| {
            pod["status"][key] = value;
            pod
        };
        let running = || pod("Running", &[json!({ "running": {} })]);
        let going = |mut pod: Value| {
            pod["metadata"] = json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
            pod
        };
        let conditions = |kind: &str, status: &str, reason: &str| json!([{ "type": kind, "status": status, "reason": reason }]);
        let gated = conditions("PodScheduled", "False", "SchedulingGated");
        let half = pod(
            "Running",
            &[json!({ "terminated": { "reason": "Completed" } }), json!({ "running": {} })],
        );
        let table = [
            (with(pod("Failed", &[]), "reason", json!("Evicted")), "Evicted", true),
            (with(pod("Pending", &[]), "conditions", gated), "SchedulingGated", false),
            (with(half, "conditions", conditions("Ready", "True", "")), "Running", false),
            (going(running()), "Terminating", false),
            (going(with(running(), "reason", json!("NodeLost"))), "Unknown", true),
            (going(pod("Succeeded", &[])), "Succeeded", false),
        ];
        for (pod, word, is_error) in table {
            assert_eq!(told(&pod), (word.to_owned(), is_error), "{pod}");
        }
    }

    #[test]
    fn words_of_pods_that_begin() {
        let done = json!({ "terminated": { "exitCode": 0, "reason": "Completed" } });
        let waiting = |reason: &str| json!({ "waiting": { "reason": reason } });
        let beside =
            |started: bool| json!({ "name": "j", "started": started, "state": { "running": {} } });
        let table = [
            (starting(&json!({ "running": {} }), &beside(false)), "Init:0/2", false),
            (starting(&waiting("PodInitializing"), &beside(false)), "Init:0/2", false),
            (starting(&waiting("CrashLoopBackOff"), &beside(false)), "Init:CrashLoopBackOff", true),
            (
                starting(&json!({ "terminated": { "exitCode": 2 } }), &beside(false)),
                "Init:ExitCode:2",
                true,
            ),
            (
                starting(&json!({ "terminated": { "exitCode": 1, "signal": 9 } }), &beside(false)),
                "Init:Signal:9",
                true,
            ),
            (
                starting(
                    &json!({ "terminated": { "exitCode": 1, "reason": "Error" } }),
                    &beside(false),
                ),
                "Init:Error",
                true,
            ),
            (starting(&done, &beside(false)), "Init:1/2", false),
            (starting(&done, &beside(true)), "PodInitializing", false),
        ];
        for (pod, word, is_error) in table {
            assert_eq!(told(&pod), (word.to_owned(), is_error), "{pod}");
        }
    }
}
