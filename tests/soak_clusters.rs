//! `noroshi kube-state-metrics` for minutes on an API server that gives it no rest: a hundred changes a second, pods that come and
//! go, versions that are gone and connections that are cut at any time. No scrape may miss a pod that was there all the
//! time, none may show one that is gone for good, and memory has to hold.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test says what went wrong by panicking, and tells what it has seen"
)]

mod support;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use support::{
    daemon::{Answer, Daemon, noroshi},
    kube_api::{Failure, KubeApi, Wrong, pods},
};

/// Pods that are always there, and those that come and go.
const PODS: usize = 2_000;
const GUESTS: usize = 200;

/// What is watched.
const RESOURCES: u64 = 3;

/// Between two changes: a hundred a second.
const CHANGE: Duration = Duration::from_millis(10);

/// Between two scrapes.
const SCRAPE: Duration = Duration::from_secs(1);

/// By how much memory may grow from the first part to the last, in bytes.
const GROWTH: f64 = 3e6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as many seconds as NOROSHI_SOAK says"]
async fn soak() {
    let seconds = std::env::var("NOROSHI_SOAK").ok().and_then(|text| text.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(60));
    let api = KubeApi::start().await;
    api.put_pods(PODS + GUESTS);
    let mut command = noroshi(&[
        "kube-state-metrics",
        &format!("--apiserver={}", api.url()),
        "--resources=pods,nodes,deployments", // as many as RESOURCES
        "--host=127.0.0.1",
        "--port=0",
        "--telemetry-host=127.0.0.1",
        "--telemetry-port=0",
    ]);
    let daemon = Daemon::spawn(&mut command);
    let pid = daemon.pid();
    let resident: BTreeSet<String> = (0..PODS).map(|at| pods::key(at).1).collect();
    while daemon.get("/readyz").status != 200 {
        tokio::time::sleep(CHANGE).await;
    }

    let begun = Instant::now();
    let (mut changes, mut troubles, mut scrapes) = (0_usize, 0, 0);
    let mut memory = Vec::new();
    let mut next_scrape = begun;
    let mut next_trouble = begun + Duration::from_secs(1);
    while begun.elapsed() < whole {
        change(&api, changes);
        changes += 1;
        if Instant::now() >= next_trouble {
            trouble(&api, troubles);
            troubles += 1;
            next_trouble += Duration::from_millis(fastrand::u64(200..3_000));
        }
        if Instant::now() >= next_scrape {
            let shown = shown(&daemon.get("/metrics"));
            let missed: Vec<_> = resident.difference(&shown).take(3).collect();
            assert!(
                missed.is_empty(),
                "scrape {scrapes} after {:?} misses {missed:?}",
                begun.elapsed()
            );
            memory.push(resident_memory(pid));
            scrapes += 1;
            next_scrape += SCRAPE;
        }
        tokio::time::sleep(CHANGE).await;
    }

    api.fail_no_more();
    for at in PODS..PODS + GUESTS {
        let (namespace, name) = pods::key(at);
        api.delete("pods", &namespace, &name);
    }
    let calm = Instant::now();
    while shown(&daemon.get("/metrics")) != resident {
        assert!(calm.elapsed() < Duration::from_mins(1), "pods that are gone are still shown");
        tokio::time::sleep(SCRAPE).await;
    }
    let asked: u64 =
        api.counts().iter().filter(|((verb, _), _)| verb == "watch").map(|(_, times)| times).sum();
    // Of each resource: after each trouble a list and a watch, and the two that end at once.
    let most = (troubles as u64 + 1) * RESOURCES * 4;
    assert!(asked <= most, "{asked} watches after {troubles} troubles");
    let part = (memory.len() / 4).max(1);
    let first = median(&memory[part.min(memory.len() - 1)..(part * 2).min(memory.len())]);
    let last = median(&memory[memory.len() - part..]);
    println!(
        "{changes} changes, {troubles} troubles, {asked} watches, {scrapes} scrapes without a pod missing; memory {:.1} MB at first, {:.1} MB at last",
        first / 1e6,
        last / 1e6
    );
    assert!(last <= first + GROWTH, "memory grew from {first} to {last} bytes: {memory:?}");
    assert!(!daemon.log().contains("panic"), "{}", daemon.log());
}

/// A resident changes, and now and then a guest goes or comes.
fn change(api: &KubeApi, nth: usize) {
    let (namespace, name) = pods::key(nth * 7 % PODS);
    api.touch("pods", &namespace, &name);
    if nth.is_multiple_of(5) {
        let at = PODS + fastrand::usize(..GUESTS);
        let (namespace, name) = pods::key(at);
        if !api.delete("pods", &namespace, &name) {
            api.put_generated("pods", (at..at + 1, PODS + GUESTS), pods::key, pods::pod);
        }
    }
}

fn trouble(api: &KubeApi, nth: usize) {
    match nth % 5 {
        0 => api.expire(),
        1 => api.cut(),
        2 => {
            api.expire();
            api.cut();
        }
        3 => api.end_watches(None),
        // Whoever asks again at once is answered by nothing at all.
        _ => {
            let (verb, wrong) = (Some("watch".to_owned()), Wrong::Text(200, String::new()));
            // Pauses grow while they are met: they must not become more and more.
            api.fail_no_more();
            api.fail(Failure { verb, path: "pods".to_owned(), wrong, times: Some(2) });
            api.end_watches(None);
        }
    }
}

/// The names of the pods of a scrape.
fn shown(scrape: &Answer) -> BTreeSet<String> {
    assert_eq!(scrape.status, 200);
    let rows = scrape.body.lines().filter(|line| line.starts_with("kube_pod_info{"));
    let names = rows.filter_map(|line| line.split("pod=\"").nth(1)?.split('"').next());
    names.map(str::to_owned).collect()
}

/// Memory a process holds, in bytes.
fn resident_memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
