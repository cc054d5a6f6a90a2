//! Events: the last of them as the API server has them, and counted from when noroshi began to watch.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    scrape::label,
    watcher::{Watcher, until_seen},
    world::World,
};

/// How often what has happened: by type, reason, kind, namespace and component.
type Counts = BTreeMap<Vec<String>, f64>;

const LABELS: [&str; 5] = ["event_type", "reason", "kind", "namespace", "component"];

/// What happens there once: a job fails, and a deployment gets a pod. The scheduler tells it in the newer form of events.
const HAPPENED: [[&str; 5]; 4] = [
    ["Warning", "BackoffLimitExceeded", "Job", "batch", "job-controller"],
    ["Normal", "ScalingReplicaSet", "Deployment", "batch", "deployment-controller"],
    ["Normal", "SuccessfulCreate", "ReplicaSet", "batch", "replicaset-controller"],
    ["Normal", "Scheduled", "Pod", "batch", "default-scheduler"],
];

/// What has been counted so far, here and by noroshi.
pub(super) struct Begun {
    stored: Counts,
    counted: Counts,
}

/// Waits until noroshi shows every event that the API server has, and the newest first.
pub(super) fn so_far(world: &World, watcher: &Watcher) -> Begun {
    let mut last = None;
    until_seen("all events to be shown", || {
        let stored = stored(world);
        let counted = counted(watcher);
        let (wanted, shown) = (told_of(&stored), told(&watcher.events()));
        // What happens between the looks would be in one of them alone.
        if wanted == shown && counted == self::counted(watcher) {
            last = Some(Begun { stored: counts(&stored), counted });
            return Ok(());
        }
        Err(difference(&shown, &wanted))
    });
    let times: Vec<String> = watcher.events().iter().map(|event| word(&event["last"])).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    assert!(times.len() > 50, "{} events", times.len());
    eprintln!("{} events are shown as they are stored", times.len());
    last.unwrap()
}

/// Each that has happened since is counted, and no other; the last of them are these.
pub(super) fn since(begun: &Begun, world: &World, watcher: &Watcher) {
    world.kubectl("create deployment pilot --image=pilot:1 --namespace batch");
    let mut now = None;
    until_seen("all events to be counted", || {
        let wanted = more(counts(&stored(world)), &begun.stored);
        let seen = more(counted(watcher), &begun.counted);
        if wanted == seen {
            now = Some(seen);
            return Ok(());
        }
        Err(format!("{seen:#?}\nstored {wanted:#?}"))
    });
    let counted = now.unwrap();
    for row in HAPPENED {
        assert_eq!(counted.get(row.map(str::to_owned).as_slice()), Some(&1.0), "{counted:#?}");
    }
    let times: f64 = counted.values().sum();
    eprintln!("{times} events were counted in {} rows", counted.len());
}

fn stored(world: &World) -> Vec<Value> {
    let mut events = world.cluster.get("events --all-namespaces");
    serde_json::from_value(events["items"].take()).unwrap()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn times(event: &Value) -> u64 {
    let counts = [&event["count"], &event["series"]["count"]];
    counts.into_iter().filter_map(Value::as_u64).max().unwrap_or(1).max(1)
}

fn component(event: &Value) -> String {
    let component = word(&event["source"]["component"]);
    if component.is_empty() { word(&event["reportingComponent"]) } else { component }
}

fn counts(stored: &[Value]) -> Counts {
    let mut counts = Counts::new();
    for event in stored {
        let of = &event["involvedObject"];
        let row = [&event["type"], &event["reason"], &of["kind"], &of["namespace"]];
        let mut row: Vec<_> = row.map(word).into();
        row.push(component(event));
        *counts.entry(row).or_default() += times(event) as f64;
    }
    counts
}

fn counted(watcher: &Watcher) -> Counts {
    let objects = watcher.objects();
    let rows = objects.rows("noroshi_kube_events_total").into_iter();
    let row = |series: &str| LABELS.map(|name| label(series, name).unwrap().to_owned()).into();
    rows.map(|(series, value)| (row(series), value)).collect()
}

/// By how much these are more.
fn more(counts: Counts, before: &Counts) -> Counts {
    let more = |(row, count): (Vec<String>, f64)| {
        let more = count - before.get(&row).copied().unwrap_or_default();
        (row, more)
    };
    counts.into_iter().map(more).filter(|(_, more)| *more != 0.0).collect()
}

/// What is told of each event, in an order that is the same for both.
fn told_of(stored: &[Value]) -> Vec<String> {
    let tell = |event: &Value| {
        let of = &event["involvedObject"];
        let words = [&event["type"], &event["reason"], &of["kind"], &of["namespace"], &of["name"]];
        let words = words.map(word).join(" ");
        format!("{words} {} {} {}", component(event), times(event), word(&event["message"]))
    };
    sorted(stored.iter().map(tell))
}

fn told(shown: &[Value]) -> Vec<String> {
    let tell = |event: &Value| {
        let words = ["type", "reason", "kind", "namespace", "name", "component"];
        let words = words.map(|field| word(&event[field])).join(" ");
        format!("{words} {} {}", event["count"], word(&event["message"]))
    };
    sorted(shown.iter().map(tell))
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}

fn difference(shown: &[String], wanted: &[String]) -> String {
    let only = |these: &[String], others: &[String]| {
        these.iter().filter(|line| !others.contains(line)).cloned().collect::<Vec<_>>()
    };
    format!("shown {:#?}\nstored {:#?}", only(shown, wanted), only(wanted, shown))
}
