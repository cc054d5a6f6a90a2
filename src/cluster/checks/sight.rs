//! One watch for checks: of some objects of a resource, in one namespace.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};
use tracing::error;

use super::{Bell, keep::Keep, selection::Selection, subject::Subject};
use crate::{
    clock::{self, Clock, Instant},
    cluster::{
        health::Health,
        kind::Resource,
        server::ApiServer,
        watch::{Target, Watch, Why},
    },
    model::{Failure, Reason},
    probe::spec::kubernetes::Spec,
};

/// How long a first list is waited for before checks are told that there is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before a watch that broke down is begun anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Where objects stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) resource: &'static Resource,
    pub(super) namespace: Option<String>,
}

impl Place {
    /// Where a check looks for the objects of a subject.
    pub(super) fn of(spec: &Spec, subject: &'static Subject) -> Self {
        let custom = || {
            let own = spec.resource.as_ref();
            let word = |part: fn(&crate::probe::spec::kubernetes::CustomResource) -> &str| {
                own.map(part).unwrap_or_default()
            };
            Resource::custom(
                word(|own| &own.group),
                word(|own| &own.version),
                word(|own| &own.plural),
                spec.namespace.is_some(),
            )
        };
        let resource = subject.resource.as_ref().unwrap_or_else(|| custom());
        Self { resource, namespace: spec.namespace.clone().filter(|_| resource.namespaced) }
    }
}

/// A watch, what it keeps, and how it goes. Dropped, it ends.
pub(super) struct Sight {
    pub(super) keep: Arc<Keep>,
    bell: Arc<Bell>,
    health: Health,
    target: Target,
    begun: Instant,
    task: JoinSet<()>,
}

/// Whether what a sight shows can be judged.
pub(super) enum State {
    /// It is what the server last said.
    Fresh,
    /// The first list is on its way.
    Waiting,
    /// Nobody can tell, and why.
    Lost(Failure),
}

impl Sight {
    /// Nothing is watched yet.
    pub(super) fn new(
        place: &Place,
        (subject, selection): (&'static Subject, Selection),
        server: &Arc<ApiServer>,
        ear: &Arc<Notify>,
        clock: Clock,
    ) -> Self {
        let bell = Arc::new(Bell::heard_at(Arc::clone(ear)));
        let (fields, labels) = selection.narrowed();
        let target =
            Target { resource: place.resource, namespace: place.namespace.clone(), fields, labels };
        Self {
            keep: Arc::new(Keep::new(subject, selection, clock, Arc::clone(&bell))),
            health: Health::ringing(server, 1, clock, Some(Arc::clone(&bell))),
            bell,
            target,
            begun: Instant::now(),
            task: JoinSet::new(),
        }
    }

    /// Begins to watch, if it does not yet.
    pub(super) fn start(&mut self, lists: &Arc<Semaphore>) {
        if !self.task.is_empty() {
            return;
        }
        self.begun = Instant::now();
        self.task.spawn(for_ever(Watch {
            target: self.target.clone(),
            collector: Arc::clone(&self.keep) as _,
            part: 0,
            health: self.health.clone(),
            lists: Arc::clone(lists),
        }));
    }

    /// Grows with everything that may change what is judged.
    pub(super) fn times(&self) -> u64 {
        self.bell.times()
    }

    /// Whether it can be judged.
    pub(super) fn state(&self) -> State {
        let (is_synced, failing) = self.health.standing();
        match failing {
            // The next try will tell whether it was only the connection.
            Some((failure, 1)) if is_synced && failure.why == Why::ConnectionLost => State::Fresh,
            Some((failure, _)) => {
                let reason = match failure.why {
                    Why::Forbidden => Reason::ApiForbidden,
                    Why::Unauthorized => Reason::ApiUnauthorized,
                    Why::NotFound => Reason::ApiNotServed,
                    _ => Reason::ApiUnreachable,
                };
                State::Lost(Failure::new(reason, format!("{}: {failure}", self.target.path())))
            }
            None if is_synced => State::Fresh,
            None if self.begun.elapsed() < PATIENCE => State::Waiting,
            None => {
                let detail = format!("{}: the first list has not come yet", self.target.path());
                State::Lost(Failure::new(Reason::ApiNotSynced, detail))
            }
        }
    }
}

/// Watches; a panic inside is no reason to stop.
async fn for_ever(watch: Watch) {
    loop {
        let mut task = JoinSet::new();
        task.spawn(watch.clone().run());
        if let Some(Err(panic)) = task.join_next().await {
            let path = watch.target.path();
            error!(path, "a watch for checks ended unexpectedly and is started again: {panic}");
        }
        clock::sleep(PAUSE).await;
    }
}
