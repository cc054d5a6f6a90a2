//! `tests/alertmanager/`: files of every sort with what Alertmanager 0.33.1 said of them. `verdicts` holds the answer of
//! `amtool check-config`, `*.config` what a server shows as `config.original`; `record.sh` there records them anew.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{fmt::Write as _, fs, path::Path};

use noroshi::{
    compat::alertmanager::AlertmanagerFile,
    model::{Diagnostic, matcher::Syntax},
};
use proptest::prelude::*;

/// Files of which we think otherwise, and why: `name | reason`.
const OTHERWISE: &str = include_str!("alertmanager/otherwise");

/// Where `record.sh` keeps the files: relative paths are shown with their folder.
const FOLDER: &str = "/tmp/noroshi-alertmanager";

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alertmanager").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(name: &str) -> Result<AlertmanagerFile, Vec<Diagnostic>> {
    let text = file(&format!("{name}.yml"));
    AlertmanagerFile::read(&text, &Path::new(FOLDER).join(format!("{name}.yml")), Syntax::Fallback)
}

fn is_otherwise(name: &str) -> bool {
    OTHERWISE.lines().any(|line| line.split_once(" | ").unwrap().0 == name)
}

/// Name and whether Alertmanager accepts it.
fn verdicts() -> Vec<(String, bool)> {
    let text = file("verdicts");
    let verdict = |line: &str| {
        let (name, verdict) = line.split_once(' ').unwrap();
        (name.to_owned(), verdict == "accepted")
    };
    text.lines().map(verdict).collect()
}

#[test]
fn every_file_has_a_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alertmanager");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".yml").map(str::to_owned)
        })
        .collect();
    names.sort();
    let known: Vec<String> = verdicts().into_iter().map(|(name, _)| name).collect();
    assert!(names.len() >= 150, "{}", names.len());
    assert_eq!(names, known);
}

#[test]
fn files_are_accepted_and_refused_as_alertmanager_does() {
    let mut complaints = String::new();
    for (name, accepted) in verdicts() {
        let read = read(&name);
        // The one difference in what is shown, not in what is accepted.
        let otherwise = is_otherwise(&name) && name != "recorder_kafka_default";
        if (read.is_ok() == accepted) == otherwise {
            let ours = read.map(drop).map_err(|found| lines(&found));
            let _ = writeln!(complaints, "{name}: theirs {accepted}, ours {ours:?}");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn what_is_shown_of_a_file_is_theirs() {
    let (mut complaints, mut compared) = (String::new(), 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alertmanager");
    for (name, _) in verdicts() {
        let theirs = format!("{name}.config");
        if is_otherwise(&name) {
            continue;
        }
        let (true, Ok(ours)) = (folder.join(&theirs).exists(), read(&name)) else { continue };
        let theirs = file(&theirs);
        compared += 1;
        if *ours.original != *theirs {
            let ours = &ours.original;
            let _ = writeln!(complaints, "== {name}\n-- theirs\n{theirs}-- ours\n{ours}");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(compared >= 100, "{compared}");
}

#[test]
fn every_refusal_has_its_place_and_no_secret() {
    let mut page = String::new();
    for (name, _) in verdicts() {
        let found = match read(&name) {
            Ok(file) => file.warnings,
            Err(found) => found,
        };
        let _ = write!(page, "{}", lines(&found));
        for one in &found {
            assert!(one.span.is_some() || one.path == "route", "{name}: {one:?} is nowhere");
        }
    }
    assert!(!page.contains("hunter2"), "{page}");
    insta::assert_snapshot!("alertmanager_diagnostics", page);
}

fn lines(found: &[Diagnostic]) -> String {
    let mut lines = String::new();
    for one in found {
        let place = one.span.as_ref().map_or_else(String::new, |span| {
            let file = span.file.file_name().unwrap().to_string_lossy().into_owned();
            format!("{file}:{}:{}", span.line, span.column)
        });
        let _ = write!(lines, "{} {place}: {}", one.code, one.message);
        if let Some(hint) = &one.hint {
            let _ = write!(lines, " ({hint})");
        }
        lines.push('\n');
    }
    lines
}

/// YAML that is made of the words of such files, in any order.
fn yaml() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "route",
        "receiver",
        "receivers",
        "name",
        "routes",
        "matchers",
        "match",
        "match_re",
        "group_by",
        "global",
        "http_config",
        "slack_configs",
        "webhook_configs",
        "email_configs",
        "url",
        "inhibit_rules",
        "time_intervals",
        "weekdays",
        "times",
        "location",
        "templates",
        "~",
        "null",
        "[]",
        "{}",
        "a=b",
        "5s",
        "- ",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "&a ",
        "*a",
        "<<: ",
        "'",
        "\"",
        "|",
        "#",
        "!!binary ",
        "0",
        "on",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in prop_oneof![yaml(), "\\PC{0,200}"]) {
        let _ = AlertmanagerFile::read(&text, Path::new("a.yml"), Syntax::Fallback);
    }

    /// A corpus file with a piece cut out or doubled.
    #[test]
    fn no_damaged_file_panics(at in 0_usize..10_000, cut in 0_usize..10_000, length in 0_usize..40, double: bool) {
        let names = verdicts();
        let text = file(&format!("{}.yml", names[at % names.len()].0));
        let mut from = cut % (text.len() + 1);
        while !text.is_char_boundary(from) { from -= 1; }
        let mut to = (from + length).min(text.len());
        while !text.is_char_boundary(to) { to += 1; }
        let damaged = if double { format!("{}{}", &text[..to], &text[from..]) } else { format!("{}{}", &text[..from], &text[to..]) };
        let _ = AlertmanagerFile::read(&damaged, Path::new("a.yml"), Syntax::Fallback);
    }
}
