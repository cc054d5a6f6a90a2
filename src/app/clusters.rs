//! The clusters that are watched: each a task, started, kept or ended as the configuration changes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::error;

use crate::{
    api,
    clock::{self, Clock},
    cluster::{Telling, Watched},
    config::ClusterOptions,
    model::Observation,
    probe::{
        self,
        spec::{Check, Spec},
    },
};

/// The pause before a cluster whose task broke is watched anew.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a cluster that is watched anew is asked whether it shows all that it can.
const SETTLING: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Clone, PartialEq)]
pub(super) struct Wanted {
    /// The clusters by name.
    pub(super) clusters: BTreeMap<String, ClusterOptions>,
    /// The checks that are judged by watching one of them.
    pub(super) checks: Vec<Check>,
}

impl Wanted {
    /// Those of all checks that are judged here.
    pub(super) fn watched(checks: &[Check]) -> Vec<Check> {
        checks.iter().filter(|check| check.spec.is_watched()).cloned().collect()
    }

    /// The checks of one cluster.
    fn checks_of(&self, name: &str) -> Vec<Check> {
        let is_there = |check: &&Check| match &*check.spec {
            Spec::Kubernetes(spec) => spec.cluster.as_deref() == Some(name),
            _ => false,
        };
        self.checks.iter().filter(is_there).cloned().collect()
    }
}

/// Outcomes of checks, to the state, for as long as the schedule sends there too.
pub(super) fn telling(observations: &mpsc::Sender<Observation>, clock: Clock) -> Telling {
    Telling {
        finish: Arc::new(move |settings, result, facts, took| {
            probe::outcome(settings, result, facts, took, clock)
        }),
        observations: observations.downgrade(),
    }
}

/// Watches what is wanted until it is dropped; readers see the clusters in `shown`.
pub(super) async fn run(
    mut wanted: watch::Receiver<Wanted>,
    (shown, telling): (api::kube::Clusters, Telling),
    clock: Clock,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    // Ended with this future, and with it all that is watched.
    let mut tasks = JoinSet::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        // Dropped, a cluster ends. One that is to be watched otherwise is still shown until the other way has shown all.
        running.retain(|name, _| now.clusters.contains_key(name));
        for (name, options) in now.clusters.clone() {
            let checks = now.checks_of(&name);
            if let Some(running) = running.get_mut(&name).filter(|old| old.options == options) {
                running.settle();
                running.checks.send_if_modified(|judged| {
                    let is_other = *judged != checks;
                    *judged = checks;
                    is_other
                });
                continue;
            }
            let Some(spec) = options.cluster(&name) else { continue };
            let watched = Arc::new(Watched::new(spec, clock));
            let end = CancellationToken::new();
            let watching = end.clone().run_until_cancelled_owned(watch_one(Arc::clone(&watched)));
            tasks.spawn(async { watching.await.unwrap_or_default() });
            let (checks, judged) = watch::channel(checks);
            let judging = judge_one(Arc::clone(&watched), judged, telling.clone(), clock);
            // It ends when nobody says any more what it judges.
            tasks.spawn(judging);
            let before = running.remove(&name).and_then(Running::shown);
            let now = Watching { watched, _end: end.drop_guard() };
            running.insert(name, Running { options, now, checks, before });
        }
        let visible = running.values().map(Running::watched);
        shown.store(Arc::new(visible.map(Arc::clone).collect()));
        let is_settling = running.values().any(|cluster| cluster.before.is_some());
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() {
                // Who wants them ends a moment before this is ended too.
                std::future::pending::<()>().await;
            },
            Some(_) = tasks.join_next() => {}
            () = clock::sleep(SETTLING), if is_settling => {}
        }
    }
}

/// A cluster that is watched.
struct Running {
    options: ClusterOptions,
    now: Watching,
    /// What is judged by it.
    checks: watch::Sender<Vec<Check>>,
    /// As it was watched before, by other options, until this shows all that it can.
    before: Option<Watching>,
}

/// A cluster and what ends its watches.
struct Watching {
    watched: Arc<Watched>,
    _end: DropGuard,
}

impl Running {
    /// What is shown of it.
    fn watched(&self) -> &Arc<Watched> {
        &self.before.as_ref().unwrap_or(&self.now).watched
    }

    /// What stays of it while it is watched in another way: what it shows. It judges no more.
    fn shown(self) -> Option<Watching> {
        if self.now.watched.is_ready() { Some(self.now) } else { self.before }
    }

    /// Ends what was before, once nobody misses it.
    fn settle(&mut self) {
        if self.now.watched.is_ready() {
            self.before = None;
        }
    }
}

/// Watches a cluster; a panic in what is around its watches is no reason to stop.
async fn watch_one(watched: Arc<Watched>) {
    loop {
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(&watched).run());
        if let Some(Err(panic)) = task.join_next().await {
            let cluster = &*watched.spec().name;
            error!(cluster, "watching a cluster ended unexpectedly and is started again: {panic}");
        }
        clock::sleep(PAUSE).await;
    }
}

/// Judges the checks of a cluster; a panic in one of them is no reason to stop.
async fn judge_one(
    watched: Arc<Watched>,
    checks: watch::Receiver<Vec<Check>>,
    telling: Telling,
    clock: Clock,
) {
    loop {
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(&watched).judge(checks.clone(), telling.clone(), clock));
        match task.join_next().await {
            Some(Err(panic)) => {
                let cluster = &*watched.spec().name;
                error!(cluster, "judging checks ended unexpectedly and is begun again: {panic}");
            }
            // Nobody says any more what is to be judged.
            _ => return,
        }
        clock::sleep(PAUSE).await;
    }
}
