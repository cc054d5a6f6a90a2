//! `noroshi rules`: the rules for Prometheus that are shipped with this binary.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use url::Url;

use super::{exit::Exit, page};

/// The files of `prometheus-rules/`, in the order in which they read best.
const FILES: [(&str, &str); 6] = [
    ("recording.yaml", include_str!("../../prometheus-rules/recording.yaml")),
    ("slo.yaml", include_str!("../../prometheus-rules/slo.yaml")),
    ("alerts-checks.yaml", include_str!("../../prometheus-rules/alerts-checks.yaml")),
    ("alerts-cluster.yaml", include_str!("../../prometheus-rules/alerts-cluster.yaml")),
    ("alerts-alerting.yaml", include_str!("../../prometheus-rules/alerts-alerting.yaml")),
    ("alerts-noroshi.yaml", include_str!("../../prometheus-rules/alerts-noroshi.yaml")),
];

/// The line behind which the groups of a file stand.
const GROUPS: &str = "groups:\n";

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi rules > noroshi-rules.yaml                        one file with everything
  noroshi rules --out rules/noroshi                         six files, to choose from
  noroshi rules --grafana-url https://grafana.example.org   links that lead somewhere

Exit codes: 0 written, 1 a file cannot be written, 2 usage")]
pub(super) struct Rules {
    /// Write one file for each subject into this directory, instead of all of them to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where Grafana is: put before `dashboard_url`, which without it begins with `/d/`
    #[arg(long, value_name = "URL", value_parser = base)]
    grafana_url: Option<String>,
    /// Where this repository's files are to be read: put before `runbook_url`, which without it begins with `docs/runbooks/`
    #[arg(long, value_name = "URL", value_parser = base)]
    runbook_base_url: Option<String>,
}

/// Runs `noroshi rules`.
pub(super) fn run(options: &Rules) -> Exit {
    match &options.out {
        None => page::show(&options.in_one()),
        Some(folder) => match options.write(folder) {
            Ok(names) => page::show(&names),
            Err(why) => {
                eprintln!("{why}");
                Exit::Fatal
            }
        },
    }
}

impl Rules {
    /// All groups as one file.
    fn in_one(&self) -> String {
        let parts = FILES.iter().map(|(_, text)| {
            let (head, groups) = text.split_once(GROUPS).unwrap_or(("", text));
            format!("{head}{groups}\n")
        });
        let parts: Vec<String> = parts.collect();
        self.linked(&format!("{GROUPS}{}", parts.join("").trim_end())) + "\n"
    }

    /// Each file under its name; the names, a line each.
    fn write(&self, folder: &Path) -> Result<String, String> {
        let failed = |path: &Path, error| format!("cannot write {}: {error}", path.display());
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let mut names = Vec::new();
        for (name, text) in FILES {
            let path = folder.join(name);
            fs::write(&path, self.linked(text)).map_err(|error| failed(&path, error))?;
            names.push(format!("{}\n", path.display()));
        }
        Ok(names.concat())
    }

    /// The text with both bases before its links.
    fn linked(&self, text: &str) -> String {
        let mut linked = text.to_owned();
        if let Some(grafana) = &self.grafana_url {
            linked = linked.replace("dashboard_url: /", &format!("dashboard_url: {grafana}/"));
        }
        if let Some(runbooks) = &self.runbook_base_url {
            linked = linked.replace("runbook_url: ", &format!("runbook_url: {runbooks}/"));
        }
        linked
    }
}

/// A URL that something can be put behind: without a query, a fragment, or a slash at its end. Braces are escaped by being
/// parsed, so none of it is taken for a template by Prometheus.
fn base(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it begins with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("paths are put behind it: it can have no query and no fragment".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(grafana: Option<&str>, runbooks: Option<&str>) -> Rules {
        let owned = |url: Option<&str>| url.map(|url| base(url).unwrap());
        Rules { out: None, grafana_url: owned(grafana), runbook_base_url: owned(runbooks) }
    }

    /// Group names with how many rules each has.
    fn groups(text: &str) -> Vec<(String, usize)> {
        let file: serde_json::Value = serde_saphyr::from_str(text).unwrap();
        let groups = file["groups"].as_array().unwrap().iter();
        let name = |group: &serde_json::Value| group["name"].as_str().unwrap().to_owned();
        groups.map(|group| (name(group), group["rules"].as_array().unwrap().len())).collect()
    }

    #[test]
    fn one_file_has_the_groups_of_all() {
        let apart: Vec<_> = FILES.iter().flat_map(|(_, text)| groups(text)).collect();
        assert!(apart.len() > 10);
        assert_eq!(groups(&rules(None, None).in_one()), apart);
    }

    #[test]
    fn both_bases_go_before_every_link() {
        let text = rules(Some("https://g.example/"), Some("https://w.example/n")).in_one();
        let links =
            |key: &str| text.lines().filter(|line| line.trim_start().starts_with(key)).count();
        let alerts = links("- alert:");
        assert_eq!(text.matches("dashboard_url: https://g.example/d/noroshi-").count(), alerts);
        assert_eq!(text.matches("runbook_url: https://w.example/n/docs/runbooks/").count(), alerts);
        groups(&text);
    }

    #[test]
    fn a_base_is_a_url_that_a_path_can_stand_behind() {
        assert_eq!(base("https://g.example/sub/").as_deref(), Ok("https://g.example/sub"));
        assert!(base("https://g.example/{{.}} #").is_err());
        assert_eq!(
            base("https://g.example/{{.}}").as_deref(),
            Ok("https://g.example/%7B%7B.%7D%7D")
        );
        for bad in ["g.example", "ftp://g.example", "https://g.example/?a=b", ""] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files_are_written_under_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        let names = rules(None, None).write(&below).unwrap();
        assert_eq!(names.lines().count(), FILES.len());
        for (name, text) in FILES {
            assert_eq!(fs::read_to_string(below.join(name)).unwrap(), text);
        }
        assert!(rules(None, None).write(&below.join("slo.yaml")).is_err());
    }
}
