//! Who is due when. The only spawner of scheduled runs.
//!
//! Contract: each check runs at its slots (epoch-aligned, moved by a stable jitter), never twice at once; at most
//! `concurrency` runs at a time and `per_host` against one host; a slot that passes without a run is counted, not
//! made up for. What a run does is the business of the [`Runner`] that is handed in.

mod admission;
mod metrics;
mod slot;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, Id, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    clock::{self, Clock, Instant},
    model::{CheckId, Observation, Outcome, Pace},
    probe::spec::{Change, Check},
};
use admission::Admission;
pub use admission::Limits;
pub use metrics::Metrics;
use slot::Nanos;

/// Runs a check once, within its own deadline.
pub type Runner = Arc<dyn Fn(Check) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// The longest sleep, so that a jump of the system's clock is noticed soon.
const LOOK: Duration = Duration::from_secs(1);

/// A difference between the two clocks that is a jump and not a slow machine.
const JUMP: Duration = Duration::from_secs(5);

/// What the schedule is wired to.
pub struct Inputs {
    /// Checks that come, change and go.
    pub changes: mpsc::Receiver<Vec<Change>>,
    /// Which checks are in trouble.
    pub paces: mpsc::Receiver<Pace>,
    /// How much may run at once.
    pub limits: watch::Receiver<Limits>,
}

/// All checks and when each is due.
pub struct Schedule {
    clock: Clock,
    runner: Runner,
    admission: Admission,
    metrics: Metrics,
    planned: HashMap<CheckId, Planned>,
    queue: BinaryHeap<Reverse<Due>>,
    /// The latest plan's number; an entry of the queue with an older one than its check's is void.
    plans: u64,
    runs: JoinSet<()>,
    running: HashMap<Id, CheckId>,
    seen: (Instant, Nanos),
}

struct Planned {
    check: Check,
    plan: u64,
    due: Nanos,
    troubled: bool,
    run: Option<AbortHandle>,
    missed: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Nanos,
    plan: u64,
    id: CheckId,
}

impl Schedule {
    /// Nothing is due yet.
    pub fn new(clock: Clock, runner: Runner, metrics: Metrics) -> Self {
        Self {
            clock,
            runner,
            admission: Admission::new(Limits::default(), metrics.clone()),
            metrics,
            planned: HashMap::new(),
            queue: BinaryHeap::new(),
            plans: 0,
            runs: JoinSet::new(),
            running: HashMap::new(),
            seen: (Instant::now(), slot::nanos(clock.now())),
        }
    }

    /// Works until `stop`; then admits nothing more, and waits up to `grace` for the runs in flight.
    ///
    /// Waits for changes (few), paces (one per change of state), ended runs, and the next slot.
    pub async fn run(
        mut self,
        mut inputs: Inputs,
        observations: mpsc::Sender<Observation>,
        stop: CancellationToken,
        grace: Duration,
    ) {
        inputs.limits.mark_changed();
        loop {
            let wake = self.next_wake();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Ok(()) = inputs.limits.changed() => {
                    self.admission.limit(*inputs.limits.borrow_and_update());
                }
                Some(changes) = inputs.changes.recv() => self.apply(changes),
                Some(pace) = inputs.paces.recv() => self.repace(&pace),
                Some(ended) = self.runs.join_next_with_id() => self.ended(ended),
                () = clock::sleep_until(wake) => self.tick(&observations),
            }
        }
        self.drain(inputs, grace).await;
    }

    async fn drain(mut self, mut inputs: Inputs, grace: Duration) {
        let deadline = Instant::now() + grace;
        loop {
            tokio::select! {
                ended = self.runs.join_next() => if ended.is_none() { return },
                // The state still tells paces; left unread they would block it.
                Some(_) = inputs.paces.recv() => {}
                () = clock::sleep_until(deadline) => break,
            }
        }
        info!(runs = self.runs.len(), "runs in flight are cut");
        self.runs.shutdown().await;
    }

    fn apply(&mut self, changes: Vec<Change>) {
        let now = self.now();
        for change in changes {
            match change {
                Change::Set(check) => self.set(check, now),
                Change::Removed(id) => {
                    if let Some(run) = self.planned.remove(&id).and_then(|planned| planned.run) {
                        run.abort();
                    }
                }
            }
        }
        self.admission.forget_unused();
    }

    fn set(&mut self, check: Check, now: Nanos) {
        let id = check.settings.id.clone();
        let old = self.planned.remove(&id);
        // What the old check measures is not what the new one asks for.
        let troubled = old.as_ref().is_some_and(|old| old.troubled);
        let missed = old.as_ref().map_or(0, |old| old.missed);
        if let Some(run) = old.and_then(|old| old.run) {
            run.abort();
        }
        // Who watches its cluster judges it.
        if check.spec.is_watched() {
            return;
        }
        let planned = Planned { check, plan: 0, due: 0, troubled, run: None, missed };
        self.planned.insert(id.clone(), planned);
        self.plan(&id, now);
    }

    fn repace(&mut self, pace: &Pace) {
        let now = self.now();
        let Some(planned) = self.planned.get_mut(&pace.id) else { return };
        planned.troubled = pace.troubled;
        if planned.check.settings.retry_interval.is_some() {
            self.plan(&pace.id, now);
        }
    }

    /// Puts the check's next slot into the queue and voids the one that was there.
    fn plan(&mut self, id: &CheckId, now: Nanos) {
        let Some(planned) = self.planned.get_mut(id) else { return };
        self.plans += 1;
        planned.plan = self.plans;
        let interval = planned.interval();
        planned.due = slot::next(now, interval, slot::jitter(id.as_str(), interval));
        self.queue.push(Reverse(Due { at: planned.due, plan: planned.plan, id: id.clone() }));
    }

    fn next_wake(&self) -> Instant {
        let now = self.now();
        let wait = self.queue.peek().map_or(LOOK, |Reverse(due)| {
            Duration::from_nanos(due.at.saturating_sub(now)).min(LOOK)
        });
        Instant::now() + wait
    }

    /// Starts everything that is due.
    fn tick(&mut self, observations: &mpsc::Sender<Observation>) {
        let now = self.now();
        if self.jumped(now) {
            self.metrics.replanned.inc();
            info!("the system's clock jumped: all slots are planned anew");
            let ids: Vec<CheckId> = self.planned.keys().cloned().collect();
            self.queue.clear();
            for id in ids {
                self.plan(&id, now);
            }
            return;
        }
        while self.queue.peek().is_some_and(|Reverse(due)| due.at <= now) {
            let Some(Reverse(due)) = self.queue.pop() else { return };
            self.start(&due, now, observations);
        }
    }

    fn start(&mut self, due: &Due, now: Nanos, observations: &mpsc::Sender<Observation>) {
        let Some(planned) = self.planned.get_mut(&due.id).filter(|own| own.plan == due.plan) else {
            return;
        };
        let mut missed = slot::passed(due.at, now, planned.interval());
        if planned.run.is_some() {
            missed += 1;
        }
        planned.missed += missed;
        self.metrics.missed.inc_by(missed);
        if planned.run.is_none() {
            let missed = std::mem::take(&mut planned.missed);
            let run = self.admission.admit(&planned.check.settings.host, due.at, self.clock);
            let (check, runner) = (planned.check.clone(), Arc::clone(&self.runner));
            let (observations, clock) = (observations.clone(), self.clock);
            let handle = self.runs.spawn(async move {
                let permit = run.await;
                let (id, kind) = (check.settings.id.clone(), check.settings.kind);
                let outcome = runner(check).await;
                drop(permit);
                // The state is gone only while everything stops.
                let ended = Observation { id, kind, at: clock.now(), outcome, missed };
                let _ = observations.send(ended).await;
            });
            self.running.insert(handle.id(), due.id.clone());
            planned.run = Some(handle);
        }
        self.plan(&due.id, now);
    }

    fn ended(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some(check) = self.running.remove(&id) else { return };
        if let Err(error) = ended
            && error.is_panic()
        {
            // The runner contains the probe's panics, so this one is the schedule's own.
            error!(check = %check, "a scheduled run crashed outside its probe");
        }
        // A changed check may already have a run of its own.
        if let Some(planned) = self.planned.get_mut(&check)
            && planned.run.as_ref().is_some_and(|run| run.id() == id)
        {
            planned.run = None;
        }
    }

    /// Whether the calendar and the steady clock have gone different ways since the last look.
    fn jumped(&mut self, now: Nanos) -> bool {
        let (instant, calendar) = self.seen;
        let steady = u64::try_from(instant.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.seen = (Instant::now(), now);
        let shown = now.saturating_sub(calendar);
        shown.abs_diff(steady) > u64::try_from(JUMP.as_nanos()).unwrap_or(u64::MAX)
            || now < calendar.saturating_sub(steady)
    }

    fn now(&self) -> Nanos {
        slot::nanos(self.clock.now())
    }
}

impl Planned {
    fn interval(&self) -> Duration {
        let settings = &self.check.settings;
        settings.retry_interval.filter(|_| self.troubled).unwrap_or(settings.interval)
    }
}

#[cfg(test)]
mod tests;
