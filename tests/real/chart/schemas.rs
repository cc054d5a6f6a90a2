//! What is rendered, held against the schemas of each version of Kubernetes there is from 1.30 on, by kubeconform.

use std::process::Command;

use serde_json::Value;

use super::rendered_files;
use crate::{kube::said, server::part, support::alone::missing};

/// Objects of others, whose definitions the API server holds them against.
const FOREIGN: &str = "ServiceMonitor,PodMonitor,PrometheusRule,HTTPRoute";

/// The versions there are schemas of, and what kubeconform says of a file of objects by one of them.
struct Schemas {
    program: std::path::PathBuf,
    folder: std::path::PathBuf,
    versions: Vec<String>,
    scratch: tempfile::TempDir,
}

impl Schemas {
    fn new() -> Option<Self> {
        let program = part("kubeconform")?;
        let folder = program.parent()?.parent()?.join("schemas");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            missing("schemas: `tests/real/parts.sh` fetches them");
            return None;
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        // v1.36.0-local-strict
        let mut versions: Vec<String> = names
            .filter_map(|name| Some(name.strip_prefix('v')?.split_once('-')?.0.to_owned()))
            .collect();
        versions.sort();
        Some(Self { program, folder, versions, scratch: tempfile::tempdir().unwrap() })
    }

    fn check(&self, version: &str, objects: &[&Value]) -> Result<String, String> {
        let file = self.scratch.path().join("objects.yaml");
        let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
        std::fs::write(&file, documents.join("\n---\n")).unwrap();
        let names = "{{.NormalizedKubernetesVersion}}-local{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json";
        let mut command = Command::new(&self.program);
        command.args(["-strict", "-summary", "-kubernetes-version", version, "-skip", FOREIGN]);
        command.args(["-n", "1", "-schema-location"]).arg(self.folder.join(names)).arg(&file);
        said(&mut command)
    }
}

#[test]
fn every_version_since_1_30_takes_it() {
    let Some(schemas) = Schemas::new() else { return };
    let objects: Vec<&Value> = rendered_files().iter().flat_map(|(_, all)| all.values()).collect();
    if objects.is_empty() {
        return;
    }
    assert_eq!(schemas.versions.first().map(String::as_str), Some("1.30.0"));
    assert!(schemas.versions.len() >= 8, "{:?}", schemas.versions);
    let foreign = objects.iter().filter(|own| FOREIGN.split(',').any(|kind| own["kind"] == kind));
    let (valid, skipped) = (objects.len() - foreign.clone().count(), foreign.count());
    for version in &schemas.versions {
        let done = schemas.check(version, &objects).unwrap_or_else(|error| panic!("{error}"));
        let counted = format!("Valid: {valid}, Invalid: 0, Errors: 0, Skipped: {skipped}");
        assert!(done.contains(&counted), "{version}: {done}");
    }
}

/// That it would tell: a field that came later, one that nobody knows, and a word where a number belongs.
#[test]
fn what_a_version_does_not_know_is_told() {
    let Some(schemas) = Schemas::new() else { return };
    let Some((_, all)) = rendered_files().last() else { return };
    let pod = super::workload(all);
    for (version, pointer, wrong) in [
        ("1.30.0", "/spec/template/spec/resources", serde_json::json!({})),
        ("1.36.0", "/spec/template/spec/containers/0/imagPullPolicy", "Always".into()),
        ("1.36.0", "/spec/template/spec/containers/0/ports/0/containerPort", "http".into()),
    ] {
        let mut pod = pod.clone();
        let (above, key) = pointer.rsplit_once('/').unwrap();
        pod.pointer_mut(above).unwrap()[key] = wrong;
        let told = schemas.check(version, &[&pod]).expect_err(pointer);
        assert!(told.contains("Invalid: 1"), "{told}");
    }
}
