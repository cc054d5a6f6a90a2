//! Kubernetes objects as kube-state-metrics shows them: noroshi's series beside those that the real one, 2.20.0, wrote for
//! the same objects (`tests/fixtures/kube`).
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use noroshi::{
    cluster::{Entry, kinds::KINDS, spec::Settings},
    metrics::{Dialect, Encoder, Text},
    model::Sink,
};
use serde_json::value::RawValue;

/// A series by its name and its labels in the order of their names.
type Series = BTreeMap<String, f64>;

/// What noroshi writes of objects.
fn written(entry: &Entry, objects: &str, settings: &Settings) -> Series {
    let collector = (entry.collector)(settings);
    collector.begin(0);
    let objects: Vec<&RawValue> = serde_json::from_str(objects).unwrap();
    for object in objects {
        collector
            .listed(0, object.get())
            .unwrap_or_else(|e| panic!("{}: {e}", entry.resource.name));
    }
    collector.end(0);
    let snapshot = collector.snapshot();
    let mut text = Text::new(Dialect::Prometheus);
    for (at, family) in (0..).map_while(|at| snapshot.family(at).map(|family| (at, family))) {
        let Some(family) = family else { continue };
        text.family(family.name, &family.help(), family.kind);
        snapshot.write(at, 0..snapshot.len(), &mut text);
    }
    series(std::str::from_utf8(text.buffer()).unwrap())
}

/// The series of a text; two equal ones are a mistake that Prometheus would not forgive, unless kube-state-metrics makes
/// it too.
fn series(text: &str) -> Series {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = sorted(labels.strip_suffix('}').unwrap());
            (format!("{name}{{{labels}}}"), value.parse().unwrap())
        })
        .collect()
}

/// Labels in the order of their names.
fn sorted(labels: &str) -> String {
    let mut rest = labels;
    let mut found = Vec::new();
    while let Some((name, value)) = rest.split_once("=\"") {
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (value, more) = value.split_at(end.unwrap());
        found.push(format!("{name}=\"{value}\""));
        rest = more[1..].trim_start_matches(',');
    }
    let names: BTreeSet<&str> = found.iter().filter_map(|l| l.split('=').next()).collect();
    assert_eq!(names.len(), found.len(), "a label twice: {labels}");
    found.sort();
    found.join(",")
}

/// Compares what noroshi writes of the objects of each resource in `only` (all if empty) with a set of series.
fn compare(set: &str, settings: &Settings) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube");
    let only = std::env::var("NOROSHI_KINDS").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    let expected = series(&fs::read_to_string(folder.join(format!("series/{set}.txt"))).unwrap());
    let mut wrong = Vec::new();
    for entry in KINDS.iter().filter(|kind| only.is_empty() || only.contains(&kind.resource.name)) {
        let file = folder.join(format!("objects/{}.json", entry.resource.name));
        let ours = written(entry, &fs::read_to_string(file).unwrap(), settings);
        let families: BTreeSet<&str> = (entry.families)().iter().map(|info| info.name).collect();
        let theirs = expected
            .iter()
            .filter(|(series, _)| families.contains(series.split('{').next().unwrap()));
        let theirs: Series = theirs.map(|(series, value)| (series.clone(), *value)).collect();
        for (series, value) in &theirs {
            match ours.get(series) {
                None => wrong.push(format!("missing: {series} {value}")),
                Some(own) if own.to_bits() != value.to_bits() => {
                    wrong.push(format!("other value: {series} {value}, ours {own}"));
                }
                Some(_) => {}
            }
        }
        let more = ours.keys().filter(|series| !theirs.contains_key(*series));
        wrong.extend(more.map(|series| format!("only ours: {series}")));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn without_flags() {
    compare("default", &Settings::default());
}
