//! Tables of another program's database, read while that program runs.
//!
//! Contract: nothing beside or in the file is written, locked or made. A file without a log is opened as one that never
//! changes, which takes no locks. One with a log (WAL) is read from a copy of both: to open it where it is, SQLite would need
//! the index of the log (`-shm`), which the other program has in its memory too.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Rows by the names of tables; a row is values by the names of columns.
pub type Tables = BTreeMap<String, Vec<Map<String, Value>>>;

/// What was read of a database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// What it holds.
    pub tables: Tables,
    /// What was left out of it: a sentence each.
    pub unread: Vec<String>,
}

/// How often a file is copied anew that changes meanwhile.
const ATTEMPTS: u8 = 5;
/// The most rows of a table, and the most bytes of a value: what is configured by people is far below.
const MOST_ROWS: usize = 100_000;
const LONGEST: usize = 4 << 20;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// The file system's word.
    #[error("cannot read {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file system's, of the folder for a copy.
    #[error("cannot copy the database and its log into {}: {error}; TMPDIR names another folder", folder.display())]
    Copy {
        /// The folder that copies are made in.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database's.
    #[error("cannot read {}: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
    /// It was written to while it was copied, each time.
    #[error("{} changes while it is read; stop the program that writes to it, or copy it by `sqlite3 FILE .backup`", .0.display())]
    Busy(PathBuf),
    /// A transaction was left behind by a crash.
    #[error("{} holds a transaction that was not ended ({}-journal): let its own program open it once", .0.display(), .0.display())]
    Unfinished(PathBuf),
}

/// Reads these tables, as far as they are there.
///
/// # Errors
/// Why the file cannot be read.
pub fn tables(path: &Path, wanted: &[&str]) -> Result<Read, ForeignError> {
    let file = |error| ForeignError::File { path: path.to_owned(), error };
    fs::metadata(path).map_err(file)?;
    if beside(path, "-journal").metadata().is_ok_and(|own| own.len() > 0) {
        return Err(ForeignError::Unfinished(path.to_owned()));
    }
    let log = beside(path, "-wal");
    let copy = if log.metadata().is_ok_and(|own| own.len() > 0) {
        Some(Copy::of(path, &log)?)
    } else {
        None
    };
    let database = |error| ForeignError::Database { path: path.to_owned(), error };
    let opened = if let Some(copy) = &copy {
        let how = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(copy.database(), how)
    } else {
        let how = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(unchanging(path), how)
    };
    opened.and_then(|db| read(&db, wanted)).map_err(database)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The URI of a file that nobody writes to: SQLite takes no locks then, and looks for no log.
fn unchanging(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(byte.into());
            }
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri + "?mode=ro&immutable=1"
}

/// A database and its log, in a folder of our own that goes with it.
struct Copy(PathBuf);

impl Copy {
    fn of(path: &Path, log: &Path) -> Result<Self, ForeignError> {
        let parent = std::env::temp_dir();
        let folder = parent.join(format!("noroshi-{}", Uuid::new_v4()));
        let unmade = |error| ForeignError::Copy { folder: parent.clone(), error };
        DirBuilder::new().mode(0o700).create(&folder).map_err(unmade)?;
        let copy = Self(folder);
        let file = |error| ForeignError::File { path: path.to_owned(), error };
        for _ in 0..ATTEMPTS {
            // Transactions only make the log longer, which does no harm; when it is worked into the file, both change.
            let before = state(path, log).map_err(file)?;
            for (from, to) in [(path, copy.database()), (log, beside(&copy.database(), "-wal"))] {
                let mut from = File::open(from).map_err(file)?;
                let to = File::create(to).map_err(unmade)?;
                pour(&mut from, to, file, unmade)?;
            }
            if state(path, log).map_err(file)? == before {
                return Ok(copy);
            }
        }
        Err(ForeignError::Busy(path.to_owned()))
    }

    fn database(&self) -> PathBuf {
        self.0.join("copy.db")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nobody can be told of it any more; the folder is in the system's place for what goes by itself.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies a file; which of the two failed is told.
fn pour(
    from: &mut File,
    mut to: File,
    unread: impl Fn(io::Error) -> ForeignError,
    unwritten: impl Fn(io::Error) -> ForeignError,
) -> Result<(), ForeignError> {
    let mut part = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut part).map_err(&unread)?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(&part[..length]).map_err(&unwritten)?;
    }
}

/// What a checkpoint changes: the file, and the beginning of the log.
fn state(path: &Path, log: &Path) -> io::Result<(u64, i64, i64, Vec<u8>)> {
    let file = fs::metadata(path)?;
    let mut head = Vec::new();
    File::open(log)?.take(32).read_to_end(&mut head)?;
    Ok((file.len(), file.mtime(), file.mtime_nsec(), head))
}

fn read(db: &Connection, wanted: &[&str]) -> rusqlite::Result<Read> {
    db.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;",
    )?;
    let mut found = Read::default();
    let mut find =
        db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    for name in wanted {
        if find.query_row([name], |row| row.get::<_, i64>(0))? > 0 {
            let rows = rows(db, name, &mut found.unread)?;
            found.tables.insert((*name).to_owned(), rows);
        }
    }
    Ok(found)
}

fn rows(
    db: &Connection,
    table: &str,
    unread: &mut Vec<String>,
) -> rusqlite::Result<Vec<Map<String, Value>>> {
    let mut question =
        db.prepare(&format!("SELECT * FROM \"{}\" ORDER BY rowid", table.replace('"', "\"\"")))?;
    let columns: Vec<String> = question.column_names().map(str::to_owned).collect();
    let mut answer = question.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = answer.next()? {
        if rows.len() == MOST_ROWS {
            unread.push(format!("`{table}` has more than {MOST_ROWS} rows; the rest is left out"));
            break;
        }
        let mut values = Map::new();
        for (at, column) in columns.iter().enumerate() {
            let read = value(row.get_ref(at)?).unwrap_or_else(|why| {
                let number = rows.len() + 1;
                unread.push(format!("`{table}.{column}` of row {number} {why}, and is left out"));
                Value::Null
            });
            values.insert(column.clone(), read);
        }
        rows.push(values);
    }
    Ok(rows)
}

fn value(held: ValueRef<'_>) -> Result<Value, String> {
    Ok(match held {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) if text.len() > LONGEST => {
            return Err(format!("has {} bytes, more than {LONGEST}", text.len()));
        }
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => return Err("is no text in UTF-8".to_owned()),
        },
        ValueRef::Blob(_) => return Err("is a BLOB, not a text".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in a folder: names, sizes and contents.
    fn seen(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    #[test]
    fn a_running_program_is_not_disturbed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's 100% mine.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (id INTEGER, t TEXT, f REAL, b BLOB, n); INSERT INTO a VALUES (1, 'x', 0.5, x'00', NULL)")
            .unwrap();
        // In the log alone.
        assert!(beside(&path, "-wal").metadata().unwrap().len() > 0);
        let before = seen(folder.path());
        let Read { tables, unread } = tables(&path, &["a", "missing"]).unwrap();
        assert_eq!(seen(folder.path()), before);
        assert_eq!(tables.len(), 1);
        assert_eq!(unread, ["`a.b` of row 1 is a BLOB, not a text, and is left out"]);
        assert_eq!(
            Value::from(tables["a"][0].clone()),
            serde_json::json!({"id": 1, "t": "x", "f": 0.5, "b": null, "n": null})
        );
        writer.execute_batch("INSERT INTO a VALUES (2, 'y', 1, NULL, NULL)").unwrap();
    }

    #[test]
    fn a_closed_file_is_read_where_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE a (id INTEGER); INSERT INTO a VALUES (7)",
            )
            .unwrap();
        drop(writer);
        let before = seen(folder.path());
        assert_eq!(before.len(), 1, "the log went with its writer");
        assert_eq!(tables(&path, &["a"]).unwrap().tables["a"][0]["id"], 7);
        assert_eq!(seen(folder.path()), before);
    }

    #[test]
    fn what_is_left_out_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = Connection::open(&path).unwrap();
        let more = MOST_ROWS + 1;
        writer
            .execute_batch(&format!(
                "CREATE TABLE a (t); CREATE TABLE many (n);
                 INSERT INTO a VALUES (x'00'), (printf('%.*c', {LONGEST}, 'x')), (printf('%.*c', {LONGEST} + 1, 'x')), (CAST(x'ff' AS TEXT));
                 WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {more}) INSERT INTO many SELECT n FROM c"
            ))
            .unwrap();
        drop(writer);
        let Read { tables, unread } = tables(&path, &["a", "many"]).unwrap();
        assert_eq!(tables["many"].len(), MOST_ROWS);
        let kept: Vec<_> = tables["a"].iter().map(|row| row["t"].is_string()).collect();
        assert_eq!(kept, [false, true, false, false]);
        assert_eq!(
            unread,
            [
                "`a.t` of row 1 is a BLOB, not a text, and is left out",
                "`a.t` of row 3 has 4194305 bytes, more than 4194304, and is left out",
                "`a.t` of row 4 is no text in UTF-8, and is left out",
                "`many` has more than 100000 rows; the rest is left out",
            ]
        );
    }

    #[test]
    fn what_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert!(matches!(tables(&path, &["a"]), Err(ForeignError::File { .. })));
        fs::write(&path, "no database at all, though it is long enough to hold a header of one hundred bytes, which SQLite wants").unwrap();
        assert!(matches!(tables(&path, &["a"]), Err(ForeignError::Database { .. })));
        fs::write(beside(&path, "-journal"), "x").unwrap();
        assert!(matches!(tables(&path, &["a"]), Err(ForeignError::Unfinished(_))));
    }
}
