//! The chart with real Helm, of both generations: linted, rendered, installed in a real API server, and what it renders
//! is started here as the kubelet would start it.

mod cluster;
mod clusters;
mod kube_state_metrics;
mod modes;
mod monitor;
mod observed;
mod runs;
mod schemas;
mod values;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};

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

/// What Helm 4 makes of each file of `ci/`, and of none: rendered once for all tests. Empty where there is no Helm.
fn rendered_files() -> &'static [(Option<String>, Objects)] {
    static FILES: OnceLock<Vec<(Option<String>, Objects)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let helms = helms();
        let Some(helm) = helms.first() else { return Vec::new() };
        let files = ci().into_iter().map(Some).chain([None]);
        files.map(|values| (values.clone(), helm.render(values.as_deref(), &[]))).collect()
    })
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

/// What a scrape of objects says of the target's own labels: an object that lacks one must not get that of noroshi's pod.
fn drop_of_objects() -> Value {
    json!({ "action": "labeldrop", "regex": "(pod|service|endpoint|namespace|container)" })
}

/// What makes the pods.
fn workload(objects: &Objects) -> &Value {
    let kinds = ["Deployment", "DaemonSet", "StatefulSet"];
    let found: Vec<_> =
        objects.iter().filter(|((kind, _), _)| kinds.contains(&kind.as_str())).collect();
    assert_eq!(found.len(), 1, "{:?}", objects.keys());
    found[0].1
}

/// The one object of a kind.
fn only<'a>(objects: &'a Objects, kind: &str) -> &'a Value {
    let found: Vec<_> = objects.iter().filter(|((of, _), _)| of == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {:?}", objects.keys());
    found[0].1
}
