//! `tests/alertmanager/`: what was recorded of these files is what the real programs say of them now, and what ours says.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Command};

use super::peers::{Peer, Side};
use crate::{
    server::{itself, part},
    support::daemon::noroshi,
};

/// Files of which we think otherwise: `name | reason`.
const OTHERWISE: &str = include_str!("../../alertmanager/otherwise");

/// Where the files lay when they were recorded: relative paths are shown with their folder.
const FOLDER: &str = "/tmp/noroshi-alertmanager";

/// Files that some of them name.
const NAMED: [&str; 3] = ["t", "i", "f"];

/// Files of which the real server dies, so that there is nothing to compare.
const DEADLY: [&str; 6] = [
    "global_slack_token_and_url_file",
    "route_child_null",
    "slack_global_http_null",
    "slack_null",
    "slack_update_token",
    "telegram_no_api",
];

fn corpus() -> &'static Path {
    const { concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alertmanager") }.as_ref()
}

/// The names of the files, and whether each was accepted.
fn verdicts() -> BTreeMap<String, bool> {
    let text = fs::read_to_string(corpus().join("verdicts")).unwrap();
    let verdict = |line: &str| {
        let (name, verdict) = line.split_once(' ').unwrap();
        (name.to_owned(), verdict == "accepted")
    };
    text.lines().map(verdict).collect()
}

fn is_otherwise(name: &str) -> bool {
    !itself() && OTHERWISE.lines().any(|line| line.split_once(" | ").unwrap().0 == name)
}

#[test]
fn check_config_says_of_every_file_what_was_recorded() {
    let Some(amtool) = part("amtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in NAMED {
        fs::write(folder.path().join(name), "hunter2\n").unwrap();
    }
    let recorded = verdicts();
    assert!(recorded.len() >= 400, "{}", recorded.len());
    let mut complaints = String::new();
    for (name, recorded) in &recorded {
        let file = folder.path().join(format!("{name}.yml"));
        fs::copy(corpus().join(format!("{name}.yml")), &file).unwrap();
        let theirs = accepts(Command::new(&amtool).arg("check-config").arg(&file));
        // What noroshi cannot send by yet it refuses to start with, and says so.
        let check = ["check-config", "--allow-missing-providers", "--alertmanager"];
        let ours = accepts(noroshi(&check).arg(&file));
        if theirs != *recorded {
            let _ = writeln!(complaints, "{name}: recorded {recorded}, and now {theirs}");
        }
        if ours != theirs && !is_otherwise(name) {
            let _ = writeln!(complaints, "{name}: theirs {theirs}, ours {ours}");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

fn accepts(command: &mut Command) -> bool {
    command.output().unwrap().status.success()
}

/// One process each, which reads one file after the other.
#[test]
fn running_servers_take_and_show_the_same_files() {
    let Some(mut theirs) = started(Side::Theirs) else { return };
    let Some(ours) = started(Side::Ours) else { return };
    let (mut complaints, mut shown) = (String::new(), 0);
    let mut deadly = Vec::new();
    for name in verdicts().keys() {
        let text = fs::read(corpus().join(format!("{name}.yml"))).unwrap();
        let got = taken(&ours, &text).expect("an answer of ours");
        let Some(wanted) = taken(&theirs, &text) else {
            assert!(theirs.daemon.log().contains("nil pointer"), "{name}: {}", theirs.daemon.log());
            deadly.push(name.clone());
            theirs = started(Side::Theirs).unwrap();
            continue;
        };
        let recorded = corpus().join(format!("{name}.config"));
        let recorded = fs::read_to_string(recorded).unwrap_or_default();
        if wanted != recorded {
            let _ = writeln!(complaints, "{name}: recorded {recorded:?}, and now {wanted:?}");
        }
        if wanted != got && !is_otherwise(name) {
            let _ = writeln!(complaints, "{name}:\n  theirs {wanted:?}\n  ours   {got:?}");
        }
        shown += usize::from(!wanted.is_empty() && wanted == got);
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(shown >= 160, "{shown}");
    assert_eq!(deadly, DEADLY);
}

fn started(side: Side) -> Option<Peer> {
    let first = "route: { receiver: none }\nreceivers: [{ name: none }]\n";
    let mut flags = vec!["--enable-feature=event-recorder"];
    if side == Side::Ours && !itself() {
        flags.push("--allow-missing-providers");
    }
    let peer = side.start(first, &flags)?;
    for name in NAMED {
        fs::write(peer.folder().join(name), "hunter2\n").unwrap();
    }
    Some(peer)
}

/// What a server shows of a file, empty if it keeps to the last one; no answer at all if it is no more.
fn taken(peer: &Peer, text: &[u8]) -> Option<String> {
    fs::write(peer.folder().join("alertmanager.yml"), text).unwrap();
    let reload = peer.daemon.send("POST", "/-/reload", &[], b"")?;
    let status = peer.daemon.send("GET", "/api/v2/status", &[], b"")?;
    let status: serde_json::Value = serde_json::from_str(&status.body).unwrap();
    let shown = status["config"]["original"].as_str().unwrap();
    let folder = peer.folder().display().to_string();
    Some(if reload.status == 200 { shown.replace(&folder, FOLDER) } else { String::new() })
}
