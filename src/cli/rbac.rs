use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    page,
    paint::Paint,
    run::sources,
};
use crate::{
    cluster::{
        Resource, Shown,
        kinds::KINDS,
        rights::Rights,
        rules::{Rule, by_default},
        spec::{Access, Cluster, Settings},
    },
    config::{self, Config},
    model::suggest::did_you_mean,
    probe::spec::Spec,
};

const API: &str = "rbac.authorization.k8s.io";

/// `noroshi rbac`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi rbac | kubectl apply -f -
  noroshi rbac --collectors pods,nodes --service-account monitoring/noroshi
  noroshi rbac --collectors pods,nodes --namespaces shop,edge
  noroshi rbac --for kube-state-metrics --namespaces shop,edge
  noroshi rbac --config.file noroshi.toml --service-account monitoring/noroshi

Exit codes: 0 printed, 2 usage, 78 the configuration of --config.file")]
pub(super) struct Rbac {
    /// What this configuration needs: what its cluster collects, and the objects that are checks. A file (TOML or YAML) or a
    /// directory of them; repeat for several, later ones win
    #[arg(long = "config.file", value_name = "PATH")]
    config_file: Vec<PathBuf>,
    /// Of the configuration: this cluster
    /// [default: the one that noroshi runs in, or else the only one]
    #[arg(long, value_name = "NAME", verbatim_doc_comment)]
    cluster: Option<String>,
    /// What is collected, by resource, separated by commas
    /// [default: what is watched where nothing is named: no secrets]
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = collector,
        conflicts_with = "all",
        verbatim_doc_comment
    )]
    collectors: Vec<&'static Resource>,
    /// What this program collects where its flags name nothing, but for secrets; and what stands in --collectors
    #[arg(long = "for", value_enum, value_name = "PROGRAM", conflicts_with = "all")]
    stands_for: Option<Program>,
    /// Everything that can be collected, secrets too
    #[arg(long)]
    all: bool,
    /// A Role in each of these namespaces, separated by commas, in the place of rights in all of them. What stands in
    /// no namespace keeps a ClusterRole
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = label)]
    namespaces: Vec<String>,
    /// The name of the objects
    #[arg(long, value_name = "NAME", default_value = "noroshi", value_parser = subdomain)]
    name: String,
    /// Who gets the role [default: default/ and --name]
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = account)]
    service_account: Option<Account>,
    /// How it is printed
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
}

/// A service account.
#[derive(Debug, Clone)]
struct Account {
    namespace: String,
    name: String,
}

/// A program whose place noroshi takes in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// `noroshi kube-state-metrics`
    KubeStateMetrics,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Documents
    #[default]
    Yaml,
    /// One List
    Json,
}

/// Runs `noroshi rbac`.
pub(super) fn run(files: &Files, daemon: &Daemon, options: &Rbac) -> Exit {
    let files = Files { config_file: options.config_file.clone() }.or(files.clone());
    let is_configured = !files.config_file.is_empty() || options.cluster.is_some();
    let rights =
        if is_configured { options.configured(&files, daemon) } else { Ok(options.named()) };
    let rights = match rights {
        Ok(rights) => rights,
        Err(exit) => return exit,
    };
    let roles = rights.roles();
    if rights.are_sensitive() {
        eprintln!("note: whoever has this role can read the secrets");
    } else if !is_configured && options.collectors.is_empty() {
        eprintln!("note: secrets are left out: name them in --collectors where they are shown");
    } else if roles.is_empty() {
        eprintln!("note: nothing is asked of it that needs a role");
    }
    let objects = roles.iter().flat_map(|(namespace, rules)| options.granted(*namespace, rules));
    options.show(&objects.collect::<Vec<_>>())
}

impl Rbac {
    /// What the collectors need that the command line names.
    fn named(&self) -> Rights {
        let collectors: Vec<_> = if self.all {
            KINDS.iter().map(|kind| kind.resource).collect()
        } else if self.stands_for == Some(Program::KubeStateMetrics) {
            // It shows nothing that its peer does not know.
            let usual = by_default().filter(|resource| resource.shown == Shown::ByDefault);
            usual.chain(self.collectors.iter().copied()).collect()
        } else if self.collectors.is_empty() {
            by_default().collect()
        } else {
            self.collectors.clone()
        };
        let mut rights = Rights::default();
        let settings = Settings { namespaces: self.namespaces.clone(), ..Settings::default() };
        rights.collect(collectors, &settings);
        rights
    }

    /// What the configuration needs.
    fn configured(&self, files: &Files, daemon: &Daemon) -> Result<Rights, Exit> {
        let is_named = self.all || self.stands_for.is_some() || !self.collectors.is_empty();
        if is_named || !self.namespaces.is_empty() {
            eprintln!(
                "the configuration says what is collected, and where: \
                 it cannot be used with --collectors, --for, --all or --namespaces"
            );
            return Err(Exit::Usage);
        }
        let loaded = config::load(&sources(files, daemon));
        let Some(config) = &loaded.config else {
            eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was printed"));
            return Err(Exit::Config);
        };
        let clusters = self.chosen(config).map_err(|why| {
            eprintln!("{why}");
            Exit::Usage
        })?;
        let mut rights = Rights::default();
        for cluster in &clusters {
            rights.collect(cluster.kinds().map(|kind| kind.resource), &cluster.settings);
        }
        for check in &config.checks {
            if let Spec::Kubernetes(check) = &*check.spec
                && clusters.iter().any(|cluster| check.cluster.as_deref() == Some(&cluster.name))
            {
                rights.judge(check);
            }
        }
        Ok(rights)
    }

    /// The clusters that are meant. Several only where noroshi runs inside: they are one, watched in several ways.
    fn chosen(&self, config: &Config) -> Result<Vec<Cluster>, String> {
        let all = || config.clusters.iter().filter_map(|(name, options)| options.cluster(name));
        let names = || config.clusters.keys().map(String::as_str);
        let listed = || names().collect::<Vec<_>>().join(", ");
        if config.clusters.is_empty() {
            return Err("the configuration has no `[clusters.NAME]`: it watches none".to_owned());
        }
        if let Some(wanted) = &self.cluster {
            let found: Vec<_> = all().filter(|cluster| *cluster.name == **wanted).collect();
            if !found.is_empty() {
                return Ok(found);
            }
            let hint = did_you_mean(wanted, names());
            let hint = hint.unwrap_or_else(|| format!("there are {}", listed()));
            return Err(format!("there is no cluster `{wanted}`; {hint}"));
        }
        let inside: Vec<_> = all().filter(|cluster| cluster.access == Access::InCluster).collect();
        match (inside.is_empty(), config.clusters.len()) {
            (false, _) => Ok(inside),
            (true, 1) => Ok(all().collect()),
            (true, _) => {
                Err(format!("noroshi runs in none of its clusters: say --cluster, of {}", listed()))
            }
        }
    }

    /// A role, and who has it.
    fn granted(&self, namespace: Option<&str>, rules: &[Rule<'_>]) -> [Value; 2] {
        let (role, binding) = match namespace {
            Some(_) => ("Role", "RoleBinding"),
            None => ("ClusterRole", "ClusterRoleBinding"),
        };
        let head = |kind: &str| {
            let mut metadata = json!({ "name": self.name });
            if let Some(namespace) = namespace {
                metadata["namespace"] = namespace.into();
            }
            json!({ "apiVersion": format!("{API}/v1"), "kind": kind, "metadata": metadata })
        };
        let (mut granted, mut bound) = (head(role), head(binding));
        granted["rules"] = json!(rules);
        bound["roleRef"] = json!({ "apiGroup": API, "kind": role, "name": self.name });
        let (namespace, name) = match &self.service_account {
            Some(account) => (&*account.namespace, &*account.name),
            None => ("default", &*self.name),
        };
        bound["subjects"] =
            json!([{ "kind": "ServiceAccount", "name": name, "namespace": namespace }]);
        [granted, bound]
    }

    fn show(&self, objects: &[Value]) -> Exit {
        let text = match self.output {
            Format::Json => {
                let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
                Ok(format!("{list:#}\n"))
            }
            Format::Yaml => {
                let documents: Result<Vec<_>, _> =
                    objects.iter().map(serde_saphyr::to_string).collect();
                documents.map(|documents| documents.join("---\n"))
            }
        };
        match text {
            Ok(text) => page::show(&text),
            Err(error) => {
                eprintln!("cannot write YAML: {error}");
                Exit::Fatal
            }
        }
    }
}

fn collector(word: &str) -> Result<&'static Resource, String> {
    let word = word.trim();
    let resources = || KINDS.iter().map(|kind| kind.resource);
    resources().find(|resource| resource.name == word).ok_or_else(|| {
        let names = || resources().map(|resource| resource.name);
        let hint = did_you_mean(word, names())
            .unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
        format!("nothing collects `{word}`; {hint}")
    })
}

fn account(text: &str) -> Result<Account, String> {
    let (namespace, name) = text.split_once('/').ok_or("it is NAMESPACE/NAME")?;
    Ok(Account { namespace: label(namespace)?, name: subdomain(name)? })
}

/// A namespace's name, as the API server takes it.
fn label(text: &str) -> Result<String, String> {
    let text = text.trim();
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = (1..=63).contains(&text.len())
        && text.bytes().all(inside)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name of lower-case letters, digits and inner dashes"))
    }
}

/// Labels with dots between them.
fn subdomain(text: &str) -> Result<String, String> {
    if text.len() > 253 {
        return Err("it has more than 253 letters".to_owned());
    }
    let labels: Result<Vec<_>, _> = text.split('.').map(label).collect();
    labels.map(|labels| labels.join("."))
}
