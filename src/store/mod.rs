//! Durable state in SQLite: what was acknowledged is on disk.
//!
//! Contract: a [`Commit`] is written as a whole, in order, and its release is called after the sync (or with the error);
//! migrations are versioned; nothing of a file that is not ours, or newer than us, is touched. Another program's file is read
//! without a trace ([`foreign`]).

mod backlog;
mod column;
mod database;
mod error;
pub mod foreign;
mod lock;
mod metrics;
mod migration;
mod query;
mod reader;
mod retention;
pub mod spec;
mod table;
mod writer;

use std::{sync::Arc, thread};

use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::Clock,
    model::{Commit, Restored},
};
pub use database::Synchronous;
use database::{Database, Source};
pub use error::{OpenError, Problem};
pub use metrics::Metrics;
pub use query::{Cursor, DeliveryQuery, IncidentQuery, Page, UnknownCursor};
pub use reader::{QueryError, Reader};
use writer::Writer;

/// Commits that may wait. Each waits for at most the transaction that runs and the one it becomes part of, some 20 ms on a
/// common disk; 1,024 cover 50,000 posts a second. Beyond that whoever commits waits.
const COMMITS: usize = 1024;

/// An open store. It works until every sender of commits is gone.
pub struct Store {
    /// Where records go.
    pub commits: mpsc::Sender<Commit>,
    /// Answers questions.
    pub reader: Reader,
    /// Its end.
    pub ended: Ended,
}

/// Resolves when the store's thread has ended: everything is on disk and the file is closed.
pub struct Ended(oneshot::Receiver<()>);

impl Ended {
    /// Waits for it.
    pub async fn wait(self) {
        // The sender is dropped by the end of the thread, whatever kind of end it is.
        let _ = self.0.await;
    }
}

/// Opens the store of `options`, or one in memory where they name no file, and reads what was in it. Blocks on the disk.
///
/// # Errors
/// Why the file cannot be used; it was left as it is.
pub fn open(
    options: &spec::Options,
    clock: Clock,
    metrics: Metrics,
) -> Result<(Store, Restored), OpenError> {
    open_synchronous(options, clock, metrics, Synchronous::Full)
}

/// The same with less care, for the test which shows that the care is needed.
#[doc(hidden)]
pub fn open_synchronous(
    options: &spec::Options,
    clock: Clock,
    metrics: Metrics,
    synchronous: Synchronous,
) -> Result<(Store, Restored), OpenError> {
    let source = Arc::new(Source::new(options.path.as_deref()));
    let fail = |problem| OpenError { path: options.path.clone(), problem };
    let database = Database::open(&source, synchronous).map_err(fail)?;
    let restored = database.restore().map_err(fail)?;
    let (commits, waiting) = mpsc::channel(COMMITS);
    let (end, ended) = oneshot::channel();
    let writer = Writer::new(database, options, clock, metrics, waiting);
    let reader = Reader::new(source);
    let work = move || {
        writer.work();
        drop(end);
    };
    let started = thread::Builder::new().name("noroshi-store".into()).spawn(work);
    started.map_err(|error| fail(Problem::System(error)))?;
    Ok((Store { commits, reader, ended: Ended(ended) }, restored))
}
