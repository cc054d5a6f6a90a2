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
}

impl Memory {
    /// Where nothing needs a store: nobody waits for one.
    pub(in crate::app) fn none(late: &mut Supervisor) -> Self {
        let (commits, waiting) = mpsc::channel(COMMITS);
        late.essential("commits", release_at_once(waiting));
        Self { commits, reader: None, restored: Restored::default() }
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
        let opening = tokio::task::spawn_blocking(move || store::open(&options, clock, metrics));
        let opened = opening.await.map_err(|error| StartError::System {
            what: "opening the store",
            error: std::io::Error::other(error),
        })?;
        let (Store { commits, reader, ended }, restored) = opened?;
        late.essential("store", ended.wait());
        Ok(Self { commits, reader: Some(reader), restored })
    }
}

/// Releases every commit without writing it.
async fn release_at_once(mut commits: mpsc::Receiver<Commit>) {
    while let Some(commit) = commits.recv().await {
        (commit.release)(Ok(()));
    }
}
