//! An exporter at work on a cluster: noroshi in the place of kube-state-metrics, or that itself.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::scrape::Scrape;
use crate::{
    server::{Server, free_port, get, wait_until},
    support::daemon::noroshi,
};

/// Between two scrapes of somebody who is still reading.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// One that runs, on ports of its own.
pub(super) struct Exporter {
    server: Server,
    /// Where the objects are shown.
    pub(super) address: SocketAddr,
    /// Where it tells of itself.
    telemetry: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Exporter {
    /// Starts it on loopback, and waits until it answers.
    pub(super) fn start(
        mut command: Command,
        name: &str,
        kubeconfig: &Path,
        flags: &[&str],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [address, telemetry] =
            [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        command
            .args(["--host=127.0.0.1", "--telemetry-host=127.0.0.1"])
            .arg(format!("--port={}", address.port()))
            .arg(format!("--telemetry-port={}", telemetry.port()))
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args(flags);
        let alive = || get(address, "/healthz").is_some();
        let server = Server::start(&mut command, folder.path(), name, alive);
        Self { server, address, telemetry, _folder: folder }
    }

    /// noroshi, once it has read everything that it may read.
    pub(super) fn ours(kubeconfig: &Path, flags: &[&str]) -> Self {
        let ours = Self::start(noroshi(&["kube-state-metrics"]), "noroshi", kubeconfig, flags);
        wait_until("noroshi to be ready", || ours.is_ready().then_some(()));
        ours
    }

    /// Whether it says that it is ready.
    pub(super) fn is_ready(&self) -> bool {
        get(self.address, "/readyz").is_some()
    }

    /// `None` where it does not answer with 200.
    pub(super) fn scrape(&self, path: &str) -> Option<Scrape> {
        parsed(path, get(self.address, path))
    }

    /// The objects, now.
    pub(super) fn objects(&self) -> Scrape {
        self.scrape("/metrics").expect("a scrape")
    }

    /// What it tells of itself.
    pub(super) fn own(&self) -> Scrape {
        parsed("telemetry", get(self.telemetry, "/metrics")).expect("a scrape of the telemetry")
    }

    /// Waits for something that is shown of the objects; how long it took.
    pub(super) fn until(&self, what: &str, holds: impl Fn(&Scrape) -> bool) -> Duration {
        let begun = Instant::now();
        wait_until(what, || holds(&self.objects()).then_some(()));
        begun.elapsed()
    }

    /// The same of what it tells of itself.
    pub(super) fn until_own(&self, what: &str, holds: impl Fn(&Scrape) -> bool) -> Duration {
        let begun = Instant::now();
        wait_until(what, || holds(&self.own()).then_some(()));
        begun.elapsed()
    }

    /// Everything it has logged.
    pub(super) fn said(&self) -> String {
        self.server.said()
    }

    /// Holds it up, as a machine that sleeps would, while something happens.
    pub(super) fn asleep<T>(&self, deed: impl FnOnce() -> T) -> T {
        self.server.signal("STOP");
        let done = deed();
        self.server.signal("CONT");
        done
    }

    /// What it says once it says it twice: it answers before it has read everything.
    pub(super) fn settled(&self, path: &str) -> Scrape {
        let mut last = None;
        wait_until(&format!("{path} to be the same twice"), || {
            let now = self.scrape(path);
            let something = now.as_ref().is_some_and(|now| now.len() > 0 || path.ends_with('='));
            if something && last == now {
                return now;
            }
            last = now;
            // Another program's answer: there is nothing to be told by.
            std::thread::sleep(POLL);
            None
        })
    }
}

fn parsed(path: &str, text: Option<String>) -> Option<Scrape> {
    let parsed = Scrape::parse(&text?);
    Some(parsed.unwrap_or_else(|why| panic!("{path}: {why}")))
}
