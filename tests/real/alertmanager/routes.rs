//! Random trees and random alerts: both programs make the same groups for the same receivers.

use std::fmt::Write as _;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::peers::Side;
use crate::server::wait_until;

/// Trees, and alerts sent to each.
const TREES: u64 = 40;
const ALERTS: usize = 40;

const NAMES: [&str; 4] = ["alertname", "severity", "team", "zone"];
const VALUES: [&str; 5] = ["a", "b", "ab", "critical", ""];
const RECEIVERS: [&str; 4] = ["one", "two", "three", "four"];

#[test]
fn random_trees_make_the_same_groups() {
    let first = config(&mut Rng::with_seed(0));
    let Some(theirs) = Side::Theirs.start(&first, &[]) else { return };
    let Some(ours) = Side::Ours.start(&first, &[]) else { return };
    for seed in 0..TREES {
        let mut rng = Rng::with_seed(seed);
        let config = config(&mut rng);
        let alerts = alerts(&mut rng, seed);
        let [wanted, got] = [&theirs, &ours].map(|peer| {
            peer.reload(&config);
            let answer = peer.daemon.post("/api/v2/alerts", &alerts).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.body);
            let all = alerts.as_array().unwrap().len();
            let mut before = Vec::new();
            wait_until("all alerts in their groups", || {
                let own = format!("/api/v2/alerts/groups?filter=seed%3D%22{seed}%22");
                let groups: Vec<Value> = serde_json::from_str(&peer.daemon.get(&own).body).ok()?;
                let mut there: Vec<String> = groups.iter().flat_map(fingerprints).collect();
                there.sort();
                there.dedup();
                // An alert may be on its way into the second of its groups.
                let shapes = shapes(&groups);
                let still = std::mem::replace(&mut before, shapes.clone()) == shapes;
                (there.len() == all && still).then_some(shapes)
            })
        });
        assert_eq!(got, wanted, "seed {seed}:\n{config}\n{alerts:#}");
        let path = format!("/api/v2/alerts?filter=seed%3D%22{seed}%22");
        let [wanted, got] = [&theirs, &ours].map(|peer| {
            let alerts: Vec<Value> = serde_json::from_str(&peer.daemon.get(&path).body).unwrap();
            alerts.iter().map(receivers).collect::<Vec<_>>()
        });
        assert_eq!(got, wanted, "seed {seed}:\n{config}");
    }
}

/// In one order: the peer has none for groups of equal labels.
fn shapes(groups: &[Value]) -> Vec<Value> {
    let mut shapes: Vec<Value> = groups.iter().map(shape).collect();
    shapes.sort_by_key(Value::to_string);
    shapes
}

/// Labels, receiver and alerts of a group.
fn shape(group: &Value) -> Value {
    json!([group["labels"], group["receiver"]["name"], fingerprints(group)])
}

fn fingerprints(group: &Value) -> Vec<String> {
    let alerts = group["alerts"].as_array().unwrap();
    alerts.iter().map(|alert| alert["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// Who an alert is for, in no order: the peer has none either.
fn receivers(alert: &Value) -> Value {
    let mut names: Vec<&str> = alert["receivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receiver| receiver["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    json!([alert["fingerprint"], names])
}

fn alerts(rng: &mut Rng, seed: u64) -> Value {
    let ends_at = Timestamp::now() + SignedDuration::from_hours(1);
    let alert = |number: usize, rng: &mut Rng| {
        let mut labels = serde_json::Map::new();
        labels.insert("seed".into(), json!(seed.to_string()));
        labels.insert("number".into(), json!(number.to_string()));
        for name in NAMES {
            if rng.u8(0..4) > 0 {
                labels.insert(name.into(), json!(rng.choice(VALUES).unwrap()));
            }
        }
        json!({ "labels": labels, "endsAt": ends_at })
    };
    json!((0..ALERTS).map(|number| alert(number, rng)).collect::<Vec<_>>())
}

fn config(rng: &mut Rng) -> String {
    let mut text = String::from("route:\n  receiver: one\n  group_wait: 1h\n");
    group_by(&mut text, rng, "  ");
    children(&mut text, rng, "  ", 0);
    text.push_str("receivers:\n");
    for receiver in RECEIVERS {
        let _ = writeln!(text, "- name: {receiver}");
    }
    text
}

fn group_by(text: &mut String, rng: &mut Rng, indent: &str) {
    let words = match rng.u8(0..6) {
        0 => "['...']".to_owned(),
        1 => "[]".to_owned(),
        2 => return,
        _ => {
            let names: Vec<&str> = NAMES.into_iter().filter(|_| rng.bool()).collect();
            format!("[{}]", names.join(", "))
        }
    };
    let _ = writeln!(text, "{indent}group_by: {words}");
}

fn children(text: &mut String, rng: &mut Rng, indent: &str, depth: usize) {
    let count = if depth > 3 { 0 } else { rng.usize(0..4) };
    if count == 0 {
        return;
    }
    let _ = writeln!(text, "{indent}routes:");
    for _ in 0..count {
        let inner = format!("{indent}  ");
        let _ = writeln!(text, "{indent}- continue: {}", rng.bool());
        if rng.u8(0..4) > 0 {
            let _ = writeln!(text, "{inner}receiver: {}", rng.choice(RECEIVERS).unwrap());
        }
        conditions(text, rng, &inner);
        group_by(text, rng, &inner);
        children(text, rng, &inner, depth + 1);
    }
}

fn conditions(text: &mut String, rng: &mut Rng, indent: &str) {
    let (name, value) = (*rng.choice(NAMES.iter()).unwrap(), *rng.choice(VALUES.iter()).unwrap());
    let _ = match rng.u8(0..4) {
        0 => writeln!(text, "{indent}match: {{ {name}: \"{value}\" }}"),
        1 => writeln!(text, "{indent}match_re: {{ {name}: \"{value}|c.*\" }}"),
        _ => {
            let other = *rng.choice(NAMES.iter()).unwrap();
            let op = *rng.choice(["=", "!=", "=~", "!~"].iter()).unwrap();
            writeln!(text, "{indent}matchers: ['{name}{op}\"{value}\"', '{other}!=\"zz\"']")
        }
    };
}
