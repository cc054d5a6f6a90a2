use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode};
use tokio::{sync::Semaphore, task};

use super::{
    DeliveryQuery, IncidentQuery, Page,
    database::{STEPS, Source},
};
use crate::{
    clock::{self, Instant},
    model::{Delivery, Incident},
};

/// Questions at the same time. Each has a connection of its own, with its cache of at most 2 MB.
const READERS: usize = 4;

/// How long a question may take, waiting for its turn included. A reader also keeps the log from starting anew.
const DEADLINE: Duration = Duration::from_secs(5);

/// Answers questions beside the writer, on blocking threads. Cheap to clone.
#[derive(Clone)]
pub struct Reader(Arc<Readers>);

struct Readers {
    source: Arc<Source>,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueryError {
    /// Too many are asked, or this one looks at too much.
    #[error("no answer within {} s; ask for less", DEADLINE.as_secs())]
    TooSlow,
    /// The database's own words.
    #[error("the store cannot be read: {0}")]
    Failed(Arc<str>),
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        let places = Arc::new(Semaphore::new(READERS));
        Self(Arc::new(Readers { source, idle: Mutex::default(), places }))
    }

    /// Incidents, the newest first.
    pub async fn incidents(&self, query: IncidentQuery) -> Result<Page<Incident>, QueryError> {
        self.ask(move |db| query.ask(db)).await
    }

    /// Attempts at notices, the newest first.
    pub async fn deliveries(&self, query: DeliveryQuery) -> Result<Page<Delivery>, QueryError> {
        self.ask(move |db| query.ask(db)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueryError> {
        let deadline = Instant::now() + DEADLINE;
        let place = Arc::clone(&self.0.places).acquire_owned();
        let place = clock::timeout_at(deadline, place).await.map_err(|_| QueryError::TooSlow)?;
        let readers = Arc::clone(&self.0);
        let work = move || {
            // Held until the thread is done, also when whoever asked has gone.
            let _place = place;
            readers.answer(deadline, question)
        };
        match task::spawn_blocking(work).await {
            Ok(answer) => answer,
            Err(error) => Err(QueryError::Failed(error.to_string().into())),
        }
    }
}

impl Readers {
    fn answer<T>(
        &self,
        deadline: Instant,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QueryError> {
        let idle = self.idle.lock().pop();
        let mut db = match idle {
            Some(db) => db,
            None => self.source.reading()?,
        };
        db.progress_handler(STEPS, Some(move || Instant::now() > deadline))?;
        let answer = question(&db)?;
        // A connection that failed is not used again.
        self.idle.lock().push(db);
        Ok(answer)
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TooSlow,
            _ => Self::Failed(error.to_string().into()),
        }
    }
}
