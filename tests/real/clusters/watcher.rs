//! noroshi as a daemon at work on a cluster: what it says of its checks, and what it shows of the objects.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::scrape::{Scrape, label};
use crate::support::{daemon::Daemon, patience::patience};

/// Between two looks of somebody who measures how soon something is seen.
const LOOK: Duration = Duration::from_millis(20);

/// By an hour's interval nothing is judged in a test but what a watch has told of.
const DEFAULTS: &str = "[defaults]\ninterval = \"1h\"\nfailures = 1\nsuccesses = 1\n";

/// A daemon that runs; everything it logs is shown when a test fails.
pub(super) struct Watcher {
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

/// The word of a check's state, and why it is not up.
pub(super) type Standing = (String, String);

impl Watcher {
    /// Starts it: it watches everything that is watched by default, and these objects are its checks.
    pub(super) fn start<'c>(
        kubeconfig: &Path,
        checks: impl Iterator<Item = (&'c str, &'c str)>,
    ) -> Self {
        let mut text =
            format!("{DEFAULTS}[clusters.main]\nkubeconfig = \"{}\"\n", kubeconfig.display());
        for (name, object) in checks {
            text.push_str(&format!("[checks.{name}]\nkubernetes = {{ {object} }}\n"));
        }
        let (daemon, folder, _) = Daemon::configured(&text);
        Self { daemon, _folder: folder }
    }

    /// What it tells of itself and of its checks.
    pub(super) fn own(&self) -> Scrape {
        self.scrape("/metrics")
    }

    /// The objects.
    pub(super) fn objects(&self) -> Scrape {
        self.scrape("/metrics/kube")
    }

    fn scrape(&self, path: &str) -> Scrape {
        Scrape::parse(&self.daemon.get(path).body).unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    /// What happened in the cluster, the newest first.
    pub(super) fn events(&self) -> Vec<Value> {
        let answer = self.daemon.get("/api/v1/events?limit=1000").body;
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        serde_json::from_value(answer["events"].take()).unwrap()
    }

    /// How each check is.
    pub(super) fn standings(&self) -> BTreeMap<String, Standing> {
        let own = self.own();
        let words = |family: &str, of: &str| -> BTreeMap<String, String> {
            let rows = own.rows(family).into_iter();
            let word = |series: &str, name: &str| label(series, name).unwrap().to_owned();
            rows.map(|(series, _)| (word(series, "check"), word(series, of))).collect()
        };
        let mut reasons = words("noroshi_check_failing", "reason");
        let states = words("noroshi_check_state_info", "state").into_iter();
        let with_reason = |(check, state)| {
            let reason = reasons.remove(&check).unwrap_or_default();
            (check, (state, reason))
        };
        states.map(with_reason).collect()
    }

    /// Waits until a check is so; how long it took.
    pub(super) fn until(&self, check: &str, state: &str, reason: &str) -> Duration {
        let wanted = Some((state.to_owned(), reason.to_owned()));
        until_seen(&format!("{check} to be {state} {reason}"), || {
            let seen = self.standings().remove(check);
            if seen == wanted { Ok(()) } else { Err(format!("{seen:?}")) }
        })
    }
}

/// Waits until something is seen; how long it took. Otherwise there is what is seen instead.
pub(super) fn until_seen(what: &str, mut seen: impl FnMut() -> Result<(), String>) -> Duration {
    let begun = Instant::now();
    let allowed = patience().max(Duration::from_secs(30));
    while let Err(instead) = seen() {
        assert!(begun.elapsed() < allowed, "waited in vain for {what}: {instead}");
        // Another program's answer: there is nothing to be told by.
        std::thread::sleep(LOOK);
    }
    begun.elapsed()
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.daemon.log();
            let tail = log.lines().rev().take(40).collect::<Vec<_>>();
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}
