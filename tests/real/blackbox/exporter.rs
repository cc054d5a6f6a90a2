//! The two programs, each as a process: started with the same flags, on a port of its own.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use crate::{
    server::{itself, part},
    support::daemon::{Daemon, noroshi},
};

/// The package and the program of the peer, as Debian names them.
const PEER: &str = "prometheus-blackbox-exporter";

/// What noroshi stands in for.
const VERSION: &str = "0.28.0";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Theirs,
    Ours,
}

impl Side {
    /// Both, the one that is right by definition first.
    pub(super) const BOTH: [Self; 2] = [Self::Theirs, Self::Ours];

    /// The program with nothing in its environment. `None` where the peer is missing, which was said then.
    pub(super) fn command(self) -> Option<Command> {
        Some(match self {
            Self::Ours if !itself() => noroshi(&["blackbox"]),
            _ => {
                let mut command = Command::new(peer()?);
                // The project's own builds resolve names without the C library, which Debian's prefers.
                command.env_clear().env("GODEBUG", "netdns=go");
                command
            }
        })
    }

    /// Starts it on a free port of 127.0.0.1 and waits until it listens.
    pub(super) fn start(
        self,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Option<Daemon> {
        let mut command = self.command()?;
        command.args(arguments).arg("--web.listen-address=127.0.0.1:0");
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        Some(Daemon::spawn(&mut command))
    }

    /// Runs it to its end, for calls that are not meant to serve; what it says is thrown away.
    pub(super) fn run(self, arguments: &[&str]) -> Option<ExitStatus> {
        let mut command = self.command()?;
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(command.status().unwrap())
    }
}

/// The peer's program; it has to be the version that the cases and `allowed.txt` were written for.
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
