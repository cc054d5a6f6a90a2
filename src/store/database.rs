//! The file: found to be ours, locked, opened with everything that durability needs.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, hooks::Wal};
use uuid::Uuid;

use super::{
    Problem,
    lock::Lock,
    migration::{self, APPLICATION, VERSION},
    table,
};
use crate::{clock::Instant, model::Restored};

/// How long a lock that another program holds is waited for.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// How long the look for damage may delay a start; what it does not reach shows when it is read.
const CHECK: Duration = Duration::from_secs(1);

/// Instructions of SQLite between two looks at the time; some 10 us.
pub(super) const STEPS: i32 = 1000;

/// What the writing connection keeps of the file, in KiB, negative as SQLite has it: new rows stand side by side, so that little
/// is looked at twice.
const CACHE: i64 = -1024;

/// The log is cut to this when it starts anew: twice what it grows to between two checkpoints.
const LOG: i64 = 16 << 20;

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// It does.
    Full,
    /// The system writes when it likes: a crash of the machine takes acknowledged records with it.
    Off,
}

/// Where a database is.
pub(super) enum Source {
    File(PathBuf),
    /// Shared by the connections of this process under a name of its own; gone with the last of them.
    Memory(String),
}

impl Source {
    pub(super) fn new(path: Option<&Path>) -> Self {
        match path {
            Some(path) => Self::File(path.to_owned()),
            None => Self::Memory(format!("file:/noroshi-{}?vfs=memdb", Uuid::new_v4())),
        }
    }

    /// One more connection that changes nothing.
    pub(super) fn reading(&self) -> rusqlite::Result<Connection> {
        let db = self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }

    fn connect(&self, how: OpenFlags) -> rusqlite::Result<Connection> {
        let how = how | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::File(path) => Connection::open_with_flags(path, how),
            Self::Memory(uri) => {
                let how =
                    how.difference(OpenFlags::SQLITE_OPEN_READ_ONLY) | OpenFlags::SQLITE_OPEN_URI;
                let write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
                Connection::open_with_flags(uri, how | write)
            }
        }
    }
}

/// The one connection that writes.
pub(super) struct Database {
    pub(super) db: Connection,
    pub(super) source: Arc<Source>,
    /// Pages that commits added to the log since they were last asked for.
    logged: Arc<AtomicUsize>,
    /// Given back after the connection is closed: fields are dropped in their order.
    _lock: Option<Lock>,
}

impl Database {
    pub(super) fn open(source: &Arc<Source>, synchronous: Synchronous) -> Result<Self, Problem> {
        let lock = match &**source {
            Source::File(path) => Some(prepare(path)?),
            Source::Memory(_) => None,
        };
        let write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut db = source.connect(write)?;
        db.busy_timeout(BUSY)?;
        db.set_prepared_statement_cache_capacity(table::STATEMENTS);
        db.pragma_update(None, "cache_size", CACHE)?;
        // What a newer version wrote may still be in the log, where the header does not show it.
        let found = migration::version(&db)?;
        if found > VERSION {
            return Err(Problem::Newer { found, known: VERSION });
        }
        db.execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
        )?;
        if found == 0 {
            // Must come before the first table.
            db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
        } else {
            check(&mut db)?;
        }
        migration::migrate(&mut db)?;
        let logged = Arc::default();
        if lock.is_some() {
            log_ahead(&db, synchronous)?;
            count_logged(&mut db, Arc::clone(&logged))?;
        }
        Ok(Self { db, source: Arc::clone(source), logged, _lock: lock })
    }

    /// Pages that were added to the log since this was last asked.
    pub(super) fn logged(&self) -> usize {
        self.logged.swap(0, Ordering::Relaxed)
    }

    pub(super) fn restore(&self) -> Result<Restored, Problem> {
        Ok(table::restore(&self.db)?)
    }

    /// How large it is now.
    pub(super) fn sizes(&self) -> rusqlite::Result<Sizes> {
        let pragma = |name| self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
        let page = pragma("page_size")?;
        let log = match &*self.source {
            Source::File(path) => beside(path, "-wal").metadata().map_or(0, |log| log.len()),
            Source::Memory(_) => 0,
        };
        let bytes = |pages: i64| u64::try_from(pages * page).unwrap_or_default();
        Ok(Sizes { used: bytes(pages - free), free: bytes(free), whole: bytes(pages) + log })
    }
}

/// Bytes.
pub(super) struct Sizes {
    /// Of pages that hold something.
    pub(super) used: u64,
    /// Of pages that do not.
    pub(super) free: u64,
    /// Of the file and its log.
    pub(super) whole: u64,
}

/// Makes the folder, takes the lock, and looks whether the file is ours before SQLite sees it.
fn prepare(path: &Path) -> Result<Lock, Problem> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .map_err(|error| Problem::Access { what: "making its folder", error })?;
    }
    // A file that is not ours gets no lock file beside it either.
    inspect(path)?;
    let lock = Lock::take(path)?;
    inspect(path)?;
    Ok(lock)
}

/// Reads the header: <https://www.sqlite.org/fileformat2.html#the_database_header>.
fn inspect(path: &Path) -> Result<(), Problem> {
    let access = |error| Problem::Access { what: "reading it", error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(access(error)),
    };
    if !file.metadata().map_err(access)?.is_file() {
        return Err(Problem::Foreign("no file"));
    }
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header).map_err(access)?;
    if header.is_empty() {
        return Ok(());
    }
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_be_bytes).unwrap_or_default()
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(Problem::Foreign("no database"));
    }
    if number(68) != APPLICATION {
        return Err(Problem::Foreign("a database of another program"));
    }
    let found = number(60);
    if found > VERSION {
        return Err(Problem::Newer { found, known: VERSION });
    }
    Ok(())
}

/// Looks for damage, as far as it gets in its time.
fn check(db: &mut Connection) -> Result<(), Problem> {
    let until = Instant::now() + CHECK;
    db.progress_handler(STEPS, Some(move || Instant::now() > until))?;
    let found = db.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    db.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Ok(word) if word == "ok" => Ok(()),
        Ok(words) => Err(Problem::Damaged(words)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            tracing::info!("the store is large: only a part of it was checked for damage");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Commits go to a log that is synced; into the file itself they come by checkpoints.
fn log_ahead(db: &Connection, synchronous: Synchronous) -> Result<(), Problem> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let error = io::Error::other(format!("its journal mode stays `{mode}`"));
        return Err(Problem::Access { what: "keeping a log beside it", error });
    }
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Off => "OFF",
    };
    db.pragma_update(None, "synchronous", synchronous)?;
    // Checkpoints are ours: after the answers, not before them.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_size_limit", LOG)?;
    Ok(())
}

/// Each commit tells how long the log is with it; a shorter one was begun anew.
fn count_logged(db: &mut Connection, logged: Arc<AtomicUsize>) -> Result<(), Problem> {
    let mut before = 0;
    let count = move |_: &mut Wal, pages| {
        let added = if pages > before { pages - before } else { pages };
        before = pages;
        logged.fetch_add(usize::try_from(added).unwrap_or_default(), Ordering::Relaxed);
        Ok(())
    };
    Ok(db.wal_hook(Some(count))?)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
