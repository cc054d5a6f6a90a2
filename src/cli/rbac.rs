use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{exit::Exit, page};
use crate::{
    cluster::{
        Resource,
        kinds::KINDS,
        rules::{Need, by_default, is_sensitive, rules},
    },
    model::suggest::did_you_mean,
};

const API: &str = "rbac.authorization.k8s.io";

/// `noroshi rbac`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi rbac | kubectl apply -f -
  noroshi rbac --collectors pods,nodes --service-account monitoring/noroshi
  noroshi rbac --collectors pods,nodes --namespaces shop,edge

Exit codes: 0 printed, 2 usage")]
pub(super) struct Rbac {
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Documents
    #[default]
    Yaml,
    /// One List
    Json,
}

/// Runs `noroshi rbac`.
pub(super) fn run(options: &Rbac) -> Exit {
    let collectors = options.collectors();
    if collectors.iter().any(|resource| is_sensitive(resource)) {
        eprintln!("note: whoever has this role can read the secrets");
    } else if options.collectors.is_empty() {
        eprintln!("note: secrets are left out: name them in --collectors where they are shown");
    }
    let objects = options.objects(&collectors);
    let text = match options.output {
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

impl Rbac {
    fn collectors(&self) -> Vec<&'static Resource> {
        if self.all {
            return KINDS.iter().map(|kind| kind.resource).collect();
        }
        if self.collectors.is_empty() { by_default().collect() } else { self.collectors.clone() }
    }

    /// Roles, each with its binding.
    fn objects(&self, collectors: &[&Resource]) -> Vec<Value> {
        let in_roles = |resource: &&&Resource| resource.namespaced && !self.namespaces.is_empty();
        let (inside, everywhere): (Vec<&Resource>, Vec<&Resource>) =
            collectors.iter().partition(|resource| in_roles(resource));
        let mut objects = Vec::new();
        if !inside.is_empty() {
            for namespace in &self.namespaces {
                objects.extend(self.granted(Some(namespace), &inside));
            }
        }
        if !everywhere.is_empty() {
            objects.extend(self.granted(None, &everywhere));
        }
        objects
    }

    /// A role, and who has it.
    fn granted(&self, namespace: Option<&str>, collectors: &[&Resource]) -> [Value; 2] {
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
        let needs = collectors.iter().map(|resource| Need::from(*resource));
        granted["rules"] = json!(rules(needs));
        bound["roleRef"] = json!({ "apiGroup": API, "kind": role, "name": self.name });
        let (namespace, name) = match &self.service_account {
            Some(account) => (&*account.namespace, &*account.name),
            None => ("default", &*self.name),
        };
        bound["subjects"] =
            json!([{ "kind": "ServiceAccount", "name": name, "namespace": namespace }]);
        [granted, bound]
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
