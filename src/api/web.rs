use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How the server presents itself; the configuration has checked it.
#[derive(Debug, Clone)]
pub struct Web {
    /// What every path begins with: empty, or with a leading and no trailing slash.
    pub route_prefix: String,
    /// Where users reach this process.
    pub external_url: Option<String>,
    /// Scrapes at the same time.
    pub max_requests: usize,
}

/// How many of a kind of request may go on at once.
pub(super) struct Limit(Arc<Semaphore>);

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// A place, if one is free. It is given back when dropped.
    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}
