//! What the chart says of itself in four places: values.yaml, values.schema.json, README.md and Chart.yaml. Whether it
//! installs is for the third tier to say.
//!
//! `UPDATE_DOCS=1 cargo test --test chart` writes the table of the README and the collectors' file anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use noroshi::cluster::{
    Shown,
    kinds::KINDS,
    rules::{Need, by_default},
};
use serde_json::Value;

const MARK: &str =
    "<!-- The table is written from values.yaml: UPDATE_DOCS=1 cargo test --test chart -->\n";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A documented value: `image.tag` and the words in front of it, which begin with `# -- ` and end with an empty `#`.
struct Row {
    key: String,
    words: String,
}

fn rows(values: &str) -> Vec<Row> {
    let (mut rows, mut words, mut whole) = (Vec::new(), String::new(), false);
    let mut above = Vec::<(usize, String)>::new();
    for line in values.lines() {
        let bare = line.trim_start();
        let depth = line.len() - bare.len();
        if let Some(first) = bare.strip_prefix("# -- ") {
            first.clone_into(&mut words);
            whole = false;
        } else if bare == "#" {
            // What follows is for those who read the file.
            whole = true;
        } else if let Some(more) = bare.strip_prefix("# ").filter(|_| !words.is_empty() && !whole) {
            write!(words, " {more}").unwrap();
        } else if let Some((key, _)) =
            bare.split_once(':').filter(|_| !bare.starts_with(['#', '-']))
        {
            above.retain(|(of, _)| *of < depth);
            above.push((depth, key.to_owned()));
            if !words.is_empty() {
                let key = above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
                rows.push(Row { key, words: std::mem::take(&mut words) });
            }
        }
    }
    rows
}

fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(value, |value, key| &value[key])
}

/// Every value there is: what is a scalar, a list or an empty map.
fn leaves(value: &Value, above: &str, found: &mut Vec<String>) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => {
            for (key, value) in map {
                let dot = if above.is_empty() { "" } else { "." };
                leaves(value, &format!("{above}{dot}{key}"), found);
            }
        }
        None => found.push(above.to_owned()),
    }
}

#[test]
fn every_value_is_described_where_it_stands_and_in_the_readme() {
    let values = yaml("charts/noroshi/values.yaml");
    let rows = rows(&text("charts/noroshi/values.yaml"));
    let mut found = Vec::new();
    leaves(&values, "", &mut found);
    let keys: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys.len(), rows.len(), "one of them is described twice");
    for leaf in found {
        let described = |row: &Row| leaf == row.key || leaf.starts_with(&format!("{}.", row.key));
        assert!(rows.iter().any(described), "{leaf} has no `# --` above it");
    }
    let mut table = String::from("\n| value | default | what it is |\n|---|---|---|\n");
    for Row { key, words } in &rows {
        let default = at(&values, key).to_string().replace('|', "\\|");
        writeln!(table, "| `{key}` | `{default}` | {words} |").unwrap();
    }
    let readme = text("charts/noroshi/README.md");
    let (head, tail) = readme.split_once(MARK).expect("the README's mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path("charts/noroshi/README.md"), format!("{head}{MARK}{table}")).unwrap();
    } else {
        assert!(tail == table, "the table is old: UPDATE_DOCS=1 cargo test --test chart");
    }
}

/// The schema knows every value, and none that is not there: a typo is refused, and so is what was taken away.
#[test]
fn the_schema_has_the_same_keys() {
    let schema: Value = serde_json::from_str(&text("charts/noroshi/values.schema.json")).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    closed(&schema, &schema["definitions"], "");
    // What parent charts put there.
    compare(
        &schema,
        &schema,
        &yaml("charts/noroshi/values.yaml"),
        "",
        // The latter is refused in words where it is switched on.
        &["enabled", "autosharding"],
    );
}

/// Wherever the schema names properties it refuses others, but for what a whole release shares.
fn closed(schema: &Value, definitions: &Value, path: &str) {
    if schema["properties"].is_object() && !path.ends_with("/global") {
        assert_eq!(schema["additionalProperties"], false, "{path}: a typo would be accepted");
    }
    let words = schema["$ref"].as_str().map(|to| to.strip_prefix("#/definitions/").unwrap());
    assert!(words.is_none_or(|to| definitions[to].is_object()), "{path}: {words:?}");
    let inner = schema.as_object().into_iter().flatten();
    for (key, inner) in inner.filter(|(_, inner)| inner.is_object()) {
        closed(inner, definitions, &format!("{path}/{key}"));
    }
}

fn compare(root: &Value, schema: &Value, values: &Value, above: &str, foreign: &[&str]) {
    let to = schema["$ref"].as_str().map(|to| to.trim_start_matches('#'));
    let schema = to.map_or(schema, |to| root.pointer(to).unwrap());
    let Some(values) = values.as_object() else { return };
    let Some(properties) = schema["properties"].as_object() else { return };
    for (key, value) in values {
        let inner =
            properties.get(key).unwrap_or_else(|| panic!("{above}{key} is not in the schema"));
        compare(root, inner, value, &format!("{above}{key}."), &[]);
    }
    // Inside a map that is empty by default, or Kubernetes' own, the schema knows more.
    let kubernetes = [
        "podSecurityContext.",
        "securityContext.",
        "resources.",
        "livenessProbe.",
        "readinessProbe.",
    ];
    let ours = !values.is_empty() && !kubernetes.iter().any(|own| above.starts_with(own));
    for key in properties.keys().filter(|_| ours) {
        assert!(
            values.contains_key(key) || foreign.contains(&key.as_str()),
            "{above}{key} is no value"
        );
    }
}

/// A template reads what is among the values, and so what is described; that each value is read, the third tier shows.
#[test]
fn templates_read_values_that_are_there() {
    let values = yaml("charts/noroshi/values.yaml");
    let (mut folders, mut read) = (vec![path("charts/noroshi/templates")], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = fs::read_to_string(&entry).unwrap();
            for after in text.split(".Values.").skip(1) {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
                let key = after[..end.unwrap_or(after.len())].trim_end_matches('.');
                // The configuration is the user's.
                let key = if key.starts_with("config.") { "config" } else { key };
                let found = key.split('.').try_fold(&values, |value, key| value.get(key));
                assert!(found.is_some(), "{}: .Values.{key}", entry.display());
                read += 1;
            }
        }
    }
    assert!(read > 50, "{read}");
}

/// What the role is rendered from: what each collector's own file says of its place in the API.
#[test]
fn the_charts_collectors_are_those_there_are() {
    let mut file = String::from(
        "# Where the objects of each collector stand in the API, and what is done there; `default`: collected where none is named;\n\
         # `ours`: kube-state-metrics does not know it.\n\
         # Written from src/cluster/kinds: UPDATE_DOCS=1 cargo test --test chart\n",
    );
    for resource in KINDS.iter().map(|kind| kind.resource) {
        let need = Need::from(resource);
        writeln!(
            file,
            "{}: {{ apiGroup: \"{}\", resource: {}, verbs: [{}], namespaced: {}, default: {}, ours: {} }}",
            resource.name,
            need.group,
            need.resource,
            need.verbs.join(", "),
            resource.namespaced,
            by_default().any(|own| own == resource),
            resource.shown == Shown::Ours,
        )
        .unwrap();
    }
    let name = "charts/noroshi/files/collectors.yaml";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path(name), file).unwrap();
    } else {
        assert!(text(name) == file, "{name} is old: UPDATE_DOCS=1 cargo test --test chart");
    }
    let secrets = &yaml(name)["secrets"];
    assert_eq!(secrets["default"], false, "never by default");
}

#[test]
fn the_versions_are_those_of_the_package() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let version = manifest["package"]["version"].as_str().unwrap();
    let chart = yaml("charts/noroshi/Chart.yaml");
    assert_eq!(chart["appVersion"], version);
    assert_eq!(
        chart["annotations"]["artifacthub.io/license"],
        manifest["package"]["license"].as_str().unwrap()
    );
    let dockerfile = text("Dockerfile");
    assert!(dockerfile.contains(&format!("\nARG VERSION={version}\n")), "the image's label");
    let rust = manifest["package"]["rust-version"].as_str().unwrap();
    assert!(dockerfile.contains(&format!("rust:{rust}-slim")), "the image's Rust");
}

/// What a fresh install watches is a configuration without a mistake.
#[test]
fn the_default_configuration_loads() {
    let files = vec![path("charts/noroshi/files/noroshi.toml")];
    let loaded = noroshi::config::load(&noroshi::config::Sources { files, ..Default::default() });
    assert_eq!(loaded.diagnostics, [], "{}", loaded.human(false, ""));
}

/// What the chart brings along are the repository's files, by links that Helm follows: there is nothing to be kept in step.
#[test]
fn rules_and_dashboards_are_links_to_the_repositorys_files() {
    for (link, folder) in [("rules", "prometheus-rules"), ("dashboards", "grafana")] {
        let link = path("charts/noroshi").join(link);
        assert_eq!(fs::read_link(&link).unwrap(), PathBuf::from("../..").join(folder));
        assert_eq!(fs::canonicalize(link).unwrap(), fs::canonicalize(path(folder)).unwrap());
    }
    let ignored = text("charts/noroshi/.helmignore");
    assert!(ignored.lines().any(|line| line == "rules/tests/"), "tests of rules are packed");
}

/// Each mode of each personality that has it is rendered, installed and run by a file of values.
#[test]
fn every_mode_of_every_personality_has_a_file() {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(path("charts/noroshi/ci")).unwrap() {
        let values: Value =
            serde_saphyr::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        let word = |key: &str, usual: &str| values[key].as_str().unwrap_or(usual).to_owned();
        found.insert((word("personality", "noroshi"), word("mode", "deployment")));
    }
    let schema: Value = serde_json::from_str(&text("charts/noroshi/values.schema.json")).unwrap();
    let words = |key: &str| {
        let words = schema["properties"][key]["enum"].as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let refused = [("alertmanager", "daemonset"), ("blackbox", "statefulset")];
    for personality in words("personality") {
        for mode in words("mode") {
            let wanted = !refused.contains(&(&personality, &mode));
            let pair = (personality.clone(), mode);
            assert_eq!(found.contains(&pair), wanted, "{pair:?}");
        }
    }
}

/// What Artifact Hub reads of it is well-formed YAML inside of YAML, and names this version's image.
#[test]
fn artifact_hub_can_read_it() {
    let chart = yaml("charts/noroshi/Chart.yaml");
    let inner = |key: &str| -> Vec<Value> {
        let text = chart["annotations"][format!("artifacthub.io/{key}")].as_str().unwrap();
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{key}: {error}"))
    };
    let version = chart["appVersion"].as_str().unwrap();
    let repository = yaml("charts/noroshi/values.yaml")["image"]["repository"].clone();
    let image = format!("{}:{version}", repository.as_str().unwrap());
    assert_eq!(inner("images")[0]["image"], image);
    let changes = inner("changes");
    assert!(!changes.is_empty());
    for change in changes {
        let kind = change["kind"].as_str().unwrap();
        let kinds = ["added", "changed", "deprecated", "removed", "fixed", "security"];
        assert!(kinds.contains(&kind), "{kind}");
        assert!(change["description"].as_str().is_some_and(|text| !text.is_empty()));
    }
}
