//! One synthetic alert through a receiver's real providers: `noroshi notify test`.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::alerting;
use crate::{
    clock::Clock,
    config::Alerting,
    model::{Delivery, Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs},
    net::Net,
    notify::{self, Parts, Setup},
};

/// What is told.
pub struct Trial {
    /// Labels of the alert, beside its name.
    pub labels: Pairs,
    /// Whether it is told as resolved.
    pub resolved: bool,
}

/// Tells every integration of a receiver of an alert that is none; one after another, each once.
///
/// # Errors
/// There is no such receiver, or its templates cannot be read.
pub async fn notify_test(
    alerting: &Alerting,
    receiver: &str,
    trial: &Trial,
    clock: Clock,
) -> Result<Vec<Delivery>, String> {
    let known = alerting.receivers.get(receiver);
    let known = known.ok_or_else(|| {
        let names = alerting.receivers.receivers.iter().map(|one| &*one.name);
        let near = crate::model::suggest::did_you_mean(receiver, names);
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        format!("there is no receiver {receiver:?}{near}")
    })?;
    let templates = alerting::templates(alerting).map_err(|refused| refused.to_string())?;
    let setup = Setup { receivers: (*alerting.receivers).clone(), templates: Arc::new(templates) };
    // Nobody reads them: `once` reports nothing.
    let (deliveries, _unread) = mpsc::channel(1);
    let parts = Parts {
        net: Net::new(),
        clock,
        deliveries,
        metrics: notify::Metrics::default(),
        pushes: notify::PushMetrics::default(),
        heartbeats: notify::DeadmanMetrics::default(),
        alive: Arc::new(|| true),
    };
    let mut tried = Vec::new();
    for (kind, integration, _) in known.ways() {
        let lane = Lane {
            group: "{}:{alertname=\"NoroshiTest\"}".into(),
            receiver: Arc::clone(&known.name),
            kind: kind.into(),
            integration,
        };
        let notice = notice(lane, trial, clock);
        tried.push(notify::once(&notice, &setup, &parts).await);
    }
    Ok(tried)
}

fn notice(lane: Lane, trial: &Trial, clock: Clock) -> Notice {
    let now = clock.now();
    let own = [("alertname", "NoroshiTest"), ("severity", "none")];
    let labels = Pairs::new(own.into_iter().chain(trial.labels.iter()));
    let text = "This is a test by `noroshi notify test`: nothing is wrong.";
    let alert = NoticeAlert {
        fingerprint: Fingerprint(labels.fingerprint()),
        annotations: Pairs::new([("summary", "A test of this receiver"), ("description", text)]),
        labels,
        starts_at: now,
        ends_at: trial.resolved.then_some(now),
        generator_url: Arc::from(""),
    };
    let reason = if trial.resolved { NoticeReason::AllResolved } else { NoticeReason::First };
    Notice {
        id: 0,
        idempotency_key: format!("noroshi-test-{}", now.as_nanosecond()).into(),
        lane,
        reason,
        at: now,
        since: now,
        group_labels: Pairs::new([("alertname", "NoroshiTest")]),
        alerts: Arc::from([alert]),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    }
}
