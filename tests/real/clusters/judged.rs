//! Objects of every kind as checks: those that are well and those that are not, what happens to them, and that nobody can
//! tell while the API server is away. The controllers are the real ones; what pods and nodes do is written for a kubelet.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    kubelet,
    scrape::label,
    watcher::{Standing, Watcher, until_seen},
    world::World,
};
use crate::{server::wait_until, support::patience::patience};

/// Checks by name, the objects they are of, and why they are down from the start; empty where they are up.
pub(crate) const CHECKS: [(&str, &str, &str); 26] = [
    ("deployment", "kind = 'deployment', namespace = 'shop', name = 'web'", ""),
    (
        "deployment-ill",
        "kind = 'deployment', namespace = 'shop', name = 'stuck'",
        "replicas_unavailable",
    ),
    (
        "rollout",
        "kind = 'deployment', namespace = 'shop', name = 'web', conditions = { Progressing = 'True', Available = 'True' }",
        "",
    ),
    (
        "rollout-ill",
        "kind = 'deployment', namespace = 'shop', name = 'stuck', available = 0, conditions = { Progressing = 'True' }",
        "condition_mismatch",
    ),
    ("statefulset", "kind = 'statefulset', namespace = 'shop', name = 'store'", ""),
    (
        "statefulset-ill",
        "kind = 'statefulset', namespace = 'shop', name = 'slow'",
        "replicas_unavailable",
    ),
    ("daemonset", "kind = 'daemonset', namespace = 'edge', name = 'agent'", ""),
    (
        "daemonset-ill",
        "kind = 'daemonset', namespace = 'shop', name = 'slow'",
        "replicas_unavailable",
    ),
    ("job", "kind = 'job', namespace = 'batch', name = 'done'", ""),
    ("job-begun", "kind = 'job', namespace = 'batch', name = 'begun'", ""),
    ("job-ill", "kind = 'job', namespace = 'batch', name = 'failed'", "job_failed"),
    ("cronjob", "kind = 'cronjob', namespace = 'batch', name = 'yearly'", ""),
    (
        "cronjob-old",
        "kind = 'cronjob', namespace = 'batch', name = 'yearly', max_age_of_success = '1d'",
        "success_too_old",
    ),
    ("cronjob-ill", "kind = 'cronjob', namespace = 'batch', name = 'asleep'", "job_failed"),
    ("pods", "kind = 'pods', namespace = 'shop', selector = { app = 'web' }", ""),
    (
        "pods-ill",
        "kind = 'pods', namespace = 'shop', selector = { app = 'crashing' }",
        "replicas_unavailable",
    ),
    (
        "restarts",
        "kind = 'pods', namespace = 'shop', selector = { app = 'crashing' }, available = 0, restarts = { most = 0, within = '1h' }",
        "",
    ),
    ("service", "kind = 'service', namespace = 'shop', name = 'web', ready_endpoints = 2", ""),
    ("service-ill", "kind = 'service', namespace = 'shop', name = 'broken'", "endpoints_not_ready"),
    ("claim", "kind = 'persistentvolumeclaim', namespace = 'edge', name = 'data'", ""),
    (
        "claim-ill",
        "kind = 'persistentvolumeclaim', namespace = 'shop', name = 'hopeless'",
        "volume_unbound",
    ),
    ("node", "kind = 'node', name = 'beacon'", ""),
    ("node-ill", "kind = 'node', name = 'wreck'", "node_not_ready"),
    ("ingress", "kind = 'ingress', namespace = 'shop', name = 'web'", ""),
    ("ingress-ill", "kind = 'ingress', namespace = 'shop', name = 'broken'", "endpoints_not_ready"),
    ("ingress-lost", "kind = 'ingress', namespace = 'shop', name = 'nowhere'", "backend_missing"),
];

/// What is done, in words; how; and why each of these checks is down then. Empty where it is up.
type Change = (&'static str, fn(&World), &'static [(&'static str, &'static str)]);

const CHANGES: [Change; 16] = [
    (
        "one pod of three crashes",
        |world| turn(world, "app=web --namespace shop", 0..1, "crashes"),
        &[("deployment", "replicas_unavailable"), ("pods", "replicas_unavailable")],
    ),
    (
        "another one crashes",
        |world| turn(world, "app=web --namespace shop", 1..2, "crashes"),
        &[("service", "endpoints_not_ready"), ("rollout", "replicas_unavailable")],
    ),
    (
        "the last one crashes",
        |world| turn(world, "app=web --namespace shop", 2..3, "crashes"),
        &[("ingress", "endpoints_not_ready")],
    ),
    (
        "all of them run again",
        |world| turn(world, "app=web --namespace shop", 0..3, "runs"),
        &[("deployment", ""), ("rollout", ""), ("pods", ""), ("service", ""), ("ingress", "")],
    ),
    (
        "a pod of the stateful set crashes",
        |world| turn(world, "app=store --namespace shop", 0..1, "crashes"),
        &[("statefulset", "replicas_unavailable")],
    ),
    (
        "the slow stateful set has started",
        |world| turn(world, "app=slow-store --namespace shop", 0..1, "runs"),
        &[("statefulset-ill", "")],
    ),
    (
        "a pod of the daemon set crashes",
        |world| turn(world, "app=agent --namespace edge", 0..1, "crashes"),
        &[("daemonset", "replicas_unavailable")],
    ),
    (
        "the slow daemon set has started",
        |world| turn(world, "app=slow-agent --namespace shop", 0..1, "runs"),
        &[("daemonset-ill", "")],
    ),
    (
        "the job's pod fails",
        |world| turn(world, "app=begun --namespace batch", 0..1, "fails"),
        &[("job-begun", "job_failed")],
    ),
    (
        "the cron job succeeds",
        |world| scheduled(world, "2026-01-02T03:05:00Z"),
        &[("cronjob-ill", "")],
    ),
    (
        "a container is started anew",
        |world| {
            let status = json!({ "containerStatuses": [kubelet::crashed(8)] });
            world.report("pod/crashing --namespace shop", &status);
        },
        &[("restarts", "pod_restarts")],
    ),
    (
        "a pod recovers",
        |world| turn(world, "app=crashing --namespace shop", 0..1, "runs"),
        &[("pods-ill", ""), ("service-ill", ""), ("ingress-ill", "")],
    ),
    ("there is a volume for the claim", volume, &[("claim-ill", "")]),
    (
        "the node is heard of again",
        |world| world.report("node/wreck", &kubelet::node(2, "amd64", true)),
        &[("node-ill", "")],
    ),
    (
        "there is a service, with nothing behind it",
        |world| world.kubectl("create service clusterip nowhere --tcp=80 --namespace shop"),
        &[("ingress-lost", "endpoints_not_ready")],
    ),
    (
        "a deployment is deleted",
        |world| world.kubectl("delete deployment/stuck --namespace shop --cascade=orphan"),
        &[("deployment-ill", "object_missing"), ("rollout-ill", "object_missing")],
    ),
];

/// Makes what is not well, and has the pods run that come of it.
pub(crate) fn before(world: &World) {
    world.create("judged");
    scheduled(world, "2026-01-01T03:05:00Z");
    for (what, count) in [("app=slow-store", 1), ("app=slow-agent", 1), ("app=begun", 1)] {
        wait_until(what, || {
            kubelet::report(&world.cluster);
            let pods = world.cluster.get(&format!("pods --all-namespaces --selector {what}"));
            let pods = pods["items"].as_array().unwrap();
            let begun = pods.iter().filter(|pod| pod["status"]["startTime"].is_string());
            (begun.count() == count).then_some(())
        });
    }
    world.wait("--for=jsonpath={.status.ready}=1 job/begun --namespace batch");
}

/// What everything is from the start.
pub(super) fn each_kind_is_judged(watcher: &Watcher) {
    for (check, _, reason) in CHECKS {
        let state = if reason.is_empty() { "up" } else { "down" };
        watcher.until(check, state, reason);
        let up = watcher.own().sum("noroshi_check_up", &[&format!("check=\"{check}\"")]);
        assert_eq!(up, Some(f64::from(u8::from(reason.is_empty()))), "{check}");
    }
}

/// Each change is seen at once; the figures are those of the controllers and of noroshi together.
pub(super) fn changes_are_seen(world: &World, watcher: &Watcher) {
    // As long as that where tests may take longer than usual.
    let allowed = patience() / 2;
    let mut latest = Duration::ZERO;
    for (what, deed, seen) in CHANGES {
        deed(world);
        let begun = Instant::now();
        for (check, reason) in seen {
            let state = if reason.is_empty() { "up" } else { "down" };
            watcher.until(check, state, reason);
            let took = begun.elapsed();
            assert!(took < allowed, "{what}: {check} after {took:?}");
            eprintln!("{what}: {check} is {state} {reason} after {took:?}");
            latest = latest.max(took);
        }
    }
    eprintln!("{} changes of objects were judged, the latest after {latest:?}", CHANGES.len());
}

/// While the API server is away nobody can tell: every check is unknown, none has failed, and `up` says what was known.
pub(super) fn an_outage_is_no_failure(world: &mut World, watcher: &Watcher) {
    let mut before = watcher.standings();
    // Those of which nobody could tell anything before either.
    before.retain(|_, (state, _)| state != "unknown");
    let known = |family: &str| watcher.own().rows(family).iter().map(row).collect::<Vec<_>>();
    let (up, failures) = (known("noroshi_check_up"), known("noroshi_check_failures_total"));
    assert!(before.len() >= CHECKS.len() && up.len() >= CHECKS.len(), "{before:?}");
    world.cluster.kill_apiserver();
    let unknown = ("unknown".to_owned(), "api_unreachable".to_owned());
    let all_unknown = before.keys().map(|check| (check.clone(), unknown.clone())).collect();
    let took = all(watcher, "every check to be unknown", &all_unknown);
    eprintln!("an API server was killed: {} checks are unknown after {took:?}", before.len());
    assert_eq!(known("noroshi_check_up"), up);
    assert_eq!(known("noroshi_check_failures_total"), failures);
    world.cluster.start_apiserver();
    let took = all(watcher, "every check to be as it was", &before);
    eprintln!("it was started: all checks are as they were after {took:?}");
    assert_eq!(known("noroshi_check_up"), up);
    // Not even for a moment, while the server did not know yet what it has.
    let of_well = |failures: Vec<(String, f64)>| {
        let is_up = |check: &str| before.get(check).is_some_and(|(state, _)| state == "up");
        let well = failures.into_iter();
        well.filter(|(series, _)| is_up(label(series, "check").unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(of_well(known("noroshi_check_failures_total")), of_well(failures));
}

fn row((series, value): &(&str, f64)) -> (String, f64) {
    ((*series).to_owned(), *value)
}

/// Waits until each of these checks is so.
fn all(watcher: &Watcher, what: &str, wanted: &BTreeMap<String, Standing>) -> Duration {
    until_seen(what, || {
        let standings = watcher.standings();
        let others = wanted.iter().filter(|(check, wanted)| standings.get(*check) != Some(wanted));
        let others: Vec<_> = others.map(|(check, _)| (check, standings.get(check))).collect();
        if others.is_empty() { Ok(()) } else { Err(format!("{others:?}")) }
    })
}

/// What becomes of some of the pods with these labels.
fn turn(world: &World, selector: &str, which: std::ops::Range<usize>, fate: &str) {
    let pods = world.cluster.get(&format!("pods --sort-by=.metadata.name --selector {selector}"));
    let pods: &[Value] = pods["items"].as_array().unwrap();
    for pod in &pods[which] {
        kubelet::turn(&world.cluster, pod, fate);
    }
}

/// The cron job that sleeps was scheduled once, and succeeded then.
fn scheduled(world: &World, success: &str) {
    let status =
        json!({ "lastScheduleTime": "2026-01-02T03:04:00Z", "lastSuccessfulTime": success });
    world.report("cronjob/asleep --namespace batch", &status);
}

fn volume(world: &World) {
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "crate" },
        "spec": {
            "capacity": { "storage": "2Ti" }, "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "storageClassName": "late", "nfs": { "server": "192.0.2.1", "path": "/" },
            "claimRef": { "namespace": "shop", "name": "hopeless" },
        },
    });
    world.cluster.create("crate", &volume, "").unwrap();
    // The binder looks at claims four times a minute, and at one that changes at once.
    world
        .kubectl("annotate persistentvolumeclaim/hopeless example.com/look=again --namespace shop");
    let bound = "--for=jsonpath={.status.phase}=Bound";
    world.wait(&format!("{bound} persistentvolumeclaim/hopeless --namespace shop"));
}
