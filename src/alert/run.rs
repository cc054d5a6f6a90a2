//! The one task that owns the pipeline.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::{Effects, Inbox, Input, Pipeline, Reply, handle::Command};
use crate::{
    clock::{Clock, Instant, between, sleep_until},
    model::{Commit, CommitError, Notice, PushBatch, Withdrawn},
};

/// Hands a notice to its integration's queue, or gives it back where that is full. Never waits.
pub type OfferNotice = Arc<dyn Fn(Arc<Notice>) -> Result<(), Arc<Notice>> + Send + Sync>;

/// Tells a receiver's worker that a notice is not to be sent any more, or says that it has no room for that. Never waits.
pub type OfferWithdrawn = Arc<dyn Fn(&Withdrawn) -> bool + Send + Sync>;

/// Hands a batch to its target's queue, or drops it: the next resend brings it again. Never waits.
pub type OfferPush = Arc<dyn Fn(PushBatch) + Send + Sync>;

/// Where the pipeline's own words go.
#[derive(Clone)]
pub struct Outputs {
    /// To the store.
    pub commits: mpsc::Sender<Commit>,
    /// To `notify`.
    pub notices: OfferNotice,
    /// To `notify`: what is not to be sent any more.
    pub withdrawn: OfferWithdrawn,
    /// To `notify`'s senders of `[alertmanagers.*]`.
    pub pushes: OfferPush,
}

/// A notice that no queue had room for is offered again so often, and whenever a delivery tells that one has.
const OFFER_AGAIN: Duration = Duration::from_secs(1);

/// At most so many are offered again after a delivery, which makes room for one: some are of receivers that have none.
pub(super) const OFFERS: usize = 8;

/// The longest sleep: the calendar may be set, and a deadline then comes earlier than it seemed.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Works until every [`Handle`](super::Handle) is gone, and then every sender of deliveries.
///
/// Waits for deliveries (few), commands (each answered when it is on disk), its own deadlines, and notices to be offered
/// again. It waits for the store to take a commit, which is how a slow disk slows down whoever posts.
pub async fn run(
    mut pipeline: Pipeline,
    first: Effects,
    inbox: Inbox,
    outputs: Outputs,
    clock: Clock,
) {
    let Inbox { mut commands, mut deliveries } = inbox;
    let outlet = Outlet::new(outputs);
    outlet.let_go(first, None).await;
    let mut offer_at = Instant::now() + OFFER_AGAIN;
    loop {
        let wake = next_wake(&pipeline, clock.now()).min(offer_at);
        tokio::select! {
            biased;
            Some(delivery) = deliveries.recv() => {
                let effects = pipeline.apply(Input::Delivery(delivery), clock.now());
                outlet.let_go(effects, None).await;
                // A worker has room again.
                outlet.offer_again(&pipeline, OFFERS);
            }
            command = commands.recv() => match command {
                Some(Command::Step(input, answer)) => {
                    let effects = pipeline.apply(input, clock.now());
                    outlet.let_go(effects, Some(answer)).await;
                }
                // Whoever asked may have gone.
                Some(Command::Snapshot(answer)) => {
                    let _ = answer.send(pipeline.snapshot(clock.now()));
                }
                Some(Command::Measure(answer)) => {
                    pipeline.measure(clock.now());
                    let _ = answer.send(());
                }
                None => break,
            },
            () = sleep_until(wake) => {}
        }
        let effects = pipeline.tick(clock.now());
        if !effects.is_empty() {
            outlet.let_go(effects, None).await;
        }
        if Instant::now() >= offer_at {
            outlet.offer_again(&pipeline, usize::MAX);
            offer_at = Instant::now() + OFFER_AGAIN;
        }
    }
    finish(pipeline, deliveries, outlet, clock).await;
}

/// Nobody asks any more, but what was under way still ends: it must be on disk, or it would be sent again.
async fn finish(
    mut pipeline: Pipeline,
    mut deliveries: mpsc::Receiver<crate::model::Delivery>,
    outlet: Outlet,
    clock: Clock,
) {
    let commits = outlet.outputs.commits.clone();
    // `notify` ends when it can be offered nothing any more.
    drop(outlet);
    while let Some(delivery) = deliveries.recv().await {
        let effects = pipeline.apply(Input::Delivery(delivery), clock.now());
        let commit = Commit { records: effects.records, release: Box::new(|_| ()) };
        if commits.send(commit).await.is_err() {
            warn!("a delivery is not on disk: the store has stopped");
        }
    }
}

fn next_wake(pipeline: &Pipeline, now: Timestamp) -> Instant {
    let wait = pipeline.next_due().map_or(LONGEST_SLEEP, |due| between(now, due));
    Instant::now() + wait.min(LONGEST_SLEEP)
}

/// Lets go what a step leads to, when its records are on disk.
struct Outlet {
    outputs: Outputs,
    /// Commits that the store has and has not released. Only its own task counts up.
    under_way: Arc<AtomicUsize>,
    /// What no queue had room for: at most one notice of each lane is on its way.
    returned: Arc<Mutex<VecDeque<Arc<Notice>>>>,
    /// What a worker had no room to be told of: at most one of each lane, too.
    unheard: Arc<Mutex<VecDeque<Withdrawn>>>,
}

type Answer = oneshot::Sender<Result<Reply, CommitError>>;

impl Outlet {
    fn new(outputs: Outputs) -> Self {
        Self {
            outputs,
            under_way: Arc::default(),
            returned: Arc::default(),
            unheard: Arc::default(),
        }
    }

    async fn let_go(&self, effects: Effects, answer: Option<Answer>) {
        let Effects { records, notices, withdrawn, pushes, reply } = effects;
        let is_settled = records.is_empty() && self.under_way.load(Ordering::Acquire) == 0;
        let release = self.release((notices, withdrawn), pushes, reply, answer);
        if is_settled {
            // Nothing to wait for, and nothing before it that it would overtake.
            return release(Ok(()));
        }
        self.under_way.fetch_add(1, Ordering::AcqRel);
        let under_way = Arc::clone(&self.under_way);
        let release = Box::new(move |written| {
            release(written);
            under_way.fetch_sub(1, Ordering::AcqRel);
        });
        if let Err(lost) = self.outputs.commits.send(Commit { records, release }).await {
            (lost.0.release)(Err(CommitError("the store has stopped".into())));
        }
    }

    fn release(
        &self,
        (notices, withdrawn): (Vec<Arc<Notice>>, Vec<Withdrawn>),
        pushes: Vec<PushBatch>,
        reply: Reply,
        answer: Option<Answer>,
    ) -> impl FnOnce(Result<(), CommitError>) + Send + use<> {
        let outputs = self.outputs.clone();
        let (returned, unheard) = (Arc::clone(&self.returned), Arc::clone(&self.unheard));
        move |written| {
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                let _ = answer.send(written.map(|()| reply));
            }
            for withdrawn in withdrawn {
                if !(outputs.withdrawn)(&withdrawn) {
                    unheard.lock().push_back(withdrawn);
                }
            }
            // People are told even if the disk is full.
            for notice in notices {
                if let Err(notice) = (outputs.notices)(notice) {
                    returned.lock().push_back(notice);
                }
            }
            for batch in pushes {
                (outputs.pushes)(batch);
            }
        }
    }

    /// Offers again some of what came back, the oldest first, but for what was replaced meanwhile.
    fn offer_again(&self, pipeline: &Pipeline, most: usize) {
        self.unheard.lock().retain(|withdrawn| !(self.outputs.withdrawn)(withdrawn));
        let all = self.returned.lock().len();
        for _ in 0..all.min(most) {
            let Some(notice) = self.returned.lock().pop_front() else { return };
            if pipeline.pending(&notice.lane, notice.id).is_some()
                && let Err(notice) = (self.outputs.notices)(notice)
            {
                self.returned.lock().push_back(notice);
            }
        }
    }
}
