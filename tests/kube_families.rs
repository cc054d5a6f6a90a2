//! `tests/fixtures/ksm-families.tsv`: the families that kube-state-metrics 2.20 exposes, as its code has them. What is built
//! from the table can be no better than the table, so its own shape is held first, and then it is held against what the
//! program itself prints for the objects of `tests/fixtures/kube` (its README.md says how that was made).

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;

use noroshi::{
    cluster::{Entry, Stability, kinds::KINDS},
    model::MetricKind,
};

const TABLE: &str = include_str!("fixtures/ksm-families.tsv");

const COLUMNS: [&str; 10] = [
    "resource",
    "default",
    "family",
    "type",
    "stability",
    "opt_in",
    "labels",
    "value",
    "rows",
    "help",
];

/// The resources that are on without `--resources`.
const DEFAULTS: usize = 32;

fn rows() -> Vec<BTreeMap<&'static str, &'static str>> {
    let mut lines = TABLE.lines();
    assert_eq!(lines.next().unwrap().split('\t').collect::<Vec<_>>(), COLUMNS);
    lines
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), COLUMNS.len(), "{line}");
            COLUMNS.into_iter().zip(cells).collect()
        })
        .collect()
}

#[test]
fn every_row_is_whole() {
    for row in rows() {
        let is_one_of = |column, words: &[&str]| assert!(words.contains(&row[column]), "{row:?}");
        is_one_of("default", &["yes", "no"]);
        is_one_of("type", &["gauge", "counter"]);
        is_one_of("stability", &["STABLE", "ALPHA"]);
        is_one_of("opt_in", &["yes", "no"]);
        let name = row["family"];
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(name.starts_with("kube_") && plain(name), "{row:?}");
        assert_eq!(name.ends_with("_total"), row["type"] == "counter", "{row:?}");
        assert_eq!(row["help"].starts_with("[STABLE] "), row["stability"] == "STABLE", "{row:?}");
        for column in ["value", "rows", "help"] {
            assert!(!row[column].trim().is_empty(), "{row:?}");
        }
    }
}

#[test]
fn names_are_unique_and_resources_stand_together_in_order() {
    let rows = rows();
    let names: BTreeSet<_> = rows.iter().map(|row| row["family"]).collect();
    assert_eq!(names.len(), rows.len());
    let mut resources: Vec<_> = rows.iter().map(|row| row["resource"]).collect();
    resources.dedup();
    assert!(resources.is_sorted(), "{resources:?}");
    let defaults = rows.iter().filter(|row| row["default"] == "yes");
    let defaults: BTreeSet<_> = defaults.map(|row| row["resource"]).collect();
    assert_eq!(defaults.len(), DEFAULTS);
}

/// A kind as the table has it: whether it is on without being asked for, and its families in their order.
#[derive(Debug, Default, PartialEq)]
struct Kind {
    default: bool,
    families: Vec<String>,
}

fn told(name: &str, is_counter: bool, is_stable: bool, opt_in: bool) -> String {
    let kind = if is_counter { "counter" } else { "gauge" };
    let stability = if is_stable { "STABLE" } else { "ALPHA" };
    format!("{name} {kind} {stability}{}", if opt_in { " opt-in" } else { "" })
}

fn kinds_of_the_table() -> BTreeMap<&'static str, Kind> {
    let mut kinds = BTreeMap::<_, Kind>::new();
    for row in rows() {
        let kind = kinds.entry(row["resource"]).or_default();
        kind.default = row["default"] == "yes";
        let (is_counter, is_stable) = (row["type"] == "counter", row["stability"] == "STABLE");
        kind.families.push(told(row["family"], is_counter, is_stable, row["opt_in"] == "yes"));
    }
    kinds
}

fn kind_of(entry: &Entry) -> Kind {
    let families = (entry.families)().into_iter().map(|info| {
        assert!(matches!(info.kind, MetricKind::Gauge | MetricKind::Counter), "{info:?}");
        let is_stable = info.stability == Stability::Stable;
        told(info.name, info.kind == MetricKind::Counter, is_stable, info.opt_in)
    });
    Kind {
        default: entry.resource.shown == noroshi::cluster::Shown::ByDefault,
        families: families.collect(),
    }
}

#[test]
fn noroshi_has_the_kinds_and_families_of_the_table() {
    let names: Vec<_> = KINDS.iter().map(|entry| entry.resource.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    let mut wrong = Vec::new();
    let mut ours: BTreeMap<_, _> = KINDS
        .iter()
        .filter(|e| e.resource.shown != noroshi::cluster::Shown::Ours)
        .map(|e| (e.resource.name, kind_of(e)))
        .collect();
    for (name, theirs) in kinds_of_the_table() {
        match ours.remove(name) {
            None => wrong.push(format!("{name}: missing")),
            Some(own) if own != theirs => wrong.push(format!("{name}: {own:#?}\nnot {theirs:#?}")),
            Some(_) => {}
        }
    }
    wrong.extend(ours.keys().map(|name| format!("{name}: not in the table")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the dashboards and rules of the kubernetes-mixin cannot do without.
#[test]
fn what_the_mixin_asks_for_is_in_it() {
    let rows = rows();
    for name in [
        "kube_pod_owner",
        "kube_pod_info",
        "kube_pod_container_resource_requests",
        "kube_pod_status_phase",
        "kube_node_status_allocatable",
        "kube_node_status_condition",
        "kube_deployment_status_replicas_available",
        "kube_daemonset_status_desired_number_scheduled",
        "kube_statefulset_status_update_revision",
        "kube_job_status_start_time",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_resourcequota",
        "kube_persistentvolumeclaim_labels",
        "kube_poddisruptionbudget_status_desired_healthy",
    ] {
        assert!(rows.iter().any(|row| row["family"] == name), "{name}");
    }
}

fn fixtures(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube").join(path)
}

/// One printed line: the family, its labels in their order, and the value.
struct Series {
    family: String,
    labels: Vec<String>,
    value: String,
}

/// The lines of one run. A label's value may hold a carriage return, which `str::lines` would take for an end.
fn lines(set: &str) -> Vec<String> {
    let text = fs::read_to_string(fixtures(&format!("series/{set}.txt"))).unwrap();
    text.split_terminator('\n').map(str::to_owned).collect()
}

fn series() -> Vec<Series> {
    ["default", "labels", "opt-in", "shard", "selected"]
        .into_iter()
        .flat_map(lines)
        .map(|line| read(&line).unwrap_or_else(|| panic!("{line}")))
        .collect()
}

fn read(line: &str) -> Option<Series> {
    let (family, mut rest) = line.split_once('{')?;
    let mut labels = Vec::new();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"")?;
        labels.push(name.trim_start_matches(',').to_owned());
        rest = &after[end_of_value(after)? + 1..];
    }
    let value = rest.strip_prefix("} ")?;
    value.parse::<f64>().ok()?;
    Some(Series { family: family.to_owned(), labels, value: value.to_owned() })
}

/// Where the quote stands that no backslash precedes.
fn end_of_value(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Whether labels are one of the sets of a cell such as `namespace,pod,[reason],label_* | namespace,pod`.
fn are_one_of(labels: &[String], cell: &str) -> bool {
    cell.split(" | ").any(|set| {
        let set: Vec<_> = set.split(',').collect();
        follow(labels, &set)
    })
}

fn follow(labels: &[String], set: &[&str]) -> bool {
    let Some((first, others)) = set.split_first() else { return labels.is_empty() };
    if let Some(optional) = first.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return follow(labels, others)
            || labels.first().is_some_and(|label| label == optional)
                && follow(&labels[1..], others);
    }
    if let Some(prefix) = first.strip_suffix('*') {
        let own = labels.iter().take_while(|label| label.starts_with(prefix)).count();
        return follow(&labels[own..], others);
    }
    labels.first().is_some_and(|label| label == first) && follow(&labels[1..], others)
}

#[test]
fn every_family_is_printed_by_the_program_itself() {
    let printed: BTreeSet<_> = series().into_iter().map(|series| series.family).collect();
    let rows = rows();
    let table: BTreeSet<_> = rows.iter().map(|row| row["family"].to_owned()).collect();
    assert_eq!(printed, table);
}

#[test]
fn labels_are_printed_as_the_table_has_them() {
    let rows = rows();
    let cells: BTreeMap<_, _> = rows.iter().map(|row| (row["family"], row["labels"])).collect();
    for Series { family, labels, .. } in series() {
        assert!(
            are_one_of(&labels, cells[family.as_str()]),
            "{family}: {labels:?}, not {}",
            cells[family.as_str()]
        );
        let names: BTreeSet<_> = labels.iter().collect();
        assert_eq!(names.len(), labels.len(), "{family}: {labels:?}");
    }
}

/// What is 0 or 1 is seen as both, and what is always 1 as nothing else.
#[test]
fn values_go_as_far_as_the_table_says() {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Series { family, value, .. } in series() {
        values.entry(family).or_default().insert(value);
    }
    for row in rows() {
        let seen: Vec<_> = values[row["family"]].iter().map(String::as_str).collect();
        match row["value"] {
            "constant 1" => assert_eq!(seen, ["1"], "{row:?}"),
            "0/1" => assert_eq!(seen, ["0", "1"], "{row:?}"),
            cell if cell.contains("0/1") => {
                assert!(seen.contains(&"0") && seen.contains(&"1"), "{row:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_shard_holds_part_of_the_whole() {
    let whole = lines("default");
    let shard = lines("shard");
    assert!(shard.is_sorted() && whole.is_sorted());
    assert!(shard.len() < whole.len());
    let whole: BTreeSet<_> = whole.into_iter().collect();
    assert!(shard.iter().all(|line| whole.contains(line)));
}

#[test]
fn objects_are_as_an_api_server_lists_them() {
    let rows = rows();
    let resources: BTreeSet<_> =
        rows.iter().map(|row| format!("{}.json", row["resource"])).collect();
    let files = fs::read_dir(fixtures("objects")).unwrap();
    let files: BTreeSet<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, resources);
    for file in files {
        let text = fs::read_to_string(fixtures("objects").join(&file)).unwrap();
        let objects: Vec<Value> = serde_json::from_str(&text).unwrap();
        let mut uids = BTreeSet::new();
        for object in &objects {
            let metadata = &object["metadata"];
            assert!(metadata["name"].is_string(), "{file}: {metadata}");
            assert!(
                object.get("kind").is_none() && object.get("apiVersion").is_none(),
                "{file}: {metadata}"
            );
            // Two without a UID would hide each other.
            assert!(uids.insert(metadata["uid"].as_str()), "{file}: {metadata}");
        }
    }
}
