//! What is shipped for Prometheus, read: rule files, their tests, their runbooks.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;

/// Rule files, without `.yaml`.
pub const FILES: [&str; 6] =
    ["recording", "slo", "alerts-checks", "alerts-cluster", "alerts-alerting", "alerts-noroshi"];

/// A path in the repository.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of the repository.
pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of a folder's files, in order, without those of folders.
pub fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(path(folder)).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<String> =
        files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A YAML file.
pub fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A rule, and where it stands.
pub struct Rule {
    /// The file's name, without its folder.
    pub file: String,
    /// `alert`, `expr`, `for`, ...
    pub body: Value,
}

impl Rule {
    /// The name of its alert, or of its series.
    pub fn name(&self) -> &str {
        self.get("alert").or_else(|| self.get("record")).unwrap()
    }

    /// A text of it.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str)
    }

    /// One of its annotations.
    pub fn annotation(&self, key: &str) -> &str {
        let text = self.body["annotations"].get(key).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{} has no {key}", self.name()))
    }

    /// Its severity, as it is written.
    pub fn severity(&self) -> &str {
        let severity = self.body["labels"].get("severity").and_then(Value::as_str);
        severity.unwrap_or_else(|| panic!("{} has no severity", self.name()))
    }
}

fn rules(key: &str) -> Vec<Rule> {
    let mut found = Vec::new();
    for file in FILES.map(|file| format!("{file}.yaml")) {
        let groups = yaml(&format!("prometheus-rules/{file}"));
        for group in groups["groups"].as_array().unwrap() {
            let rules = group["rules"].as_array().unwrap().iter();
            let wanted = rules.filter(|rule| rule.get(key).is_some());
            found.extend(wanted.map(|body| Rule { file: file.clone(), body: body.clone() }));
        }
    }
    found
}

/// Every alert, in order. `NoroshiErrorBudgetBurn` is several.
pub fn alerts() -> Vec<Rule> {
    rules("alert")
}

/// Every recorded series.
pub fn records() -> Vec<Rule> {
    rules("record")
}

/// Every case of `prometheus-rules/tests/`, with the file it is in.
pub fn cases() -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for file in names("prometheus-rules/tests") {
        let tests = yaml(&format!("prometheus-rules/tests/{file}"));
        cases.extend(
            tests["tests"].as_array().unwrap().iter().map(|one| (file.clone(), one.clone())),
        );
    }
    cases
}

/// Types of the families that are documented, by name: noroshi's own on its pages, and those of Kubernetes objects.
pub fn families() -> BTreeMap<String, String> {
    let mut families = BTreeMap::new();
    let page = text("docs/metrics.md");
    let (page, rest) = page.split_once("## Shown by the API alone").unwrap();
    let (_, clusters) = rest.split_once("## Clusters").unwrap();
    for line in page.lines().chain(clusters.lines()) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        if let (Some(name), Some(kind)) = (cells.next(), cells.next())
            && let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'))
        {
            families.insert(name.to_owned(), kind.to_owned());
        }
    }
    for line in text("tests/fixtures/ksm-families.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        families.insert(cells[2].to_owned(), cells[3].to_owned());
    }
    families
}
