//! What comes of an attempt: a report, a place in the lane, a word to the gate.

use std::{collections::HashSet, time::Duration};

use tokio::task::{Id, JoinError};
use tracing::{debug, warn};

use super::{Attempted, Flight, Worker};
use crate::{
    clock::{self, Instant},
    model::{Delivery, DeliveryResult, SendFailure, SendReason},
    notify::{
        crash,
        metrics::Counted,
        retry::{Ended, Pending, backoff},
        setback::{Setback, failure},
    },
};

impl Worker {
    /// An attempt ended, by itself, by a panic, or because it was cut.
    pub(super) async fn ended(&mut self, ended: Result<(Id, Attempted), JoinError>) {
        let (id, attempted) = match ended {
            Ok((id, attempted)) => (id, Ok(attempted)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(Flight { pending, begun }) = self.flying.remove(&id) else {
            return;
        };
        let attempted = attempted.unwrap_or_else(|error| unfinished(error, begun));
        let now = Instant::now();
        let pending = Pending { attempts: pending.attempts.saturating_add(1), ..pending };
        let result = match attempted.result {
            Ok(handle) => {
                self.gate(Ended::Well, now);
                DeliveryResult::Delivered(handle)
            }
            Err(Setback::Refused(failure)) => {
                self.gate(Ended::Well, now);
                DeliveryResult::Dead(failure)
            }
            Err(Setback::Retry { failure, after }) => self.again(&pending, failure, after, now),
        };
        self.report(pending, attempted.took, result).await;
    }

    /// After a crash of the worker itself: what it had begun, and then knew nothing more of, is tried again.
    pub(super) async fn recover(&mut self) {
        let now = Instant::now();
        let on_their_way: HashSet<u64> =
            self.flying.values().map(|flight| flight.pending.notice.id).collect();
        for pending in self.lanes.lost(|id| on_their_way.contains(&id)) {
            let pending = Pending { attempts: pending.attempts.saturating_add(1), ..pending };
            let failure = failure(SendReason::Other, None, "internal_panic: noroshi crashed at it");
            let result = self.again(&pending, failure, None, now);
            self.report(pending, Duration::ZERO, result).await;
        }
    }

    /// A failure that may pass. Whoever says 429 is there and will take it: such a notice is never given up.
    fn again(
        &mut self,
        pending: &Pending,
        failure: SendFailure,
        after: Option<Duration>,
        now: Instant,
    ) -> DeliveryResult {
        let age = clock::between(pending.notice.at, self.parts.clock.now());
        let limit = self.duty.limits.give_up_after.0;
        // A server that is down may ask for more patience than there is: one more try is made before it is given up.
        let after = match failure.reason {
            SendReason::RateLimited => after,
            _ => after.map(|after| after.min(limit.saturating_sub(age))),
        };
        let wait = backoff(pending.attempts, fastrand::f64()).max(after.unwrap_or_default());
        let is_busy = failure.reason == SendReason::RateLimited || after.is_some();
        let ended = if is_busy { Ended::Busy(wait) } else { Ended::Failed };
        let stopped = failure.reason == SendReason::Cancelled;
        if !stopped {
            self.gate(ended, now);
        }
        let given_up = age + wait > limit;
        if given_up && failure.reason != SendReason::RateLimited && !stopped {
            return DeliveryResult::Dead(failure);
        }
        self.lanes.back(Pending { due: now + wait, ..pending.clone() });
        let wait = jiff::SignedDuration::try_from(wait).unwrap_or_default();
        let next_at = self.parts.clock.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
        DeliveryResult::Retry { failure, next_at }
    }

    /// Tells the gate, and the metric how that stands now.
    fn gate(&mut self, ended: Ended, now: Instant) {
        self.gate.end(ended, now);
        self.metrics().breaker(&self.place, self.gate.is_open());
    }

    /// Counts, logs, and tells `alert`, which may take its time: then this lane waits, and no other.
    async fn report(&mut self, pending: Pending, took: Duration, result: DeliveryResult) {
        let Pending { notice, attempts, .. } = pending;
        let is_over = !matches!(result, DeliveryResult::Retry { .. });
        let at = self.parts.clock.now();
        let (lane, kind) = (&notice.lane, &*notice.lane.kind);
        let counted = match &result {
            DeliveryResult::Delivered(_) => {
                debug!(receiver = %lane.receiver, provider = kind, attempts, "notice delivered");
                Counted::Delivered(clock::between(notice.since, at))
            }
            DeliveryResult::Retry { failure, .. } => {
                debug!(receiver = %lane.receiver, provider = kind, attempts,
                    reason = failure.reason.word(), detail = %failure.detail, "attempt at a notice failed");
                Counted::Again(failure.reason)
            }
            DeliveryResult::Dead(failure) => {
                warn!(receiver = %lane.receiver, provider = kind, attempts, group = %lane.group,
                    reason = failure.reason.word(), detail = %failure.detail, "notice not delivered, given up");
                Counted::Dead(failure.reason)
            }
        };
        self.metrics().attempt(lane, kind, took, &counted);
        let delivery = Delivery {
            notice: notice.id,
            lane: notice.lane.clone(),
            at,
            seconds: took.as_secs_f64(),
            attempt: attempts,
            result,
        };
        // Whoever takes these ends after us; without them there is nobody to tell.
        let _ = self.parts.deliveries.send(delivery).await;
        // Not before it is told: a crash between the two would leave its group waiting for ever.
        if is_over {
            self.lanes.over(&notice);
        }
    }
}

/// What became of an attempt that did not come to an end of its own.
fn unfinished(error: JoinError, begun: Instant) -> Attempted {
    let setback = if error.is_cancelled() {
        Setback::retry(SendReason::Cancelled, "noroshi stopped before it was over")
    } else {
        let panic = error.try_into_panic().ok();
        let words = panic.as_deref().map_or("no words", crash::words);
        let detail = format!("internal_panic: the provider crashed: {words}");
        Setback::retry(SendReason::Other, detail)
    };
    Attempted { result: Err(setback), took: begun.elapsed() }
}
