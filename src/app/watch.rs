//! Notices changes of the configuration's files, a ConfigMap's symlink swap included.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use notify::{RecursiveMode, Watcher};
use tokio::sync::{Notify, mpsc};
use tracing::{debug, warn};

use crate::clock;

/// Changes closer together than this are one change: editors and `kubectl` write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(500);

/// How often the files are looked at even if nothing was heard: network file systems send no events.
const LOOK: Duration = Duration::from_secs(30);

/// How far a file's time may lag behind the clock: the kernel stamps with its last tick.
const TICK: Duration = Duration::from_millis(10);

/// What the files looked like: length and time by path.
type Seen = BTreeMap<PathBuf, Option<(u64, SystemTime)>>;

/// Sends `()` into `changed` whenever one of the files or a directory's listing changed. Never returns.
///
/// A directory is watched instead of its files, because a ConfigMap's update replaces the symlink `..data` beside them
/// and an editor's save replaces the file itself. What changed after `loaded`, when the files began to be read, is a
/// change too.
pub(super) async fn files(paths: Vec<PathBuf>, loaded: SystemTime, changed: mpsc::Sender<()>) {
    let heard = Arc::new(Notify::new());
    let mut watched = directories(&paths);
    let mut _watcher = watch(&watched, &heard);
    let mut seen = look(&paths);
    let since = loaded - TICK;
    if seen.values().flatten().any(|(_, modified)| *modified >= since) {
        let _ = changed.try_send(());
    }
    loop {
        tokio::select! {
            () = heard.notified() => clock::sleep(DEBOUNCE).await,
            () = clock::sleep(LOOK) => {}
        }
        // A directory that was missing may have come.
        if directories(&paths) != watched {
            watched = directories(&paths);
            _watcher = watch(&watched, &heard);
        }
        let now = look(&paths);
        if now != seen {
            seen = now;
            debug!("a configuration file changed");
            // A reload that is already asked for and not begun will read this change too.
            let _ = changed.try_send(());
        }
    }
}

/// A watcher for the directories; without one (no inotify handles left) the regular look still works.
fn watch(directories: &[PathBuf], heard: &Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let told = Arc::clone(heard);
    let tell = move |event: notify::Result<notify::Event>| {
        // Our own look at a directory is an access, and must not lead to the next look.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            told.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(tell)
        .inspect_err(|error| warn!(%error, "files are only looked at every 30 s"))
        .ok()?;
    for directory in directories {
        if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
            warn!(%error, directory = %directory.display(), "only looked at every 30 s");
        }
    }
    Some(watcher)
}

fn directories(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = paths.iter().map(|path| directory(path).to_owned()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn directory(path: &Path) -> &Path {
    if path.is_dir() {
        return path;
    }
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files, and the files of the directories; symlinks are followed to what they lead to now.
fn look(paths: &[PathBuf]) -> Seen {
    let mut seen = Seen::new();
    for path in paths {
        if let Ok(listing) = std::fs::read_dir(path) {
            for file in listing.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
                let stamp = stamp(&file);
                seen.insert(file, stamp);
            }
        } else {
            seen.insert(path.clone(), stamp(path));
        }
    }
    seen
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::clock::Clock;

    /// Writes `content` into a new directory and swings `..data` to it, as the kubelet does.
    fn swap(root: &Path, version: &str, content: &str) {
        let target = root.join(version);
        fs::create_dir(&target).unwrap();
        fs::write(target.join("noroshi.toml"), content).unwrap();
        symlink(version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    }

    #[tokio::test]
    async fn a_change_before_the_watch_began_is_not_lost() {
        let root = tempfile::tempdir().unwrap();
        let loaded = Clock::system().now().into();
        let file = root.path().join("noroshi.toml");
        fs::write(&file, "a = 1").unwrap();
        let (tell, mut told) = mpsc::channel(1);
        let watching = tokio::spawn(files(vec![file], loaded, tell));
        tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
        watching.abort();
    }

    #[tokio::test]
    async fn a_config_maps_symlink_swap_is_one_change() {
        let root = tempfile::tempdir().unwrap();
        swap(root.path(), "..v1", "a = 1");
        let file = root.path().join("noroshi.toml");
        symlink("..data/noroshi.toml", &file).unwrap();
        let (tell, mut told) = mpsc::channel(1);
        let loaded = SystemTime::from(Clock::system().now()) + Duration::from_hours(1);
        let watching = tokio::spawn(files(vec![file], loaded, tell));
        // The watch is up once the task has run to its first wait.
        tokio::task::yield_now().await;
        swap(root.path(), "..v2", "a = 22");
        tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
        assert!(told.try_recv().is_err());
        watching.abort();
    }
}
