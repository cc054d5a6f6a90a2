//! The commit loop: what waits becomes one transaction, and is answered after its sync.

use std::time::Duration;

use rusqlite::{ErrorCode, TransactionBehavior};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::{
    Metrics,
    backlog::Backlog,
    database::{BUSY, Database},
    retention::Retention,
    spec,
    table::{self, alerts::Rows},
};
use crate::{
    clock::{self, Clock, Instant},
    model::{Commit, CommitError, Record},
};

/// The longest a commit waits for company.
const COMPANY: Duration = Duration::from_millis(5);

/// Records of one transaction, about: at 5 us each it then takes 10 ms. One commit is never divided.
const ROWS: usize = 2048;

/// Between two looks at sizes, the outbox and what is to be deleted.
const ROUND: Duration = Duration::from_secs(1);

/// The same while nothing happens.
const IDLE: Duration = Duration::from_mins(1);

/// Pages written to the log until they are brought into the file: 8 MB.
const CHECKPOINT: usize = 2000;

/// Owns the connection that writes.
pub(super) struct Writer {
    database: Database,
    commits: mpsc::Receiver<Commit>,
    backlog: Backlog,
    /// Why nothing can be written, and when that was last tried.
    degraded: Option<(CommitError, Instant)>,
    /// How many commits the last transaction took, and when it ended.
    last: (usize, Instant),
    /// Where alerts are in their table; `None` when it must be looked up.
    rows: Option<Rows>,
    /// When it is time to look around.
    round: Instant,
    /// Pages added to the log since it was last brought into the file; and how many there were when it was last looked around.
    pages: usize,
    seen: usize,
    retention: Retention,
    clock: Clock,
    metrics: Metrics,
}

impl Writer {
    pub(super) fn new(
        database: Database,
        options: &spec::Options,
        clock: Clock,
        metrics: Metrics,
        commits: mpsc::Receiver<Commit>,
    ) -> Self {
        let now = Instant::now();
        Self {
            retention: Retention::new(options),
            database,
            commits,
            backlog: Backlog::default(),
            degraded: None,
            last: (1, now),
            rows: None,
            round: now,
            pages: 0,
            seen: 0,
            clock,
            metrics,
        }
    }

    /// Works until every sender is gone. On a thread of its own, because every commit blocks on the disk; the runtime is
    /// there for the waiting alone.
    pub(super) fn work(self) {
        match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime.block_on(self.run()),
            Err(error) => error!(%error, "the store has no timer and cannot work"),
        }
    }

    async fn run(mut self) {
        loop {
            match clock::timeout_at(self.round, self.commits.recv()).await {
                Ok(Some(commit)) => {
                    let batch = self.gather(commit).await;
                    self.write(batch);
                }
                Ok(None) => break,
                Err(_) => {}
            }
            if self.round <= Instant::now() {
                self.look_around();
            }
        }
        self.last_words();
    }

    /// Waits for as many as came together the last time, but never longer than [`COMPANY`], and not at all after a pause:
    /// on a fast disk one transaction for each commit would cost more than the commits themselves.
    async fn gather(&mut self, first: Commit) -> Vec<Commit> {
        let mut rows = first.records.len();
        let mut batch = vec![first];
        let (company, ended) = self.last;
        let now = Instant::now();
        let expected = if now - ended < COMPANY { company } else { 1 };
        while rows < ROWS {
            let next = match self.commits.try_recv() {
                Ok(commit) => Some(commit),
                Err(_) if batch.len() >= expected => break,
                Err(_) => {
                    let next = clock::timeout_at(now + COMPANY, self.commits.recv()).await;
                    next.ok().flatten()
                }
            };
            let Some(commit) = next else { break };
            rows += commit.records.len();
            batch.push(commit);
        }
        batch
    }

    fn write(&mut self, batch: Vec<Commit>) {
        self.metrics.queued.set(count(self.commits.len()));
        let (company, begun) = (batch.len(), Instant::now());
        let records = batch.iter().flat_map(|commit| &commit.records);
        match self.catch_up().and_then(|()| self.transaction(records)) {
            Ok(()) => batch.into_iter().for_each(|commit| self.release(commit)),
            Err(Failure::Disk(why)) => self.refuse(batch, &why),
            // One of them is at fault, and the others shall not suffer from it.
            Err(Failure::Record(_)) => batch.into_iter().for_each(|commit| self.write_one(commit)),
        }
        let ended = Instant::now();
        self.metrics.duration.observe((ended - begun).as_secs_f64());
        self.last = (company, ended);
        self.round = self.round.min(ended + ROUND);
        if self.pages >= CHECKPOINT {
            self.checkpoint("PASSIVE");
        }
    }

    fn write_one(&mut self, commit: Commit) {
        // What came before it waits for the disk, and so must this.
        if let Some((why, _)) = self.degraded.clone() {
            return self.refuse(vec![commit], &why);
        }
        match self.transaction(commit.records.iter()) {
            Ok(()) => self.release(commit),
            Err(Failure::Disk(why)) => self.refuse(vec![commit], &why),
            Err(Failure::Record(why)) => {
                error!(error = %why, "the store refused records, they are lost at the next restart");
                self.metrics.lost.inc_by(commit.records.len() as u64);
                (commit.release)(Err(why));
            }
        }
    }

    /// All of the records, or none.
    fn transaction<'r>(
        &mut self,
        records: impl Iterator<Item = &'r Record>,
    ) -> Result<(), Failure> {
        let mut records = records.peekable();
        if records.peek().is_none() {
            return Ok(());
        }
        let db = &mut self.database.db;
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Put back only if all went well: what is undone has changed it too.
        let mut rows = match self.rows.take() {
            Some(rows) => rows,
            None => Rows::read(&change)?,
        };
        let mut written = 0;
        for record in records {
            table::write(&change, &mut rows, record)?;
            written += 1;
        }
        change.commit()?;
        self.rows = Some(rows);
        self.pages += self.database.logged();
        self.metrics.records.inc_by(written);
        Ok(())
    }

    fn release(&self, commit: Commit) {
        self.metrics.commits.inc();
        (commit.release)(Ok(()));
    }

    /// Says no, and keeps the records: who handed them in goes on with them, so the disk must follow.
    fn refuse(&mut self, batch: Vec<Commit>, why: &CommitError) {
        // Who is told no meanwhile does not put off the next try: somebody always is.
        if self.degraded.is_none() {
            error!(error = %why, "the store is degraded: nothing is acknowledged until it can be written again");
            self.degraded = Some((why.clone(), Instant::now()));
        }
        let mut releases = Vec::with_capacity(batch.len());
        for Commit { records, release } in batch {
            let lost = self.backlog.take(records);
            self.metrics.lost.inc_by(lost as u64);
            releases.push(release);
        }
        self.metrics.degraded.set(1);
        self.metrics.backlog.set(count(self.backlog.len()));
        for release in releases {
            release(Err(why.clone()));
        }
    }

    /// Writes what could not be written before, because it happened before. Tried once in a [`ROUND`] while degraded.
    fn catch_up(&mut self) -> Result<(), Failure> {
        let Some((why, tried)) = &self.degraded else { return Ok(()) };
        if tried.elapsed() < ROUND {
            return Err(Failure::Disk(why.clone()));
        }
        let mut backlog = std::mem::take(&mut self.backlog);
        let result = self.write_backlog(&mut backlog);
        self.backlog = backlog;
        self.metrics.backlog.set(count(self.backlog.len()));
        match &result {
            Ok(()) => {
                let given_up = self.backlog.reset();
                info!(
                    given_up,
                    "the store can be written again; so many records had found no room meanwhile"
                );
                self.degraded = None;
                self.metrics.degraded.set(0);
            }
            Err(Failure::Disk(why) | Failure::Record(why)) => {
                self.degraded = Some((why.clone(), Instant::now()));
            }
        }
        result
    }

    fn write_backlog(&mut self, backlog: &mut Backlog) -> Result<(), Failure> {
        let mut size = ROWS;
        while !backlog.is_empty() {
            match self.transaction(backlog.next(size)) {
                Ok(()) => backlog.drop_first(size),
                Err(Failure::Record(why)) if size == 1 => {
                    error!(error = %why, "the store refused a record, it is lost at the next restart");
                    self.metrics.lost.inc();
                    backlog.drop_first(1);
                }
                Err(Failure::Record(_)) => size = 1,
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Brings the log into the file, beside readers and without waiting for any.
    fn checkpoint(&mut self, how: &str) {
        (self.pages, self.seen) = (0, 0);
        let db = &self.database.db;
        let sql = ["PRAGMA wal_checkpoint(", how, ")"].concat();
        let patient = db.busy_timeout(Duration::ZERO);
        let done = db.query_row(&sql, (), |_| Ok(()));
        if let Err(error) = patient.and(done).and(db.busy_timeout(BUSY)) {
            // The log goes on growing meanwhile, and is tried again.
            warn!(%error, "the store's log was not brought into its file");
        }
    }

    /// What is to be done beside commits: numbers for people, history that is too old or too much, a log that nobody
    /// writes to any more.
    fn look_around(&mut self) {
        let more = match self.catch_up() {
            Ok(()) => self.tidy(),
            Err(_) => false,
        };
        let quiet = self.pages == self.seen;
        self.seen = self.pages;
        if self.pages >= CHECKPOINT {
            self.checkpoint("PASSIVE");
        } else if quiet && self.pages > 0 {
            self.checkpoint("TRUNCATE");
        }
        if let Err(error) = self.measure() {
            warn!(%error, "the store could not be measured");
        }
        let pause = match more {
            true => Duration::ZERO,
            false if self.pages > 0 || self.degraded.is_some() => ROUND,
            false => IDLE,
        };
        self.round = Instant::now() + pause;
    }

    /// A step of the retention; true if there is more to do.
    fn tidy(&mut self) -> bool {
        match self.retention.step(&mut self.database, self.clock.now()) {
            Ok(more) => {
                self.pages += self.database.logged();
                more
            }
            Err(error) => {
                warn!(%error, "old history was not deleted from the store");
                false
            }
        }
    }

    fn measure(&self) -> rusqlite::Result<()> {
        let size = self.database.sizes()?;
        self.metrics.size.set(i64::try_from(size.whole).unwrap_or(i64::MAX));
        let (waiting, oldest) = table::outbox::waiting(&self.database.db)?;
        self.metrics.pending.set(waiting);
        self.metrics.oldest.set(oldest.map_or(0.0, clock::epoch_seconds));
        self.metrics.queued.set(count(self.commits.len()));
        Ok(())
    }

    fn last_words(&mut self) {
        // A last try, whenever the last one was.
        if let Some((why, _)) = self.degraded.take() {
            let long_ago = Instant::now().checked_sub(ROUND).unwrap_or_else(Instant::now);
            self.degraded = Some((why, long_ago));
            if self.catch_up().is_err() {
                let records = self.backlog.len();
                error!(records, "the store ends without records that it could not write");
            }
        }
        self.checkpoint("TRUNCATE");
    }
}

/// Why a transaction did not come to its end.
enum Failure {
    /// The disk, or whoever holds the file: the same may succeed later.
    Disk(CommitError),
    /// One of the records: it never will.
    Record(CommitError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode as C;
        let why = CommitError(error.to_string().into());
        match error.sqlite_error_code() {
            Some(
                C::ConstraintViolation
                | C::TypeMismatch
                | C::TooBig
                | C::ParameterOutOfRange
                | C::ApiMisuse
                | C::Unknown,
            )
            | None => Self::Record(why),
            Some(_) => Self::Disk(why),
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
