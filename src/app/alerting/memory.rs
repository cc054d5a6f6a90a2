//! What survives the process, or that nothing does.

use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

use crate::{
    app::{StartError, Supervisor},
    clock::Clock,
    model::{Commit, Restored},
    store::{self, Reader, Store},
};

/// Commits that may wait where there is no store: each is released at once.
const COMMITS: usize = 1024;

/// Where records go, and what was there.
pub(in crate::app) struct Memory {
    pub(in crate::app) commits: mpsc::Sender<Commit>,
    /// Answers questions; `None` where nothing is kept.
    pub(in crate::app) reader: Option<Reader>,
    pub(in crate::app) restored: Restored,
    metrics: store::Metrics,
}

impl Memory {
    /// Where nothing needs a store: nobody waits for one.
    pub(in crate::app) fn none(late: &mut Supervisor) -> Self {
        let (commits, waiting) = mpsc::channel(COMMITS);
        late.essential("commits", release_at_once(waiting));
        let (restored, metrics) = (Restored::default(), store::Metrics::default());
        Self { commits, reader: None, restored, metrics }
    }

    /// Whether it takes commits and can write them. Keeps nothing open.
    pub(in crate::app) fn is_alive(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let (commits, metrics) = (self.commits.downgrade(), self.metrics.clone());
        move || {
            let takes =
                |commits: mpsc::Sender<Commit>| !commits.is_closed() && commits.capacity() > 0;
            !metrics.is_degraded() && commits.upgrade().is_some_and(takes)
        }
    }

    /// Opens the store and reads what was in it.
    pub(in crate::app) async fn open(
        options: store::spec::Options,
        clock: Clock,
        late: &mut Supervisor,
        registry: &mut Registry,
    ) -> Result<Self, StartError> {
        let metrics = store::Metrics::default();
        metrics.register(registry);
        let counts = metrics.clone();
        let opening = tokio::task::spawn_blocking(move || store::open(&options, clock, counts));
        let opened = opening.await.map_err(|error| StartError::System {
            what: "opening the store",
            error: std::io::Error::other(error),
        })?;
        let (Store { commits, reader, ended }, restored) = opened?;
        late.essential("store", ended.wait());
        Ok(Self { commits, reader: Some(reader), restored, metrics })
    }
}

/// Releases every commit without writing it.
async fn release_at_once(mut commits: mpsc::Receiver<Commit>) {
    while let Some(commit) = commits.recv().await {
        (commit.release)(Ok(()));
    }
}
