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

/// How long what was told last counts once a watch broke. It is opened again after a second, and by the next try somebody has
/// looked whether the server answers at all.
const GRACE: Duration = Duration::from_secs(5);

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
    /// Since when it does not run and nobody has said why it never will.
    broken: Option<Instant>,
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
            broken: None,
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

    /// Looks whether it runs: to be called before anything is asked of it.
    pub(super) fn attend(&mut self, now: Instant) {
        let (_, failing) = self.health.standing();
        let is_broken = failing.is_some_and(|(failure, _)| refusal(failure.why).is_none());
        self.broken = is_broken.then(|| self.broken.unwrap_or(now));
    }

    /// Until when what it shows counts, unless it runs again by then.
    pub(super) fn counts_until(&self) -> Option<Instant> {
        self.broken.map(|since| since + GRACE)
    }

    /// Whether it can be judged.
    pub(super) fn state(&self) -> State {
        let (is_synced, failing) = self.health.standing();
        let counts = || self.counts_until().is_none_or(|end| Instant::now() < end);
        match failing {
            Some((failure, _)) if is_synced && refusal(failure.why).is_none() && counts() => {
                State::Fresh
            }
            Some((failure, _)) => {
                let reason = refusal(failure.why).unwrap_or(Reason::ApiUnreachable);
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

/// The word for a failure that is an answer: no next try will have another soon.
fn refusal(why: Why) -> Option<Reason> {
    match why {
        Why::Forbidden => Some(Reason::ApiForbidden),
        Why::Unauthorized => Some(Reason::ApiUnauthorized),
        Why::NotFound => Some(Reason::ApiNotServed),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{checks::subject, watch::Failure as Broken};

    /// Told as its watch would.
    struct Told(Sight);

    impl Told {
        fn new() -> Self {
            let spec: Spec = toml::from_str("kind = 'node'\nname = 'n1'").unwrap();
            let (subject, pick) = (subject::of(spec.kind).sees)(&spec).remove(0);
            let mut selection = Selection::default();
            selection.add(pick, None);
            let clock = Clock::system();
            let server = Arc::new(ApiServer::new("one".into(), clock));
            let place = Place::of(&spec, subject);
            let sight = Sight::new(&place, (subject, selection), &server, &Arc::default(), clock);
            sight.health.synced(0);
            sight.health.up(0);
            Self(sight)
        }

        fn breaks(&mut self, why: Why) {
            let failure = Broken { why, message: String::new(), retry_after: None };
            self.0.health.failed(0, &failure);
            self.0.attend(Instant::now());
        }

        fn opens(&mut self) {
            self.0.health.up(0);
            self.0.attend(Instant::now());
        }

        fn is_fresh(&mut self) -> bool {
            self.0.attend(Instant::now());
            matches!(self.0.state(), State::Fresh)
        }
    }

    async fn pass(seconds: f64) {
        clock::sleep(Duration::from_secs_f64(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_is_cut_again_and_again_and_opens_well_counts_all_the_time() {
        let mut told = Told::new();
        for _ in 0..100 {
            pass(5.0).await;
            told.breaks(Why::ConnectionLost);
            assert!(told.is_fresh());
            pass(0.5).await;
            // The first try may fail, too.
            told.breaks(Why::ServerError);
            pass(2.5).await;
            assert!(told.is_fresh());
            told.opens();
            assert!(told.is_fresh());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_told_last_counts_no_longer_than_the_grace() {
        for why in [Why::ConnectionLost, Why::Timeout, Why::ServerError, Why::InvalidAnswer] {
            let mut told = Told::new();
            told.breaks(why);
            let end = told.0.counts_until().unwrap();
            pass(4.9).await;
            assert!(told.is_fresh(), "{why:?}");
            told.breaks(why);
            assert_eq!(told.0.counts_until(), Some(end), "another failure is no other break");
            pass(0.2).await;
            let State::Lost(failure) = told.0.state() else { panic!("{why:?}") };
            assert_eq!(failure.reason, Reason::ApiUnreachable);
            told.opens();
            assert!(told.is_fresh() && told.0.counts_until().is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_an_answer() {
        for (why, reason) in [
            (Why::Forbidden, Reason::ApiForbidden),
            (Why::Unauthorized, Reason::ApiUnauthorized),
            (Why::NotFound, Reason::ApiNotServed),
        ] {
            let mut told = Told::new();
            told.breaks(why);
            let State::Lost(failure) = told.0.state() else { panic!("{why:?}") };
            assert_eq!((failure.reason, told.0.counts_until()), (reason, None));
        }
    }
}
