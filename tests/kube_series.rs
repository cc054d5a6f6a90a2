//! Kubernetes objects as kube-state-metrics shows them: noroshi's series beside those that the real one, 2.20.0, wrote for
//! the same objects (`tests/fixtures/kube`).
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use noroshi::{
    cluster::{
        Entry,
        kinds::KINDS,
        spec::{Keys, KeysOf, Patterns, Settings},
    },
    metrics::{Dialect, Encoder, Text},
    model::Sink,
};
use serde_json::value::RawValue;

/// Series by their names and their labels in the order of their names, with their values in order. More than one value is
/// a mistake; where kube-state-metrics makes it, so do we, since nobody can say which of the rows is right.
type Series = BTreeMap<String, Vec<f64>>;

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
    for at in 0..snapshot.families() {
        let Some(family) = snapshot.family(at) else { continue };
        text.family(family.name, &family.help(), family.kind);
        snapshot.write(at, 0..snapshot.len(), &mut text);
    }
    series(std::str::from_utf8(text.buffer()).unwrap())
}

/// The series of a text. A label's value may hold a carriage return: lines end with `\n` alone.
fn series(text: &str) -> Series {
    let mut series = Series::new();
    for line in text.split('\n').filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let labels = sorted(labels.strip_suffix('}').unwrap());
        series.entry(format!("{name}{{{labels}}}")).or_default().push(value.parse().unwrap());
    }
    for values in series.values_mut() {
        values.sort_by(f64::total_cmp);
    }
    series
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

/// The settings that the flags of a set's run stand for.
fn settings(flags: &str) -> Settings {
    let mut settings = Settings::default();
    for flag in flags.lines() {
        let (name, value) = flag.split_once('=').unwrap();
        let patterns = || Patterns::new(value.split(',')).unwrap();
        match name {
            // Each resource is asked for by the test itself.
            "--resources" => {}
            "--metric-labels-allowlist" => settings.labels = keys(value),
            "--metric-annotations-allowlist" => settings.annotations = keys(value),
            "--metric-allowlist" => settings.families.allow = patterns(),
            "--metric-denylist" => settings.families.deny = patterns(),
            "--metric-opt-in-list" => settings.families.opt_in = patterns(),
            "--shard" => settings.shard.ordinal = value.parse().unwrap(),
            "--total-shards" => settings.shard.total = value.parse().unwrap(),
            _ => panic!("{flag}"),
        }
    }
    settings
}

/// `pods=[a,b],nodes=[*]`
fn keys(flag: &str) -> KeysOf {
    let lists = flag.split_terminator(']').map(|list| {
        let (resource, keys) = list.trim_start_matches(',').split_once("=[").unwrap();
        let keys = keys.split(',').filter(|key| !key.is_empty());
        (resource.to_owned(), Keys::new(keys).unwrap())
    });
    KeysOf(lists.collect())
}

/// The kinds that are named, separated by commas; all that kube-state-metrics has where none is.
fn chosen(list: &str) -> Result<Vec<&'static Entry>, String> {
    let theirs =
        || KINDS.iter().filter(|kind| kind.resource.shown != noroshi::cluster::Shown::Ours);
    let names: Vec<&str> = list.split(',').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Ok(theirs().collect());
    }
    let found = names.into_iter().map(|name| {
        theirs().find(|kind| kind.resource.name == name).ok_or_else(|| format!("no kind {name}"))
    });
    found.collect()
}

/// Compares what noroshi writes of the objects with a set of series; of all kinds, or of those that `NOROSHI_KINDS` names.
fn compare(set: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube");
    let read = |file: String| fs::read_to_string(folder.join(file)).unwrap();
    let only = std::env::var("NOROSHI_KINDS").unwrap_or_default();
    let settings = settings(&read(format!("series/{set}.flags")));
    let expected = series(&read(format!("series/{set}.txt")));
    let mut wrong = Vec::new();
    for entry in chosen(&only).unwrap() {
        let objects = read(format!("objects/{}.json", entry.resource.name));
        let ours = written(entry, &objects, &settings);
        let families: BTreeSet<&str> = (entry.families)().iter().map(|info| info.name).collect();
        let mut theirs = expected.clone();
        theirs.retain(|series, _| families.contains(series.split('{').next().unwrap()));
        wrong.extend(differences(&ours, &theirs));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every kind whose objects there are is compared, and a name that is none is no reason to compare nothing.
#[test]
fn nothing_is_left_out_unasked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube/objects");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    let names = |names| {
        let kinds = chosen(names)?.into_iter().map(|kind| kind.resource.name.to_owned());
        Ok::<BTreeSet<_>, String>(kinds.collect())
    };
    assert_eq!(names(""), Ok(files.collect()));
    assert_eq!(names("pods,"), Ok(["pods".to_owned()].into()));
    assert_eq!(names("pods,podz"), Err("no kind podz".to_owned()));
    assert_eq!(names("events"), Err("no kind events".to_owned()));
}

fn differences(ours: &Series, theirs: &Series) -> Vec<String> {
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let told = |values: Option<&Vec<f64>>| values.map_or("none".to_owned(), |v| format!("{v:?}"));
    // As texts: NaN is NaN, and 0 is not -0.
    names
        .into_iter()
        .map(|name| (name, told(ours.get(name)), told(theirs.get(name))))
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(name, ours, theirs)| format!("{name}: {theirs}, ours {ours}"))
        .collect()
}

#[test]
fn without_flags() {
    compare("default");
}

#[test]
fn all_labels_and_annotations() {
    compare("labels");
}

#[test]
fn families_that_have_to_be_asked_for() {
    compare("opt-in");
}

#[test]
fn one_shard_of_three() {
    compare("shard");
}

#[test]
fn some_labels_and_all_but_some_families() {
    compare("selected");
}
