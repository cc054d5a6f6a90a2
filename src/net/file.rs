//! Files a run needs: secrets, bodies, PEM.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use crate::{
    clock::{self, Instant},
    model::{Failure, Reason},
};

/// A whole file, off the runtime. A file system that hangs costs a thread, never the run its deadline.
///
/// # Errors
/// `local_file`, by `deadline` at the latest. The detail names the file and never quotes it.
pub async fn read_by(deadline: Instant, path: PathBuf, limit: u64) -> Result<Vec<u8>, Failure> {
    let shown = path.clone();
    by(deadline, move || read(&path, limit)).await.map_err(|why| unusable(&shown, &why))?
}

/// Work with files, off the runtime. The error says why there is no result.
async fn by<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    match clock::timeout_at(deadline, spawn_blocking(work)).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("this machine did not read it before the deadline".to_owned()),
    }
}

/// A whole file. Blocks.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let fail = |why: &str| unusable(path, why);
    // A pipe would be waited for without end, a device has none.
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(fail("it is not a regular file")),
        Ok(meta) if meta.len() > limit => return Err(fail(&too_large(limit))),
        Ok(_) => {}
        Err(error) => return Err(fail(&error.to_string())),
    }
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > limit => Err(fail(&too_large(limit))),
        Ok(_) => Ok(bytes),
        Err(error) => Err(fail(&error.to_string())),
    }
}

/// The failure of a file that cannot be used.
pub(super) fn unusable(path: &Path, why: &str) -> Failure {
    Failure::new(Reason::LocalFile, format!("{}: {why}", path.display()))
}

fn too_large(limit: u64) -> String {
    format!("it is larger than {limit} bytes")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn why(path: &Path) -> String {
        let deadline = Instant::now() + Duration::from_secs(5);
        let failure = read_by(deadline, path.to_owned(), 10).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalFile);
        failure.detail
    }

    #[tokio::test]
    async fn only_regular_files_of_a_bounded_size_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "0123456789").unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        assert_eq!(read_by(deadline, path.clone(), 10).await.unwrap(), b"0123456789");
        fs::write(&path, "0123456789a").unwrap();
        assert!(why(&path).await.contains("larger than 10 bytes"));
        assert!(why(Path::new("/dev/zero")).await.contains("not a regular file"));
        let fifo = directory.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(why(&fifo).await.contains("not a regular file"));
        assert!(why(directory.path()).await.contains("not a regular file"));
    }

    #[tokio::test]
    async fn a_file_that_hangs_does_not_hang_the_run() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let deadline = Instant::now() + Duration::from_millis(20);
        let why = by(deadline, move || held.recv()).await.unwrap_err();
        assert!(why.contains("deadline"), "{why}");
        drop(release);
    }
}
