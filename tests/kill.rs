//! `kill -9` under load, again and again: what was acknowledged is told, once, and nothing is told that is not so.
//!
//! Each round starts `noroshi alertmanager` on the same folder, posts alerts, resolves of alerts that were told, and
//! silences, and is killed in the middle of it. A recorder outlives all rounds and keeps every notice. After the last round the
//! daemon is let run until it is quiet, and then all that was ever acknowledged is held against all that was told.
//!
//! There are two ways of telling: one that hears of ends, and one that does not. Some alerts run out while the daemon is
//! away, which is no end that anybody told.
//!
//! `NOROSHI_KILL_ROUNDS` is how many rounds there are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test says what went wrong by panicking, and counts what it saw"
)]

#[path = "kill/load.rs"]
mod load;
#[path = "kill/recorder.rs"]
mod recorder;
mod support;

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use load::Load;
use recorder::Recorder;
use serde_json::Value;
use support::daemon::{Daemon, noroshi};

/// As many as the product promises.
const ROUNDS: u32 = 50;

/// How long nothing may come in before it counts as quiet: longer than the longest wait between two tries of a receiver
/// that answers.
const QUIET: Duration = Duration::from_secs(3);

/// How long it may take until then.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every alert is a group of its own, so that its notices are its own.
fn config(recorder: &Recorder, quiet: &Recorder) -> String {
    format!(
        "route:\n  receiver: recorder\n  group_by: [alertname]\n  group_wait: 20ms\n  group_interval: 100ms\n  \
         repeat_interval: 4h\nreceivers:\n  - name: recorder\n    webhook_configs:\n      - url: http://{}/\n      \
         - url: http://{}/\n        send_resolved: false\n",
        recorder.address(),
        quiet.address(),
    )
}

fn start(folder: &Path) -> Daemon {
    let config = format!("--config.file={}", folder.join("alertmanager.yml").display());
    let storage = format!("--storage.path={}", folder.join("data").display());
    let flags = ["alertmanager", &config, &storage, "--cluster.listen-address="];
    Daemon::spawn(noroshi(&flags).arg("--web.listen-address=127.0.0.1:0"))
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds = std::env::var("NOROSHI_KILL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let folder = tempfile::tempdir().unwrap();
    let (recorder, quiet) = (Recorder::start(), Recorder::start());
    std::fs::write(folder.path().join("alertmanager.yml"), config(&recorder, &quiet)).unwrap();
    let mut load = Load::default();
    for round in 0..rounds.unwrap_or(ROUNDS) {
        let daemon = start(folder.path());
        load.run(&daemon, &recorder, round);
    }
    let daemon = start(folder.path());
    let told = settled(&load, &recorder, &quiet);
    assert_silences(&load, &daemon);

    let lost = load.firing.difference(&told.firing).collect::<Vec<_>>();
    assert!(lost.is_empty(), "acknowledged, never told: {lost:?}");
    let unresolved = load.resolved.difference(&told.resolved).collect::<Vec<_>>();
    assert!(unresolved.is_empty(), "resolves acknowledged, never told: {unresolved:?}");
    // A resolve that was sent may have been taken although the kill cut off its answer.
    let invented = told.resolved.difference(&load.resolves_sent).collect::<Vec<_>>();
    assert!(invented.is_empty(), "told as resolved, which nobody said: {invented:?}");
    assert_quiet(&load, &quiet);
    eprintln!(
        "{} alerts, {} resolves and {} silences acknowledged; {} notices, {} of them again under the same key",
        load.firing.len(),
        load.resolved.len(),
        load.silences.len(),
        recorder.count(),
        told.repeated,
    );
    assert!(told.unexplained.is_empty(), "told twice under two keys: {:?}", told.unexplained);
}

/// Waits until all is told, or until nothing more comes.
fn settled(load: &Load, recorder: &Recorder, quiet: &Recorder) -> recorder::Told {
    let until = Instant::now() + PATIENCE;
    let heard = || recorder.count() + quiet.count();
    let (mut count, mut since) = (heard(), Instant::now());
    loop {
        std::thread::park_timeout(Duration::from_millis(100));
        let told = recorder.told();
        let whole = load.firing.is_subset(&told.firing) && load.resolved.is_subset(&told.resolved);
        if count != heard() {
            (count, since) = (heard(), Instant::now());
        }
        let silent = since.elapsed() > QUIET;
        if silent && (whole || since.elapsed() > QUIET * 5) || Instant::now() > until {
            return told;
        }
    }
}

/// Who hears of no ends is told of every fire, but for one that was over before.
fn assert_quiet(load: &Load, quiet: &Recorder) {
    let told = quiet.told();
    let burning = load.firing.difference(&load.resolves_sent);
    let lost = burning.filter(|name| !told.firing.contains(*name)).collect::<Vec<_>>();
    assert!(lost.is_empty(), "acknowledged, never told to who hears of no ends: {lost:?}");
    assert!(told.resolved.is_empty(), "told an end it does not want: {:?}", told.resolved);
    assert!(told.unexplained.is_empty(), "told twice under two keys: {:?}", told.unexplained);
}

fn assert_silences(load: &Load, daemon: &Daemon) {
    let answer: Vec<Value> = serde_json::from_str(&daemon.get("/api/v2/silences").body).unwrap();
    let there: BTreeSet<String> =
        answer.iter().map(|silence| silence["id"].as_str().unwrap().to_owned()).collect();
    let lost = load.silences.difference(&there).collect::<Vec<_>>();
    assert!(lost.is_empty(), "silences acknowledged, not there: {lost:?}");
}
