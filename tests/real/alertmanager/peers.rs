//! The two programs, each as a process: on the same file, on a port of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{
    server::{itself, part, wait_until},
    support::daemon::{Daemon, noroshi},
};

/// The package and the program of the peer, as Debian names them.
const PEER: &str = "prometheus-alertmanager";

/// What noroshi stands in for.
const VERSION: &str = "0.33.1";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Theirs,
    Ours,
}

/// One of them, and the folder it works in.
pub(crate) struct Peer {
    pub(crate) daemon: Daemon,
    folder: TempDir,
}

impl Side {
    /// Starts it on this configuration. `None` where the peer is missing, which was said then.
    pub(crate) fn start(self, config: &str, more: &[&str]) -> Option<Peer> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = match self {
            Self::Ours if !itself() => noroshi(&["alertmanager"]),
            _ => Command::new(peer()?),
        };
        let file = folder.path().join("alertmanager.yml");
        std::fs::write(&file, config).unwrap();
        let in_cluster = more.iter().any(|flag| flag.starts_with("--cluster.listen-address"));
        command
            .env_clear()
            .current_dir(folder.path())
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .args((!in_cluster).then_some("--cluster.listen-address="))
            .arg("--web.listen-address=127.0.0.1:0")
            .args(more);
        Some(Peer { daemon: Daemon::spawn(&mut command), folder })
    }
}

impl Peer {
    /// Where its configuration is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same process on another configuration.
    pub(crate) fn reload(&self, config: &str) {
        std::fs::write(self.folder.path().join("alertmanager.yml"), config).unwrap();
        let answer = self.daemon.ask("POST", "/-/reload", &[]);
        assert_eq!(answer.status, 200, "{}\n{config}", answer.body);
    }

    /// Waits until its alerts are in their groups, into which it takes them a moment after the answer.
    pub(crate) fn settled(&self) {
        wait_until("alerts in their groups", || {
            let count = |path| {
                let all: Vec<serde_json::Value> =
                    serde_json::from_str(&self.daemon.get(path).body).ok()?;
                Some(all)
            };
            let alerts = count("/api/v2/alerts")?.len();
            let mut grouped: Vec<String> = count("/api/v2/alerts/groups")?
                .iter()
                .flat_map(|group| group["alerts"].as_array().unwrap().clone())
                .map(|alert| alert["fingerprint"].to_string())
                .collect();
            grouped.sort();
            grouped.dedup();
            (grouped.len() == alerts).then_some(())
        });
    }
}

/// The peer's program; it has to be the version that the tests were written for.
fn peer() -> Option<PathBuf> {
    static RIGHT: OnceLock<()> = OnceLock::new();
    let path = part(PEER)?;
    RIGHT.get_or_init(|| {
        let output = Command::new(&path).arg("--version").output().unwrap();
        let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(words.contains(&format!("version {VERSION}")), "not {VERSION}, but {words}");
    });
    Some(path)
}
