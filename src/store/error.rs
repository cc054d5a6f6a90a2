use std::{fmt, io, path::PathBuf};

use rusqlite::ErrorCode;

/// Why a store could not be opened. Nothing of the file was changed.
#[derive(Debug)]
pub struct OpenError {
    /// Which file; `None` for the memory.
    pub path: Option<PathBuf>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a store's file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Another process has it.
    #[error(
        "it is in use by another process{}; two of them would tell everything twice: stop that one, or give this one a \
         file of its own", pid(*.0)
    )]
    InUse(Option<u32>),
    /// Another program holds SQLite's lock.
    #[error("another program keeps it locked; end that program's transaction")]
    Locked,
    /// The file is something else.
    #[error("it is {0}; name another file, it was left as it is")]
    Foreign(&'static str),
    /// A newer version wrote it.
    #[error(
        "it was written by a newer noroshi (its schema is version {found}, this one knows {known}); run that version, or \
         name another file"
    )]
    Newer {
        /// The version of the file.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// What is in it makes no sense.
    #[error(
        "it is damaged: {0}; it was left as it is: put a copy in its place, or move it away to begin with an empty one"
    )]
    Damaged(String),
    /// It, or its folder, cannot be written.
    #[error("{what}: {error}; noroshi must be able to write the file and its folder")]
    Access {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// No space is left.
    #[error("the disk is full; make room, or name a file on another disk")]
    Full,
    /// Something else of the system's.
    #[error("{0}")]
    System(io::Error),
    /// Something else of SQLite's.
    #[error("{0}")]
    Sqlite(rusqlite::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "cannot use the store `{}`: {}", path.display(), self.problem),
            None => write!(f, "cannot hold the store in memory: {}", self.problem),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Access { what: "opening it", error: io::Error::other(error) }
            }
            None => match error {
                // A row that we never wrote so.
                E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
                | E::InvalidColumnType(..)
                | E::Utf8Error(..) => Self::Damaged(error.to_string()),
                error => Self::Sqlite(error),
            },
            Some(_) => Self::Sqlite(error),
        }
    }
}

fn pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
