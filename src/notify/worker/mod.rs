//! One receiver's worker: takes its notices, tries them when they may be tried, and says what came of it.
//!
//! Contract: an attempt has a task of its own, so that neither a slow nor a panicking provider stops anything; what comes of
//! it is reported before the lane goes on. A crash of the worker itself is a failed attempt of what it was at; it goes on. A reload changes the receiver under it, and what is on its way ends as it began.

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
    metrics::Metrics,
    retry::{Gate, Lanes, Pending, Way},
    retry_after,
    runtime::{Parts, Words},
    spec::Receiver,
};
use crate::{
    clock::{self, Instant},
    model::{Notice, Tried, Withdrawn},
};

/// Notices on their way into a worker: a release of one commit may hold one for each of a few hundred groups, and what does
/// not fit stays on disk. So many withdrawals may wait too, for the same reason.
pub(super) const QUEUE: usize = 256;

/// Lanes that a worker holds, each with at most two notices. When there are as many, the queue fills.
const LANES: usize = 1024;

/// Attempts of one integration at a time: enough to hide the latency of a webhook, few enough for a mail server.
const AT_ONCE: usize = 16;

/// What a worker is told besides notices.
pub(super) enum Order {
    /// The configuration changed.
    Change(Arc<Receiver>, Words),
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

/// A receiver and its undelivered notices.
pub(super) struct Worker {
    receiver: Arc<Receiver>,
    words: Words,
    parts: Parts,
    tries: Try,
    gates: Vec<Gate>,
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
    pub(super) fn new(receiver: Arc<Receiver>, words: Words, parts: Parts, tries: Try) -> Self {
        parts.metrics.born(&receiver);
        let gates = gates(&receiver);
        let (lanes, attempts, flying) = (Lanes::default(), JoinSet::new(), HashMap::new());
        Self { receiver, words, parts, tries, gates, lanes, attempts, flying, finish: None }
    }

    /// Works until it is told to finish, or until nobody can tell it anything any more. A crash costs a second.
    pub(super) async fn run(mut self, mut inbox: Inbox) {
        let mut crashed = false;
        while let Err(panic) = AssertUnwindSafe(self.work(&mut inbox, crashed)).catch_unwind().await
        {
            let (receiver, words) = (&self.receiver.name, crash::words(&*panic));
            error!(%receiver, words, "delivery to a receiver crashed and goes on");
            crashed = true;
            clock::sleep(crash::PAUSE).await;
        }
        self.metrics().gone(&self.receiver);
    }

    async fn work(&mut self, inbox: &mut Inbox, crashed: bool) {
        if crashed {
            self.recover().await;
        }
        loop {
            let now = Instant::now();
            if self.finish.is_none() {
                self.begin(now).await;
            } else if self.attempts.is_empty() {
                break;
            }
            self.metrics().waiting(&self.receiver.name, self.lanes.waiting());
            let wake = self.wake(now);
            tokio::select! {
                order = inbox.orders.recv() => match order {
                    Some(Order::Change(receiver, words)) => self.change(receiver, words),
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
    async fn begin(&mut self, now: Instant) {
        self.refuse_strangers(now).await;
        for ((kind, nth, integration), gate) in self.receiver.ways().zip(&mut self.gates) {
            let way = (kind, nth);
            while on_their_way(&self.flying, way) < AT_ONCE
                && gate.ready_at(now).is_some_and(|ready| ready <= now)
                && let Some(pending) = self.lanes.take(way, now)
            {
                gate.begin(now);
                let provider = Arc::clone(&integration.provider);
                let notice = Arc::clone(&pending.notice);
                let work = (self.tries)(provider, notice, self.words.clone(), self.parts.clone());
                let id = self.attempts.spawn(work).id();
                self.flying.insert(id, Flight { pending, begun: now });
            }
        }
    }

    /// When something may begin, or everything must end.
    fn wake(&self, now: Instant) -> Option<Instant> {
        if self.finish.is_some() {
            return self.finish;
        }
        let each = self.receiver.ways().zip(&self.gates).filter_map(|((kind, nth, _), gate)| {
            let due = self.lanes.due((kind, nth))?;
            let free = on_their_way(&self.flying, (kind, nth)) < AT_ONCE;
            gate.ready_at(now).filter(|_| free).map(|ready| ready.max(due))
        });
        each.min()
    }

    /// The time to finish is over: what is still on its way is cut, and comes back as such.
    fn cut(&mut self, wake: Option<Instant>) {
        if self.finish.is_some() && self.finish == wake {
            self.attempts.abort_all();
            // Aborted tasks end at once; there is nothing to wake up for.
            self.finish = Some(Instant::now() + Duration::from_secs(1));
        }
    }

    /// An integration that is as it was keeps its rate and its breaker.
    fn change(&mut self, receiver: Arc<Receiver>, words: Words) {
        self.words = words;
        if *self.receiver == *receiver {
            return;
        }
        let mut fresh = gates(&receiver);
        let old = std::mem::take(&mut self.gates);
        let same_limits = self.receiver.limits == receiver.limits;
        for (at, gate) in old.into_iter().enumerate() {
            let (before, after) =
                (self.receiver.integrations.get(at), receiver.integrations.get(at));
            if let Some(place) = fresh.get_mut(at).filter(|_| same_limits && before == after) {
                *place = gate;
            }
        }
        self.gates = fresh;
        self.metrics().gone(&self.receiver);
        self.metrics().born(&receiver);
        self.receiver = receiver;
    }
}

fn gates(receiver: &Receiver) -> Vec<Gate> {
    let now = Instant::now();
    let each = receiver.integrations.iter();
    each.map(|one| Gate::new(&receiver.limits, one.provider.rate(), now)).collect()
}

fn on_their_way(flying: &HashMap<Id, Flight>, (kind, nth): Way<'_>) -> usize {
    let same = |flight: &&Flight| {
        let lane = &flight.pending.notice.lane;
        lane.integration == nth && *lane.kind == *kind
    };
    flying.values().filter(same).count()
}
