//! The results of the criterion benches, which run before, and of the library we do not write the exposition with.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use serde_json::Value;

use crate::{
    figure::{Budget, Quantity, median},
    page::{Row, Table},
    processor_time,
};

/// Budgets in seconds by the bench's full name.
const BUDGETS: [(&str, f64); 2] =
    [("500000 series/text", 0.015), ("500000 series/answered with gzip", 0.100)];

/// The bench the peer does the same work as.
const COMPARED: &str = "500000 series/text";

/// Its families, and series of each.
const FAMILIES: usize = 50;
const SERIES: usize = 10_000;

/// Expositions of which the median is shown.
const TIMES: usize = 5;

pub(crate) fn measure() -> anyhow::Result<Vec<Table>> {
    let mut table = Table::new("Functions");
    let results = results(&folder()?)?;
    for (name, seconds) in results {
        let budget = BUDGETS.iter().find(|(of, _)| *of == name);
        let peer = (name == COMPARED).then(|| client_library().map_err(|error| error.to_string()));
        table.rows.push(Row {
            what: name,
            ours: Ok(Quantity::Seconds(seconds)),
            peer,
            budget: budget.map(|(_, most)| Budget::AtMost(Quantity::Seconds(*most))),
        });
    }
    table.notes.push(
        "means of the criterion benches, in processor time; the peer is prometheus-client's `Family`, encoding as many series"
            .to_owned(),
    );
    Ok(vec![table])
}

/// `target/criterion`, beside the folder this program was built into.
fn folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(3).context("this program is not in a target folder")?;
    Ok(target.join("criterion"))
}

/// Mean seconds by name.
fn results(folder: &Path) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| {
            format!("no results of criterion in {}: `make bench` has them made", folder.display())
        })?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            }
        }
        if folder.ends_with("new") {
            let read = |file| -> anyhow::Result<Value> {
                Ok(serde_json::from_str(&fs::read_to_string(folder.join(file))?)?)
            };
            let name = read("benchmark.json")?["full_id"].as_str().map(str::to_owned);
            let mean = read("estimates.json")?["mean"]["point_estimate"].as_f64();
            if let (Some(name), Some(nanoseconds)) = (name, mean) {
                found.insert(name, nanoseconds / 1e9);
            }
        }
    }
    Ok(found)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    check: String,
    group: String,
    kind: String,
}

/// The same number of series through the client library's own families.
fn client_library() -> anyhow::Result<Quantity> {
    let mut registry = Registry::default();
    for family in 0..FAMILIES {
        let series = Family::<Labels, Gauge>::default();
        for n in 0..SERIES {
            let (check, group, kind) = (format!("check-{n}"), "web".into(), "http".into());
            series.get_or_create(&Labels { check, group, kind }).set(1);
        }
        registry.register(format!("noroshi_family_{family}"), "One of many", series);
    }
    let encode = || {
        let mut out = String::new();
        text::encode(&mut out, &registry).map(|()| out)
    };
    encode()?;
    let took = (0..TIMES).map(|_| processor_time::of(1, encode).as_secs_f64()).collect();
    Ok(Quantity::Seconds(median(took)))
}
