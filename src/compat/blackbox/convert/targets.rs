//! What is probed: a list of lines, or a file of Prometheus' file-based service discovery.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::model::{CheckSettings, LabelUse, PromDuration};

/// One thing to probe.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// As `/probe?target=` has it.
    pub target: String,
    /// The module that probes it; each that can, where none is named.
    pub module: Option<String>,
    /// `/probe?hostname=`
    pub hostname: Option<String>,
    /// From probe to probe: the label `__scrape_interval__`.
    pub interval: Option<PromDuration>,
    /// The label `__scrape_timeout__`.
    pub timeout: Option<PromDuration>,
    /// Labels of the check.
    pub labels: BTreeMap<String, String>,
    /// Labels that a check cannot have.
    pub left_out: Vec<String>,
}

impl Target {
    /// Fit for names and messages: without scheme, user, password and query.
    pub(super) fn shown(&self) -> String {
        let bare = self.target.split_once("://").map_or(&*self.target, |(_, rest)| rest);
        let bare = bare.split(['?', '#']).next().unwrap_or_default();
        let host = bare.split('/').next().unwrap_or_default();
        let skipped = host.rfind('@').map_or(0, |at| at + 1);
        bare[skipped..].trim_end_matches('/').to_owned()
    }
}

/// One group of a file of Prometheus' service discovery.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Reads targets: JSON or YAML with `targets` and `labels`, or a line each, its module behind a space.
///
/// # Errors
/// One sentence with the place.
pub fn targets(text: &str, file: &Path) -> Result<Vec<Target>, String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let is_list =
        first.is_some_and(|line| line.starts_with('[') || line.starts_with("- ") || line == "-");
    if !is_list || first.is_some_and(|line| line.starts_with('[') && line.contains("]:")) {
        return lines(text, file);
    }
    let groups: Vec<Group> = serde_saphyr::from_str(text).map_err(|error| {
        let why = error.without_snippet().to_string();
        let why = why.lines().next().unwrap_or_default().to_owned();
        format!("{}: not a list of `targets` with `labels`: {why}", file.display())
    })?;
    Ok(groups.iter().flat_map(of_group).collect())
}

fn lines(text: &str, file: &Path) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // A `#` inside of a URL is no comment.
        let line =
            if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default() };
        let mut words = line.split_whitespace();
        let Some(target) = words.next() else { continue };
        let module = words.next().map(str::to_owned);
        if words.next().is_some() {
            return Err(format!(
                "{}:{}: a line is a target and, behind a space, its module",
                file.display(),
                number + 1
            ));
        }
        targets.push(Target { target: target.to_owned(), module, ..Target::default() });
    }
    Ok(targets)
}

fn of_group(group: &Group) -> Vec<Target> {
    let mut common = Target::default();
    for (name, value) in &group.labels {
        match name.as_str() {
            "__param_module" | "module" => common.module = Some(value.clone()),
            "__param_hostname" => common.hostname = Some(value.clone()),
            "__scrape_interval__" => common.interval = within(value),
            "__scrape_timeout__" => common.timeout = within(value),
            name if LabelUse::of(name).is_none() => {
                common.labels.insert(name.to_owned(), value.clone());
            }
            name => common.left_out.push(name.to_owned()),
        }
    }
    for (name, read) in
        [("__scrape_interval__", common.interval), ("__scrape_timeout__", common.timeout)]
    {
        if read.is_none() && group.labels.contains_key(name) {
            common.left_out.push(name.to_owned());
        }
    }
    let aimed = |target: &String| Target { target: target.clone(), ..common.clone() };
    group.targets.iter().map(aimed).collect()
}

/// A duration that a check can have.
fn within(text: &str) -> Option<PromDuration> {
    let bounds = CheckSettings::SHORTEST_INTERVAL..=CheckSettings::LONGEST_INTERVAL;
    text.parse().ok().filter(|own: &PromDuration| bounds.contains(&own.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Target>, String> {
        targets(text, Path::new("targets"))
    }

    #[test]
    fn lines_have_a_target_and_perhaps_a_module() {
        let found = read("# all\nhttps://a.example/#x http_2xx # web\n\n192.0.2.1\n[::1]:80 tcp\n")
            .unwrap();
        let pairs: Vec<_> = found.iter().map(|own| (&*own.target, own.module.as_deref())).collect();
        assert_eq!(
            pairs,
            [
                ("https://a.example/#x", Some("http_2xx")),
                ("192.0.2.1", None),
                ("[::1]:80", Some("tcp"))
            ]
        );
        assert!(read("a b c\n").unwrap_err().contains("targets:1"));
    }

    #[test]
    fn discovery_files_are_json_or_yaml() {
        let json = r#"[{"targets": ["a", "b"], "labels": {"__param_module": "m", "team": "x", "severity": "page", "job": "y", "__scrape_interval__": "1m"}}]"#;
        let yaml = "- targets: [a, b]\n  labels:\n    module: m\n    team: x\n    severity: page\n    job: y\n    __scrape_interval__: 1m\n";
        for text in [json, yaml] {
            let found = read(text).unwrap();
            assert_eq!(found.len(), 2);
            assert_eq!(found[1].module.as_deref(), Some("m"));
            assert_eq!(found[1].labels["team"], "x");
            assert_eq!(found[1].labels["severity"], "page");
            assert_eq!(found[1].left_out, ["job"]);
            assert!(found[1].interval.is_some());
        }
        let odd = "- targets: [a]\n  labels: {__scrape_interval__: 2y, __scrape_timeout__: soon}\n";
        let found = read(odd).unwrap();
        assert_eq!(found[0].left_out, ["__scrape_interval__", "__scrape_timeout__"]);
        assert!(read("- target: a\n").is_err());
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let shown = |text: &str| Target { target: text.to_owned(), ..Target::default() }.shown();
        assert_eq!(
            shown("https://me:hunter2@example.org:8443/a?token=hunter2"),
            "example.org:8443/a"
        );
        assert_eq!(shown("192.0.2.1"), "192.0.2.1");
        assert_eq!(shown("/run/a@b.sock"), "/run/a@b.sock");
    }
}
