//! The one task that owns the pipeline.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Effects, Inbox, Pipeline};
use crate::{
    clock::Clock,
    model::{Commit, Notice, PushBatch},
};

/// Hands a notice to its receiver's queue, or gives it back where that is full. Never waits.
pub type OfferNotice = Arc<dyn Fn(Arc<Notice>) -> Result<(), Arc<Notice>> + Send + Sync>;

/// Hands a batch to its target's queue, or drops it: the next resend brings it again. Never waits.
pub type OfferPush = Arc<dyn Fn(PushBatch) + Send + Sync>;

/// Where the pipeline's own words go.
#[derive(Clone)]
pub struct Outputs {
    /// To the store.
    pub commits: mpsc::Sender<Commit>,
    /// To `notify`.
    pub notices: OfferNotice,
    /// To `notify`'s senders of `[alertmanagers.*]`.
    pub pushes: OfferPush,
}

/// Works until every [`Handle`](super::Handle) and every sender of deliveries is gone.
///
/// Waits for deliveries (few), commands (each answered when it is on disk), and its own deadlines.
pub async fn run(
    _pipeline: Pipeline,
    _first: Effects,
    _inbox: Inbox,
    _outputs: Outputs,
    _clock: Clock,
) {
}
