//! What is posted.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Different names and clusters: groups are their product.
const NAMES: usize = 50;
const CLUSTERS: usize = 20;

/// Alerts like those of a large cluster: about 800 bytes of JSON each.
pub(super) struct Alerts {
    pub(super) count: usize,
}

impl Alerts {
    pub(super) const fn new(count: usize) -> Self {
        Self { count }
    }

    /// Bodies of so many alerts, made before anything is timed.
    pub(super) fn batches(&self, size: usize) -> Vec<Bytes> {
        let numbers: Vec<usize> = (0..self.count).collect();
        numbers
            .chunks(size)
            .map(|chunk| {
                Bytes::from(json!(chunk.iter().map(|n| alert(*n)).collect::<Vec<_>>()).to_string())
            })
            .collect()
    }
}

fn alert(number: usize) -> Value {
    let (name, cluster) = (number % NAMES, number / NAMES % CLUSTERS);
    json!({
        "labels": {
            "alertname": format!("PodIsNotReadyForSomeTime{name}"),
            "cluster": format!("production-eu-central-{cluster}"),
            "namespace": format!("team-{}", number % 37),
            "pod": format!("backend-7c9d8f6b5-{number:06}"),
            "container": "application",
            "job": "kube-state-metrics",
            "instance": format!("10.0.{}.{}:8080", number / 250 % 250, number % 250),
            "severity": if number.is_multiple_of(3) { "critical" } else { "warning" },
        },
        "annotations": {
            "summary": format!("The pod backend-7c9d8f6b5-{number:06} has not been ready for a quarter of an hour."),
            "description": "The pod does not pass its readiness probe, so no traffic is sent to it. Look at its log and at \
                            the events of its namespace; a dependency that is not there is the usual cause.",
            "runbook_url": format!("https://runbooks.example.org/kubernetes/PodIsNotReadyForSomeTime{name}"),
        },
        "startsAt": "2026-01-01T00:00:00.123Z",
        "endsAt": Timestamp::now() + SignedDuration::from_hours(6),
        "generatorURL": format!("http://prometheus.example.org:9090/graph?g0.expr=kube_pod_status_ready&g0.tab={number}"),
    })
}

/// A post of one alert that is a group of its own.
pub(super) fn single(number: usize) -> Bytes {
    let alert = json!([{ "labels": { "alertname": format!("Single{number}"), "cluster": "one" } }]);
    alert.to_string().into()
}

/// By regular expression, so that no index helps; of pods that are not there.
pub(super) fn silence(number: usize) -> Bytes {
    let now = Timestamp::now();
    let silence = json!({
        "matchers": [
            { "name": "pod", "value": format!("frontend-{number}-.*x"), "isRegex": true },
            { "name": "severity", "value": "critical|warning", "isRegex": true },
        ],
        "startsAt": now,
        "endsAt": now + SignedDuration::from_hours(6),
        "createdBy": "bench",
        "comment": "bench",
    });
    silence.to_string().into()
}

/// Each inhibits the warnings of one name by its critical ones.
pub(super) fn rules(count: usize) -> String {
    (0..count).fold("inhibit_rules:\n".to_owned(), |mut text, number| {
        let _ = write!(
            text,
            "- source_matchers: [severity=\"critical\", alertname=\"PodIsNotReadyForSomeTime{number}\"]\n  \
             target_matchers: [severity=\"warning\"]\n  equal: [cluster, namespace]\n"
        );
        text
    })
}
