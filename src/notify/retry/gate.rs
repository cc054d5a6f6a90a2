use std::time::Duration;

use super::{breaker::Breaker, bucket::Bucket};
use crate::{
    clock::Instant,
    notify::spec::{Limits, Rate},
};

/// When an integration may be spoken to.
#[derive(Debug)]
pub(in crate::notify) struct Gate {
    bucket: Option<Bucket>,
    breaker: Breaker,
    /// It asked to be left alone until then.
    asked: Option<Instant>,
}

/// How an attempt ended, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notify) enum Ended {
    /// The other side is well: it took it, or refused just this.
    Well,
    /// It is not.
    Failed,
    /// It is well, but wants to be left alone for a while.
    Busy(Duration),
}

impl Gate {
    /// `own` is what the provider permits where the receiver's limits say nothing.
    pub(in crate::notify) fn new(limits: &Limits, own: Option<Rate>, now: Instant) -> Self {
        Self {
            bucket: limits.rate.or(own).map(|rate| Bucket::new(rate, now)),
            breaker: Breaker::new(limits.breaker_failures, limits.breaker_pause.0),
            asked: None,
        }
    }

    /// When an attempt may begin; `None` until one that is on its way has ended.
    pub(in crate::notify) fn ready_at(&self, now: Instant) -> Option<Instant> {
        let ready = self.breaker.ready_at(now)?.max(self.asked.unwrap_or(now));
        Some(self.bucket.as_ref().map_or(ready, |bucket| bucket.ready_at(now).max(ready)))
    }

    /// An attempt begins.
    pub(in crate::notify) fn begin(&mut self, now: Instant) {
        self.breaker.begun();
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now);
        }
    }

    /// An attempt ended.
    pub(in crate::notify) fn end(&mut self, ended: Ended, now: Instant) {
        match ended {
            Ended::Well => self.breaker.worked(),
            Ended::Failed => self.breaker.failed(now),
            Ended::Busy(pause) => {
                self.breaker.undecided();
                self.asked = Some((now + pause).max(self.asked.unwrap_or(now)));
            }
        }
    }

    /// Whether the circuit breaker is open.
    pub(in crate::notify) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }
}
