//! The clusters that are watched: each a task, started, kept or ended as the configuration changes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
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

/// Watches what is wanted until `stop`; readers see the clusters in `shown`.
pub(super) async fn run(
    mut wanted: watch::Receiver<Wanted>,
    (shown, telling): (api::kube::Clusters, Telling),
    clock: Clock,
    stop: CancellationToken,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    // Ended with this future, and with it all that is watched.
    let mut tasks = JoinSet::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        // Dropped, a cluster ends.
        running.retain(|name, cluster| now.clusters.get(name) == Some(&cluster.options));
        for (name, options) in now.clusters.clone() {
            let checks = now.checks_of(&name);
            if let Some(running) = running.get(&name) {
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
            tasks.spawn(end.clone().run_until_cancelled_owned(watch_one(Arc::clone(&watched))));
            let (checks, judged) = watch::channel(checks);
            let judging = judge_one(Arc::clone(&watched), judged, telling.clone(), clock);
            tasks.spawn(end.clone().run_until_cancelled_owned(judging));
            running.insert(name, Running { options, watched, checks, _end: end.drop_guard() });
        }
        shown.store(Arc::new(running.values().map(|c| Arc::clone(&c.watched)).collect()));
        tokio::select! {
            () = stop.cancelled() => return,
            changed = wanted.changed() => if changed.is_err() { return },
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// A cluster that is watched.
struct Running {
    options: ClusterOptions,
    watched: Arc<Watched>,
    /// What is judged by it.
    checks: watch::Sender<Vec<Check>>,
    _end: tokio_util::sync::DropGuard,
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
