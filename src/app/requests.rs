//! Requests to read the configuration again: how they are asked, and what wakes the one who reads it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{api, clock};

/// Asks for a reload and waits for its result.
pub(super) async fn ask(requests: &mpsc::Sender<api::Reload>) -> Result<String, String> {
    let stopping = || "noroshi is stopping".to_owned();
    let (answer, answered) = oneshot::channel();
    requests.send(answer).await.map_err(|_| stopping())?;
    answered.await.map_err(|_| stopping())?
}

/// What wakes the reload of a personality.
pub(super) struct Requests {
    pub(super) asked: mpsc::Receiver<api::Reload>,
    /// How often the files are looked at without being asked, if at all.
    pub(super) every: Option<Duration>,
    pub(super) stop: CancellationToken,
}

impl Requests {
    /// Waits for the next one, or for the interval, in which case nobody waits for the result. Nothing once it stops.
    pub(super) async fn next(&mut self) -> Option<Option<api::Reload>> {
        let tick = async {
            match self.every {
                Some(every) => clock::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => None,
            Some(answer) = self.asked.recv() => Some(Some(answer)),
            () = tick => Some(None),
        }
    }
}
