use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tracing::{debug, error, warn};

use super::{queue::Queue, spec::Alertmanager, wire::Posted};
use crate::{
    clock::{self, Instant},
    model::PushAlert,
    net::web::client::{self, Request, Target},
    notify::{answer, crash, json, masked::Masked, runtime::Parts, setback::Setback},
};

/// Alerts in one request, as Prometheus has it.
const BATCH: usize = 256;

/// Sends what is in the queue, batch by batch, until it is closed. A crash costs a second, and a batch, which the next
/// resend brings again.
pub(super) async fn run(spec: Arc<Alertmanager>, queue: Arc<Queue>, parts: Parts) {
    while let Err(panic) = AssertUnwindSafe(work(&spec, &queue, &parts)).catch_unwind().await {
        let words = crash::words(&*panic);
        error!(alertmanager = %spec.name, words, "pushing alerts crashed and goes on");
        clock::sleep(crash::PAUSE).await;
    }
    queue.counters().gone();
}

async fn work(spec: &Alertmanager, queue: &Queue, parts: &Parts) {
    let mut was_down = false;
    while let Some(batch) = queue.next(BATCH).await {
        let begun = Instant::now();
        let sent = send(spec, &batch, parts).await;
        queue.counters().sent(batch.len(), begun.elapsed(), sent.is_ok());
        // Once per outage: the metric tells the rest.
        match &sent {
            Err(setback) if !was_down => {
                let detail = &setback.failure().detail;
                warn!(alertmanager = %spec.name, %detail, "alerts could not be pushed");
            }
            Ok(()) if was_down => debug!(alertmanager = %spec.name, "alerts are pushed again"),
            _ => {}
        }
        was_down = sent.is_err();
    }
}

async fn send(spec: &Alertmanager, batch: &[PushAlert], parts: &Parts) -> Result<(), Setback> {
    let mut target = Target { url: spec.url.url().clone(), userinfo: None };
    let path = format!("{}/api/v2/alerts", target.url.path().trim_end_matches('/'));
    target.url.set_path(&path);
    let posted: Vec<_> = batch.iter().map(Posted).collect();
    let body = json::lines(&posted)
        .map_err(|error| Setback::refused(crate::model::SendReason::Other, error.to_string()))?;
    let deadline = Instant::now() + spec.timeout.0;
    let request = Request::post_json(&target, body);
    let answer = client::send(&parts.net, deadline, &spec.http, request).await?;
    answer::judge(&answer, &Masked::default(), parts.clock.now())
}
