use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Result};

use super::{
    database::{Database, Source},
    spec,
};

/// Rows that go at once: a commit that comes meanwhile waits for one such step, some milliseconds.
const STEP: usize = 500;

/// Pages that are given back to the file system at once.
const PAGES: usize = 256;

/// What history may take while everything is held in memory.
const MEMORY: u64 = 32 << 20;

/// Deletes history that is too old or too much: deliveries and closed incidents, nothing else ever.
pub(super) struct Retention {
    options: spec::Options,
    /// Whether it was said that only what is in force is left, and too large.
    complained: bool,
}

impl Retention {
    pub(super) fn new(options: &spec::Options) -> Self {
        Self { options: options.clone(), complained: false }
    }

    /// One step; whether there is more to do.
    pub(super) fn step(&mut self, database: &mut Database, now: Timestamp) -> Result<bool> {
        let kept = self.options.retention.0;
        if !kept.is_zero() {
            let since = SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX);
            let since = now.saturating_sub(since).unwrap_or(Timestamp::MIN).as_microsecond();
            let gone = oldest_go(&database.db, "at < ?1", "ended < ?1", since)?;
            if gone > 0 {
                return Ok(true);
            }
        }
        let sizes = database.sizes()?;
        let most = match &*database.source {
            Source::File(_) => self.options.max_size.0,
            Source::Memory(_) => self.options.max_size.0.min(MEMORY),
        };
        if sizes.used > most {
            let gone = self.shrink(&database.db)?;
            return Ok(gone > 0);
        }
        self.complained = false;
        // Free pages are used again by what comes next; only many of them, or those of too large a file, are given back.
        if sizes.free > sizes.used / 2 + (4 << 20)
            || (sizes.free > 0 && sizes.free + sizes.used > most)
        {
            vacuum(&database.db)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn shrink(&mut self, db: &Connection) -> Result<usize> {
        let gone = oldest_go(db, "?1 >= 0", "?1 >= 0 AND ended IS NOT NULL", 0)?;
        if gone == 0 && !std::mem::replace(&mut self.complained, true) {
            tracing::warn!(
                "the store is larger than `max_size`, and all of it is in force: no history is left to delete"
            );
        }
        Ok(gone)
    }
}

/// Deletes the oldest deliveries under a condition, and where there are none, incidents; says how many.
fn oldest_go(db: &Connection, deliveries: &str, incidents: &str, value: i64) -> Result<usize> {
    let mut gone = 0;
    for (table, order, condition) in
        [("deliveries", "at", deliveries), ("incidents", "began", incidents)]
    {
        if gone == 0 {
            gone = db.execute(
                &format!(
                    "DELETE FROM {table} WHERE id IN \
                     (SELECT id FROM {table} WHERE {condition} ORDER BY {order} LIMIT {STEP})"
                ),
                (value,),
            )?;
        }
    }
    Ok(gone)
}

fn vacuum(db: &Connection) -> Result<()> {
    let mut vacuum = db.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = vacuum.query(())?;
    // Each step frees one page.
    while rows.next()?.is_some() {}
    Ok(())
}
