//! One integration's worker: takes its notices, tries them when they may be tried, and says what came of it.
//!
//! Contract: an integration shares nothing with its neighbours but the receiver's budget of messages, so that no slow and no
//! sick one holds up another. An attempt has a task of its own, so that neither a slow nor a panicking provider stops
//! anything; what comes of it is reported before the lane goes on. A crash of the worker itself is a failed attempt of what
//! it was at; it goes on. A reload changes the duty under it, and what is on its way ends as it began.

mod attempt;
mod ended;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
};

pub(super) use attempt::{Attempted, Try, attempt, real};

use tracing::error;

use super::{
    crash,
    metrics::{Metrics, Place},
    retry::{Budget, Gate, Lanes, Pending},
    retry_after,
    runtime::{Parts, Words},
    spec::{Integration, Limits},
};
use crate::{
    clock::{self, Instant},
    model::{Notice, Tried, Withdrawn},
};

/// Notices on their way into a worker: a release of one commit may hold one for each of a few hundred groups, and what does
/// not fit stays on disk. So many withdrawals may wait too, for the same reason.
pub(super) const QUEUE: usize = 256;

/// Lanes that a worker holds, each with at most two notices. When there are as many, the queue fills. With the queue an
/// integration holds at most 2 x 1024 + 256 notices in memory, whatever becomes of its neighbours.
const LANES: usize = 1024;

/// Attempts of one integration at a time: enough to hide the latency of a webhook, few enough for a mail server.
const AT_ONCE: usize = 16;

/// What a worker is told besides notices.
pub(super) enum Order {
    /// The configuration changed.
    Change(Duty, Words),
    /// Begin nothing more, and end when what is on its way has ended, at that time at the latest.
    Finish(Instant),
}

/// Where a worker is told something.
pub(super) struct Inbox {
    pub(super) notices: mpsc::Receiver<Arc<Notice>>,
    /// What is not to be sent any more. It has room of its own: a worker that is full must hear of it all the same.
    pub(super) withdrawn: mpsc::Receiver<Withdrawn>,
    pub(super) orders: mpsc::Receiver<Order>,
}

/// Whom a worker tells, and how hard it tries. Cheap to clone.
#[derive(Clone)]
pub(super) struct Duty {
    integration: Integration,
    limits: Limits,
    budget: Option<Budget>,
}

impl Duty {
    /// `shared` is the receiver's budget, if it has one; otherwise it is what the provider permits by itself.
    pub(super) fn new(integration: &Integration, limits: Limits, shared: Option<&Budget>) -> Self {
        let own = || integration.provider.rate().map(|rate| Budget::new(rate, Instant::now()));
        let budget = shared.cloned().or_else(own);
        Self { integration: integration.clone(), limits, budget }
    }

    fn gate(&self) -> Gate {
        Gate::new(&self.limits, self.budget.clone())
    }
}

/// An integration and its undelivered notices.
pub(super) struct Worker {
    place: Place,
    duty: Duty,
    words: Words,
    parts: Parts,
    tries: Try,
    gate: Gate,
    lanes: Lanes,
    attempts: JoinSet<Attempted>,
    flying: HashMap<Id, Flight>,
    finish: Option<Instant>,
}

/// A notice whose attempt is on its way.
struct Flight {
    pending: Pending,
    begun: Instant,
}

impl Worker {
    /// `tries` makes an attempt; all but tests take [`real`].
    pub(super) fn new(place: Place, duty: Duty, words: Words, parts: Parts, tries: Try) -> Self {
        parts.metrics.born(&place);
        let (gate, lanes) = (duty.gate(), Lanes::default());
        let (attempts, flying) = (JoinSet::new(), HashMap::new());
        Self { place, duty, words, parts, tries, gate, lanes, attempts, flying, finish: None }
    }

    /// Works until it is told to finish, or until nobody can tell it anything any more. A crash costs a second.
    pub(super) async fn run(mut self, mut inbox: Inbox) {
        let mut crashed = false;
        while let Err(panic) = AssertUnwindSafe(self.work(&mut inbox, crashed)).catch_unwind().await
        {
            let (place, words) = (&self.place, crash::words(&*panic));
            error!(%place, words, "delivery to a receiver crashed and goes on");
            crashed = true;
            clock::sleep(crash::PAUSE).await;
        }
        self.metrics().gone(&self.place);
    }

    async fn work(&mut self, inbox: &mut Inbox, crashed: bool) {
        if crashed {
            self.recover().await;
        }
        loop {
            let now = Instant::now();
            if self.finish.is_none() {
                self.begin(now);
            } else if self.attempts.is_empty() {
                break;
            }
            self.metrics().waiting(&self.place, self.lanes.waiting());
            let wake = self.wake(now);
            tokio::select! {
                order = inbox.orders.recv() => match order {
                    Some(Order::Change(duty, words)) => self.change(duty, words),
                    Some(Order::Finish(at)) => self.finish = Some(at),
                    None => break,
                },
                Some(ended) = self.attempts.join_next_with_id() => self.ended(ended).await,
                Some(withdrawn) = inbox.withdrawn.recv() => self.lanes.withdraw(&withdrawn),
                Some(notice) = inbox.notices.recv(), if self.has_room() => {
                    let due = now + self.left_alone(&notice);
                    self.lanes.offer(notice, due);
                }
                () = clock::sleep_until(wake.unwrap_or(now)), if wake.is_some() => self.cut(wake),
            }
        }
    }

    /// How long a notice still waits that an earlier process tried.
    fn left_alone(&self, notice: &Notice) -> Duration {
        let left = |tried: Tried| clock::between(self.parts.clock.now(), tried.next_at);
        // As long as anybody may ask for; more only if the calendar was set back.
        notice.tried.map_or(Duration::ZERO, left).min(retry_after::LONGEST)
    }

    fn has_room(&self) -> bool {
        self.finish.is_none() && self.lanes.len() < LANES
    }

    fn metrics(&self) -> &Metrics {
        &self.parts.metrics
    }

    /// Begins every attempt that may begin now.
    fn begin(&mut self, now: Instant) {
        while self.due().is_some_and(|due| due <= now)
            && self.gate.ready_at(now).is_some_and(|ready| ready <= now)
            && let Some(pending) = self.lanes.take(now)
        {
            self.gate.begin();
            let provider = Arc::clone(&self.duty.integration.provider);
            let notice = Arc::clone(&pending.notice);
            let work = (self.tries)(provider, notice, self.words.clone(), self.parts.clone());
            let id = self.attempts.spawn(work).id();
            self.flying.insert(id, Flight { pending, begun: now });
        }
    }

    /// When a notice wants to go for which there is room on the way.
    fn due(&self) -> Option<Instant> {
        if self.flying.len() < AT_ONCE { self.lanes.due() } else { None }
    }

    /// When something may begin, or everything must end.
    fn wake(&mut self, now: Instant) -> Option<Instant> {
        if self.finish.is_some() {
            return self.finish;
        }
        match self.due()? {
            // The gate is asked when it is due.
            due if due > now => Some(due),
            _ => self.gate.ready_at(now),
        }
    }

    /// The time to finish is over: what is still on its way is cut, and comes back as such.
    fn cut(&mut self, wake: Option<Instant>) {
        if self.finish.is_some() && self.finish == wake {
            self.attempts.abort_all();
            // Aborted tasks end at once; there is nothing to wake up for.
            self.finish = Some(Instant::now() + Duration::from_secs(1));
        }
    }

    /// An integration that is as it was keeps its breaker and its place in line.
    fn change(&mut self, duty: Duty, words: Words) {
        self.words = words;
        if self.duty.integration != duty.integration || self.duty.limits != duty.limits {
            self.gate = duty.gate();
            self.metrics().breaker(&self.place, false);
        }
        self.duty = duty;
    }
}
