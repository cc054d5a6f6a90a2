//! `[clusters.NAME]`: Kubernetes clusters that are watched as a whole.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use figment::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    alerting,
    codes::Code,
    finding::{Finding, Path},
    layers::Values,
    reading,
};
use crate::{
    cluster::spec::{
        Access, Cluster, Filter, Keys, KeysOf, Node, Patterns, Profile, Settings, Shard,
        default_resources, is_resource, own_resources, resources,
    },
    model::{Secret, suggest},
    net::spec::HttpUrl,
};

/// A cluster as it is written. Without `server`, `kubeconfig` and `context` it is the one that noroshi runs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterOptions {
    /// A kubeconfig. With `context` alone it is `$KUBECONFIG`, or `~/.kube/config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The context in it. The current one when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The API server's URL, in place of a kubeconfig; without user and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// With `server`: a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub token: Option<Secret>,
    /// With `server`: a file that holds a token. It is read again as it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// With `server`: a file with the certificates that may have signed the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The resources that are watched. When not set, what kube-state-metrics watches but `secrets`, and what only noroshi
    /// shows: a right to list secrets is a right to read them, so they are asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// The namespaces that are watched. All when empty.
    pub namespaces: Vec<String>,
    /// Namespaces that are left out.
    pub namespaces_denylist: Vec<String>,
    /// How many families are written.
    pub profile: Profile,
    /// Patterns of the families that are written; one that matches a part of a name matches. All when empty.
    pub metric_allowlist: Vec<String>,
    /// Patterns of the families that are left out.
    pub metric_denylist: Vec<String>,
    /// Patterns of families that are written only where they are asked for: `kube_pod_nodeselectors`,
    /// `kube_persistentvolume_csi_attributes`.
    pub metric_opt_in: Vec<String>,
    /// The labels of objects that `kube_*_labels` shows, by resource: a key, `*` for all, or a key with one star in it.
    /// The resource `*` stands for all of them.
    pub labels: BTreeMap<String, Vec<String>>,
    /// The annotations that `kube_*_annotations` shows, in the same form.
    pub annotations: BTreeMap<String, Vec<String>>,
    /// Whether to show when the certificates in secrets of the type `kubernetes.io/tls` expire. Nothing but that and the
    /// name in it is kept. It goes with `secrets` among the resources, and brings them where none are named.
    pub tls_secrets: bool,
    /// Only the pods on this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Only the pods that no node has yet.
    pub unscheduled_pods: bool,
    /// Which of `total_shards` replicas this is, from 0: each shows its part of the objects, as kube-state-metrics shares
    /// them.
    pub shard: u32,
    /// How many replicas share the objects.
    pub total_shards: u32,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            server: None,
            token: None,
            token_file: None,
            ca_file: None,
            resources: None,
            namespaces: Vec::new(),
            namespaces_denylist: Vec::new(),
            profile: Profile::default(),
            metric_allowlist: Vec::new(),
            metric_denylist: Vec::new(),
            metric_opt_in: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            tls_secrets: false,
            node: None,
            unscheduled_pods: false,
            shard: 0,
            total_shards: 1,
        }
    }
}

/// All clusters; what is wrong with one, or with two beside each other, goes to `findings`.
pub(super) fn assemble(
    values: &Values,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, ClusterOptions> {
    let all = alerting::each(values, "clusters", findings, read);
    let clusters: Vec<_> = all.iter().filter_map(|(name, options)| options.cluster(name)).collect();
    let pairs = clusters.iter().enumerate();
    findings.extend(pairs.filter_map(|(at, own)| {
        let mut before = clusters[..at].iter();
        before.find_map(|other| alike(other, own))
    }));
    all
}

/// Two clusters that would write equal series. Those of one resource are told apart by no other label: many count what
/// stands in all namespaces and on all nodes.
fn alike(one: &Cluster, other: &Cluster) -> Option<Finding> {
    if one.settings.cluster != other.settings.cluster {
        return None;
    }
    let both = other.resources.iter().find(|name| one.resources.contains(name))?;
    let at = |cluster: &Cluster| Path::of(["clusters", &*cluster.name]);
    let message = format!(
        "clusters {:?} and {:?} are both the one that noroshi runs in, whose series carry no `cluster`, and would both \
         write those of `{both}`",
        &*one.name, &*other.name
    );
    let hint = "make one section of both, give each its own `resources` (`[]` for checks alone), or say `context` or \
                `server` where another cluster is meant";
    let finding = Finding::new(Code::Contradiction, at(other), message).at_key();
    Some(finding.hint(hint.to_owned()).other("the other one", at(one)))
}

/// Reads a cluster; what is wrong with it goes to `findings`.
fn read(
    values: &Values,
    (name, at, value): (&str, &Path, &Value),
    findings: &mut Vec<Finding>,
) -> Option<ClusterOptions> {
    let read = reading::section::<ClusterOptions>(values, at, value);
    findings.extend(read.findings);
    let options = read.value?;
    let (cluster, wrong) = options.compile(name, at);
    findings.extend(wrong);
    cluster.map(|_| options)
}

impl ClusterOptions {
    /// What is to be watched. Only of options that were read.
    pub fn cluster(&self, name: &str) -> Option<Cluster> {
        self.compile(name, &Path::default()).0
    }

    fn compile(&self, name: &str, at: &Path) -> (Option<Cluster>, Vec<Finding>) {
        let mut wrong = self.contradictions(at);
        wrong.extend(self.server.as_deref().and_then(|url| unfit(url, &at.key("server"))));
        let access = self.access();
        let settings = Settings {
            // What noroshi runs in is where its own series come from: Prometheus knows it.
            cluster: (access != Access::InCluster).then(|| Arc::from(name)),
            namespaces: self.namespaces.clone(),
            labels: keys(&self.labels, &at.key("labels"), &mut wrong),
            annotations: keys(&self.annotations, &at.key("annotations"), &mut wrong),
            families: Filter {
                allow: patterns(&self.metric_allowlist, &at.key("metric_allowlist"), &mut wrong),
                deny: patterns(&self.metric_denylist, &at.key("metric_denylist"), &mut wrong),
                opt_in: patterns(&self.metric_opt_in, &at.key("metric_opt_in"), &mut wrong),
                profile: self.profile,
            },
            shard: Shard { ordinal: self.shard, total: self.total_shards },
            own: true,
            tls_secrets: self.tls_secrets,
            ..Settings::default()
        };
        let resources = self.resources.clone().unwrap_or_else(|| self.usual_resources());
        let unknown = resources.iter().enumerate().filter(|(_, name)| !is_resource(name));
        let place = at.key("resources");
        wrong.extend(unknown.map(|(index, name)| no_resource(place.index(index), name)));
        let node = match (&self.node, self.unscheduled_pods) {
            (_, true) => Some(Node::Unscheduled),
            (Some(node), false) => Some(Node::Named(node.clone())),
            (None, false) => None,
        };
        let cluster = Cluster {
            name: Arc::from(name),
            access,
            resources,
            namespaces_denylist: self.namespaces_denylist.clone(),
            node,
            settings,
        };
        (wrong.is_empty().then_some(cluster), wrong)
    }

    fn usual_resources(&self) -> Vec<String> {
        let known = default_resources().filter(|name| self.tls_secrets || *name != "secrets");
        known.chain(own_resources()).map(str::to_owned).collect()
    }

    fn access(&self) -> Access {
        match &self.server {
            Some(url) => Access::Server {
                url: url.clone(),
                token: self.token.clone(),
                token_file: self.token_file.clone(),
                ca_file: self.ca_file.clone(),
            },
            None if self.kubeconfig.is_none() && self.context.is_none() => Access::InCluster,
            None => Access::Kubeconfig {
                path: self.kubeconfig.clone(),
                context: self.context.clone(),
                server: None,
            },
        }
    }

    fn contradictions(&self, at: &Path) -> Vec<Finding> {
        let by_server = self.server.is_some();
        let by_file = self.kubeconfig.is_some() || self.context.is_some();
        let credentials = [
            ("token", self.token.is_some()),
            ("token_file", self.token_file.is_some()),
            ("ca_file", self.ca_file.is_some()),
        ];
        let mut wrong = Vec::new();
        let mut contradiction = |key: &str, message: &str| {
            wrong.push(Finding::new(Code::Contradiction, at.key(key), message));
        };
        if by_server && by_file {
            contradiction(
                "server",
                "`server` and `kubeconfig` or `context` both say where the cluster is",
            );
        }
        for (key, _) in credentials.iter().filter(|(_, is_given)| *is_given && !by_server) {
            contradiction(key, &format!("`{key}` goes with `server`, which is not given"));
        }
        if self.token.is_some() && self.token_file.is_some() {
            contradiction("token_file", "`token` and `token_file` are both given");
        }
        if !self.metric_allowlist.is_empty() && !self.metric_denylist.is_empty() {
            contradiction(
                "metric_denylist",
                "`metric_allowlist` and `metric_denylist` exclude each other",
            );
        }
        if self.node.is_some() && self.unscheduled_pods {
            contradiction("unscheduled_pods", "pods without a node are not on `node`");
        }
        let is_sharded = self.node.is_some() || self.unscheduled_pods;
        if is_sharded && self.resources.as_deref().is_none_or(|names| names != ["pods"]) {
            let key = if self.unscheduled_pods { "unscheduled_pods" } else { "node" };
            contradiction(key, "only pods stand on nodes: it goes with `resources = [\"pods\"]`");
        }
        let named = self.resources.as_deref();
        if self.tls_secrets && named.is_some_and(|names| names.iter().all(|n| n != "secrets")) {
            contradiction("tls_secrets", "`resources` names no `secrets` to look into");
        }
        if self.total_shards == 0 || self.shard >= self.total_shards {
            contradiction("shard", "`shard` counts from 0 and is below `total_shards`");
        }
        wrong
    }
}

/// What is wrong with a server's URL, without the URL: it may hold a password.
fn unfit(url: &str, at: &Path) -> Option<Finding> {
    let finding = |why: &str| Finding::new(Code::BadValue, at.clone(), format!("`{at}`: {why}"));
    // Wherever it stands: a password with a slash in it reads as a path.
    if url.contains('@') {
        let hint = "say `token` or `token_file` beside it, or `kubeconfig`; in a path `@` is written `%40`";
        let why = "user and password do not belong into it: it is shown in metrics and in the log";
        return Some(finding(why).hint(hint.to_owned()));
    }
    url.parse::<HttpUrl>().err().map(|why| finding(&why))
}

fn no_resource(at: Path, name: &str) -> Finding {
    let hint = suggest::nearest(name, resources()).map(|meant| format!("did you mean `{meant}`?"));
    let message = format!("there is no resource {name:?} that can be watched");
    Finding::new(Code::UnknownWord, at, message).hint(hint).known(resources())
}

fn keys(lists: &BTreeMap<String, Vec<String>>, at: &Path, wrong: &mut Vec<Finding>) -> KeysOf {
    let mut all = KeysOf::default();
    for (resource, entries) in lists {
        if resource != "*" && !is_resource(resource) {
            wrong.push(no_resource(at.key(resource), resource).at_key());
        }
        match Keys::new(entries) {
            Ok(keys) => drop(all.0.insert(resource.clone(), keys)),
            Err(error) => {
                wrong.push(Finding::new(Code::BadValue, at.key(resource), error.to_string()));
            }
        }
    }
    all
}

fn patterns(list: &[String], at: &Path, wrong: &mut Vec<Finding>) -> Patterns {
    Patterns::new(list).unwrap_or_else(|error| {
        let index = list.iter().position(|pattern| *pattern == error.pattern).unwrap_or_default();
        wrong.push(Finding::new(Code::BadValue, at.index(index), error.to_string()));
        Patterns::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(options: &ClusterOptions) -> (Option<Cluster>, Vec<String>) {
        let (cluster, wrong) = options.compile("home", &Path::default());
        (cluster, wrong.iter().map(|finding| format!("{finding:?}")).collect())
    }

    #[test]
    fn secrets_are_watched_where_they_are_asked_for_alone() {
        let resources = |tls_secrets: bool| {
            let (cluster, _) = compiled(&ClusterOptions { tls_secrets, ..Default::default() });
            let cluster = cluster.unwrap();
            assert_eq!(cluster.settings.tls_secrets, tls_secrets);
            cluster.resources
        };
        let (usual, with_secrets) = (resources(false), resources(true));
        assert!(!usual.iter().any(|name| name == "secrets"));
        for own in ["events", "nodemetrics", "customresourcedefinitions", "pods"] {
            assert!(usual.iter().any(|name| name == own), "{own}");
        }
        assert_eq!(with_secrets.len(), usual.len() + 1);
        assert!(with_secrets.iter().any(|name| name == "secrets"));
        let named = |names: &[&str]| {
            let resources = Some(names.iter().map(|name| (*name).to_owned()).collect());
            compiled(&ClusterOptions { tls_secrets: true, resources, ..Default::default() }).1
        };
        assert_eq!(named(&["pods", "secrets"]), Vec::<String>::new());
        assert!(named(&["pods"])[0].contains("names no `secrets`"));
    }
}
