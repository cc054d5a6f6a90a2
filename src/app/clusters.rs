//! The clusters that are watched: each a task, started, kept or ended as the configuration changes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    api,
    clock::{self, Clock},
    cluster::Watched,
    config::ClusterOptions,
};

/// The pause before a cluster whose task broke is watched anew.
const PAUSE: Duration = Duration::from_secs(1);

/// What is wanted: the clusters by name.
pub(super) type Wanted = BTreeMap<String, ClusterOptions>;

/// Watches what is wanted until `stop`; readers see the clusters in `shown`.
pub(super) async fn run(
    mut wanted: watch::Receiver<Wanted>,
    shown: api::kube::Clusters,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    // Ended with this future, and with it all that is watched.
    let mut tasks = JoinSet::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        // Dropped, a cluster ends.
        running.retain(|name, cluster| now.get(name) == Some(&cluster.options));
        for (name, options) in now {
            if running.contains_key(&name) {
                continue;
            }
            let Some(spec) = options.cluster(&name) else { continue };
            let watched = Arc::new(Watched::new(spec, clock));
            let end = CancellationToken::new();
            tasks.spawn(end.clone().run_until_cancelled_owned(watch_one(Arc::clone(&watched))));
            running.insert(name, Running { options, watched, _end: end.drop_guard() });
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
