//! Delivery as a whole: a worker per integration, a sender per Alertmanager, a heart per deadman.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    task::JoinSet,
};

use super::{
    alertmanager::{self, Targets},
    deadman::{self, Hearts},
    metrics::{Metrics, Place},
    retry::Budget,
    spec::{Receiver, Receivers},
    template::Templates,
    worker::{self, Duty, Order, Worker},
};
use crate::{
    clock::{Clock, Instant},
    model::{Delivery, Lane, Notice, PushBatch, Withdrawn},
    net::Net,
};

/// What delivery needs of its house. Cheap to clone.
#[derive(Clone)]
pub struct Parts {
    /// The way out.
    pub net: Net,
    /// Reads the calendar.
    pub clock: Clock,
    /// Where what came of each attempt goes.
    pub deliveries: mpsc::Sender<Delivery>,
    /// What is counted.
    pub metrics: Metrics,
    /// What is counted about `[alertmanagers.*]`.
    pub pushes: alertmanager::Metrics,
    /// What is counted about `[deadman.*]`.
    pub heartbeats: deadman::Metrics,
    /// Whether scheduler, pipeline and store are alive; delivery itself answers by asking.
    pub alive: Alive,
}

/// Says whether the rest of the house is alive. Never waits.
pub type Alive = Arc<dyn Fn() -> bool + Send + Sync>;

/// What the configuration says: everything that a reload can change.
#[derive(Clone)]
pub struct Setup {
    /// Receivers, Alertmanagers, deadmen.
    pub receivers: Receivers,
    /// Named templates.
    pub templates: Arc<Templates>,
}

/// What a message is written with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Words {
    /// Named templates.
    pub templates: Arc<Templates>,
    /// The base of links.
    pub external_url: Arc<str>,
}

impl Setup {
    pub(super) fn words(&self) -> Words {
        Words {
            templates: Arc::clone(&self.templates),
            external_url: Arc::clone(&self.receivers.external_url),
        }
    }
}

/// Orders on their way: a reload and a stop, each of which is waited for.
const COMMANDS: usize = 4;

type Queues = HashMap<Way, Queue>;

/// An integration, as lanes name it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    receiver: Arc<str>,
    kind: Arc<str>,
    integration: u16,
}

impl Way {
    fn of(lane: &Lane) -> Self {
        let (receiver, kind) = (Arc::clone(&lane.receiver), Arc::clone(&lane.kind));
        Self { receiver, kind, integration: lane.integration }
    }
}

/// The way to a worker.
#[derive(Clone)]
struct Queue {
    notices: mpsc::Sender<Arc<Notice>>,
    withdrawn: mpsc::Sender<Withdrawn>,
}

/// Speaks with delivery. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    queues: Arc<ArcSwap<Queues>>,
    targets: Targets,
    commands: mpsc::Sender<Command>,
}

/// The other end of every [`Handle`]; [`run`] empties it.
pub struct Inbox {
    queues: Arc<ArcSwap<Queues>>,
    targets: Targets,
    commands: mpsc::Receiver<Command>,
}

enum Command {
    Reload(Box<Setup>, oneshot::Sender<()>),
    Stop(Duration),
}

/// A handle, and the inbox it fills.
pub fn channel() -> (Handle, Inbox) {
    let (commands, incoming) = mpsc::channel(COMMANDS);
    let (queues, targets) = (Arc::<ArcSwap<Queues>>::default(), Targets::default());
    let inbox = Inbox { queues: Arc::clone(&queues), targets: targets.clone(), commands: incoming };
    (Handle { queues, targets, commands }, inbox)
}

impl Handle {
    /// Hands a notice to its integration's queue. Never waits.
    ///
    /// # Errors
    /// The notice itself, where the queue is full or there is no such integration: it stays in the outbox.
    pub fn offer(&self, notice: Arc<Notice>) -> Result<(), Arc<Notice>> {
        let queues = self.queues.load();
        let Some(queue) = queues.get(&Way::of(&notice.lane)) else {
            return Err(notice);
        };
        queue.notices.try_send(notice).map_err(TrySendError::into_inner)
    }

    /// Tells the integration's worker that a notice is not to be sent any more; says whether that was heard. Never waits.
    pub fn withdraw(&self, withdrawn: &Withdrawn) -> bool {
        let queues = self.queues.load();
        // Without a worker nobody sends it.
        let Some(queue) = queues.get(&Way::of(&withdrawn.lane)) else { return true };
        !matches!(queue.withdrawn.try_send(withdrawn.clone()), Err(TrySendError::Full(_)))
    }

    /// Hands a batch to its Alertmanager's queue. Never waits; what does not fit drops the oldest.
    pub fn push(&self, batch: &PushBatch) {
        self.targets.push(batch);
    }

    /// Replaces the configuration: integrations that stay keep their notices, and what is on its way ends as it began.
    pub async fn reload(&self, setup: Setup) {
        let (done, waiting) = oneshot::channel();
        if self.commands.send(Command::Reload(Box::new(setup), done)).await.is_ok() {
            // Without an answer delivery has ended, and there is nothing to reload.
            let _ = waiting.await;
        }
    }

    /// Begins nothing more; [`run`] ends when what is on its way has ended, after `within` at the latest.
    pub async fn stop(&self, within: Duration) {
        // It may have ended already.
        let _ = self.commands.send(Command::Stop(within)).await;
    }
}

/// Works until it is stopped, or until every [`Handle`] is gone.
///
/// Waits for orders; its children wait for notices, for batches, and for their own deadlines.
pub async fn run(mut inbox: Inbox, setup: Setup, parts: Parts) {
    let (children, workers, budgets) = (JoinSet::new(), HashMap::new(), HashMap::new());
    let mut house = House { parts, children, workers, budgets };
    let mut hearts = house.apply(&inbox, &setup, &Hearts::default());
    let within = loop {
        tokio::select! {
            command = inbox.commands.recv() => match command {
                Some(Command::Reload(setup, done)) => {
                    hearts = house.apply(&inbox, &setup, &hearts);
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
                Some(Command::Stop(within)) => break within,
                None => break Duration::ZERO,
            },
            Some(ended) = house.children.join_next() => if ended.is_err() {
                // Children outlive their own crashes; one that does not holds notices that nobody would try again.
                return;
            },
        }
    };
    drop(hearts);
    inbox.queues.store(Arc::default());
    inbox.targets.keep(&[]);
    let finish = Instant::now() + within;
    for orders in house.workers.values() {
        // One that has ended already has nothing to finish.
        let _ = orders.send(Order::Finish(finish)).await;
    }
    while house.children.join_next().await.is_some() {}
}

/// What runs.
struct House {
    parts: Parts,
    children: JoinSet<()>,
    workers: HashMap<Way, mpsc::Sender<Order>>,
    /// What integrations of a receiver share, by its name.
    budgets: HashMap<Arc<str>, Budget>,
}

impl House {
    /// Brings what runs in line with the configuration.
    fn apply(&mut self, inbox: &Inbox, setup: &Setup, before: &Hearts) -> Hearts {
        let words = setup.words();
        let old = inbox.queues.load_full();
        let mut queues = Queues::new();
        let mut workers = HashMap::new();
        let mut budgets = HashMap::new();
        for receiver in &setup.receivers.receivers {
            let budget = self.budget(receiver);
            for (kind, integration, own) in receiver.ways() {
                let name = Arc::clone(&receiver.name);
                let way = Way { receiver: name, kind: kind.into(), integration };
                let duty = Duty::new(own, receiver.limits, budget.as_ref());
                let (orders, queue) = self.employed(&way, (duty, words.clone()), &old);
                workers.insert(way.clone(), orders);
                queues.insert(way, queue);
            }
            budgets.extend(budget.map(|budget| (Arc::clone(&receiver.name), budget)));
        }
        self.budgets = budgets;
        inbox.queues.store(Arc::new(queues));
        for orders in std::mem::replace(&mut self.workers, workers).into_values() {
            // Its integration is gone; what is on its way may end.
            let _ = orders.try_send(Order::Finish(Instant::now() + LAST_WORDS));
        }
        self.push_to(inbox, setup);
        deadman::start(setup, &self.parts, before)
    }

    /// The budget of a receiver that has a rate; while that stays, with what is spent of it.
    fn budget(&self, receiver: &Receiver) -> Option<Budget> {
        let rate = receiver.limits.rate?;
        let known = self.budgets.get(&receiver.name).filter(|known| known.rate() == rate);
        Some(known.cloned().unwrap_or_else(|| Budget::new(rate, Instant::now())))
    }

    /// The worker of an integration, told of its duty: the one that is there, or a new one.
    fn employed(
        &mut self,
        way: &Way,
        (duty, words): (Duty, Words),
        old: &Queues,
    ) -> (mpsc::Sender<Order>, Queue) {
        let known = self.workers.remove(way).zip(old.get(way).cloned());
        if let Some((orders, queue)) = known
            && self.told(&orders, Order::Change(duty.clone(), words.clone()))
        {
            return (orders, queue);
        }
        let (offers, notices) = mpsc::channel(worker::QUEUE);
        let (withdrawals, withdrawn) = mpsc::channel(worker::QUEUE);
        let (orders, ordered) = mpsc::channel(COMMANDS);
        let place = Place::new(&way.receiver, &way.kind, way.integration);
        let worker = Worker::new(place, duty, words, self.parts.clone(), worker::real());
        self.children.spawn(worker.run(worker::Inbox { notices, withdrawn, orders: ordered }));
        (orders, Queue { notices: offers, withdrawn: withdrawals })
    }

    /// Gives a worker its order; says whether there is still one. One that waits for its report to be taken has it later.
    fn told(&mut self, orders: &mpsc::Sender<Order>, order: Order) -> bool {
        match orders.try_send(order) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(order)) => {
                let orders = orders.clone();
                self.children.spawn(async move {
                    // It may end meanwhile, and with it whoever is told.
                    let _ = orders.send(order).await;
                });
                true
            }
        }
    }

    fn push_to(&mut self, inbox: &Inbox, setup: &Setup) {
        inbox.targets.keep(&setup.receivers.alertmanagers);
        for target in &setup.receivers.alertmanagers {
            if let Some(sender) = inbox.targets.add(target, &self.parts) {
                self.children.spawn(sender);
            }
        }
    }
}

/// How long the attempts of an integration that was removed may take to end.
const LAST_WORDS: Duration = Duration::from_mins(1);
