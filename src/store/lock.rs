use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::Problem;

/// Keeps other processes off a store, for as long as it lives: the kernel takes it back from a process that dies.
///
/// It is a file beside the database and not SQLite's own lock, so that people can look into the database meanwhile.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a database, without waiting.
    pub(super) fn take(database: &Path) -> Result<Self, Problem> {
        let access = |error| Problem::Access { what: "opening its lock file", error };
        let path = path_of(database);
        // Not truncated: it holds the number of the process that has it.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(access)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Problem::InUse(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(access(error)),
        }
        // Only for people; a disk without room for it is noticed elsewhere.
        let _ = note(&mut file);
        Ok(Self { _file: file })
    }
}

fn path_of(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".lock");
    path.into()
}

fn note(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(std::process::id().to_string().as_bytes())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
