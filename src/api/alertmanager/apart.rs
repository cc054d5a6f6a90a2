//! Work that takes long, away from the threads that answer everybody: strangers' patterns are compiled and tried here.

use std::sync::Arc;

use tokio::{sync::Semaphore, task};

use super::{Alertmanager, list::gone_wrong, query::Query, refusal::Refusal};

/// Places for such work, one per processor: more at once would only take more memory. Whoever finds none waits.
#[derive(Debug)]
pub(super) struct Apart(Arc<Semaphore>);

impl Apart {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }
}

impl Alertmanager {
    /// Does work on a thread of its own. It keeps its place to its end, though nobody may wait for it any more.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.within(Arc::clone(&self.apart.0).acquire_owned()).await?;
        let worked = task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        worked.await.map_err(|_| gone_wrong())
    }

    /// Reads what a request asks for; apart, where there are patterns to compile.
    pub(super) async fn asked<T: Send + 'static>(
        &self,
        query: Option<&str>,
        read: impl FnOnce(&Query<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let asked = Query::new(query);
        if !asked.has_patterns() {
            return read(&asked);
        }
        let query = query.map(str::to_owned);
        self.apart(move || read(&Query::new(query.as_deref()))).await?
    }
}
