//! The chart with real Helm, of both generations: linted, rendered, installed in a real API server, and what it renders
//! is started here as the kubelet would start it.

mod cluster;
mod clusters;
mod kube_state_metrics;
mod monitor;
mod runs;
mod values;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{kube::said, server::part};

/// The objects of a rendered chart, by kind and name.
type Objects = BTreeMap<(String, String), Value>;

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/noroshi");

/// The files of `ci/`, which between them set every value.
fn ci() -> Vec<String> {
    let files = std::fs::read_dir(format!("{CHART}/ci")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix("-values.yaml").unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// One of the Helms, with a folder for what it keeps.
struct Helm {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// Helm 4 and Helm 3; none after saying which is missing.
fn helms() -> Vec<Helm> {
    let found: Vec<_> = ["helm", "helm3"].into_iter().filter_map(part).collect();
    let helms =
        found.into_iter().map(|program| Helm { program, folder: tempfile::tempdir().unwrap() });
    helms.collect()
}

impl Helm {
    /// Helm with these words; what it printed, or everything it said when it failed.
    fn run(&self, words: &[&str]) -> Result<String, String> {
        said(self.command().args(words))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().stdin(Stdio::null());
        for kept in ["HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(kept, self.folder.path());
        }
        command
    }

    /// The objects of the chart for a file of `ci/` (or none) and more arguments, by kind and name.
    fn render(&self, values: Option<&str>, more: &[&str]) -> Objects {
        let file = values.map(file_of);
        let mut words = vec!["template", "watch", CHART, "--namespace", "towers"];
        words.extend(file.iter().flat_map(|file| ["--values", file.as_str()]));
        words.extend(more);
        objects(&self.run(&words).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The same for these values; what Helm says where it refuses them.
    fn objects(&self, values: &Value) -> Result<Objects, String> {
        let file = self.folder.path().join("values.json");
        std::fs::write(&file, values.to_string()).unwrap();
        let file = file.to_str().unwrap();
        let words = ["template", "watch", CHART, "--namespace", "towers", "--values", file];
        self.run(&words).map(|text| objects(&text))
    }
}

fn file_of(values: &str) -> String {
    format!("{CHART}/ci/{values}-values.yaml")
}

fn objects(text: &str) -> Objects {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let named = documents.into_iter().filter(Value::is_object).map(|object| {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        ((word(&object["kind"]), word(&object["metadata"]["name"])), object)
    });
    named.collect()
}

/// The one object of a kind.
fn only<'a>(objects: &'a Objects, kind: &str) -> &'a Value {
    let found: Vec<_> = objects.iter().filter(|((of, _), _)| of == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {:?}", objects.keys());
    found[0].1
}
