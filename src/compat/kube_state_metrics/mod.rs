//! What kube-state-metrics' flags say, as our own specs.
//!
//! Contract: text of flags in, `cluster::spec` out, or a message in the words of the flag.

mod keys;
mod timeouts;

use std::sync::Arc;

pub use self::{
    keys::keys_of,
    timeouts::{Timeouts, duration},
};
use crate::cluster::spec::{
    Access, Cluster, Filter, KeysOf, Node, Patterns, Profile, Settings, Shard, default_resources,
    is_of_kube_state_metrics,
};

/// The version whose place is taken, as its release builds tell it.
pub const VERSION: &str = "v2.20.0";

/// What the flags say about the cluster, as text.
#[derive(Debug, Clone, Default)]
pub struct Said<'f> {
    /// `--apiserver`
    pub apiserver: &'f str,
    /// `--kubeconfig`
    pub kubeconfig: &'f str,
    /// `--resources`
    pub resources: &'f [String],
    /// `--namespaces`
    pub namespaces: &'f [String],
    /// `--namespaces-denylist`
    pub namespaces_denylist: &'f [String],
    /// `--metric-allowlist`
    pub metric_allowlist: &'f [String],
    /// `--metric-denylist`
    pub metric_denylist: &'f [String],
    /// `--metric-opt-in-list`
    pub metric_opt_in_list: &'f [String],
    /// `--metric-labels-allowlist`
    pub labels: &'f str,
    /// `--metric-annotations-allowlist`
    pub annotations: &'f str,
    /// `--node`
    pub node: &'f str,
    /// `--track-unscheduled-pods`
    pub track_unscheduled_pods: bool,
    /// `--shard` and `--total-shards`
    pub shard: (u32, u32),
}

/// Values separated by commas, of all times that a flag is given.
pub fn list(values: &[String]) -> Vec<String> {
    let parts = values.iter().flat_map(|value| value.split(','));
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// The cluster, as the flags have it.
///
/// # Errors
/// What is wrong, naming the flag.
pub fn cluster(said: &Said<'_>) -> Result<Cluster, String> {
    let (ordinal, total) = said.shard;
    let settings = Settings {
        cluster: None,
        namespaces: namespaces(said),
        labels: keys_for("--metric-labels-allowlist", said.labels)?,
        annotations: keys_for("--metric-annotations-allowlist", said.annotations)?,
        families: families(said)?,
        shard: Shard { ordinal, total },
        ..Settings::default()
    };
    Ok(Cluster {
        name: Arc::from("kube-state-metrics"),
        access: access(said),
        resources: resources(said)?,
        namespaces_denylist: list(said.namespaces_denylist),
        node: node(said),
        settings,
    })
}

/// As `clientcmd.BuildConfigFromFlags`: without both flags it is the cluster it runs in.
fn access(said: &Said<'_>) -> Access {
    let server = Some(said.apiserver).filter(|url| !url.is_empty());
    match (said.kubeconfig, server) {
        ("", None) => Access::InCluster,
        ("", Some(url)) => {
            Access::Server { url: url.to_owned(), token: None, token_file: None, ca_file: None }
        }
        (path, server) => Access::Kubeconfig {
            path: Some(path.into()),
            context: None,
            server: server.map(str::to_owned),
        },
    }
}

fn resources(said: &Said<'_>) -> Result<Vec<String>, String> {
    let mut resources = each_once(list(said.resources));
    if resources.is_empty() {
        resources = default_resources().map(str::to_owned).collect();
    }
    match resources.iter().find(|name| !is_of_kube_state_metrics(name)) {
        Some(unknown) => Err(format!("--resources: resource {unknown} does not exist")),
        None if !said.node.is_empty() && !said.resources.is_empty() && resources != ["pods"] => {
            Err("--node: resources other than pods do not stand on nodes".to_owned())
        }
        None => Ok(resources),
    }
}

/// All if none is named; of a namespace that is named and left out, nothing is there to watch.
fn namespaces(said: &Said<'_>) -> Vec<String> {
    each_once(list(said.namespaces))
}

/// In the order in which they are named first.
fn each_once(names: Vec<String>) -> Vec<String> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

fn node(said: &Said<'_>) -> Option<Node> {
    if said.track_unscheduled_pods {
        return Some(Node::Unscheduled);
    }
    (!said.node.is_empty()).then(|| Node::Named(said.node.to_owned()))
}

fn keys_for(flag: &str, text: &str) -> Result<KeysOf, String> {
    let keys = keys_of(text).map_err(|why| format!("{flag}: {why}"))?;
    match keys.0.keys().find(|name| *name != "*" && !is_of_kube_state_metrics(name)) {
        Some(unknown) => Err(format!("{flag}: resource {unknown} does not exist")),
        None => Ok(keys),
    }
}

fn families(said: &Said<'_>) -> Result<Filter, String> {
    let patterns = |flag: &str, values: &[String]| {
        Patterns::new(list(values)).map_err(|error| format!("{flag}: {error}"))
    };
    let filter = Filter {
        allow: patterns("--metric-allowlist", said.metric_allowlist)?,
        deny: patterns("--metric-denylist", said.metric_denylist)?,
        opt_in: patterns("--metric-opt-in-list", said.metric_opt_in_list)?,
        profile: Profile::Full,
    };
    if !filter.allow.is_empty() && !filter.deny.is_empty() {
        return Err(
            "--metric-allowlist and --metric-denylist are both given: they exclude each other"
                .into(),
        );
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_server_is() {
        let said =
            |apiserver, kubeconfig| access(&Said { apiserver, kubeconfig, ..Said::default() });
        assert_eq!(said("", ""), Access::InCluster);
        assert!(matches!(said("http://x", ""), Access::Server { url, .. } if url == "http://x"));
        assert!(
            matches!(said("http://x", "f"), Access::Kubeconfig { server: Some(url), .. } if url == "http://x")
        );
    }

    #[test]
    fn what_is_named_twice_is_named_once() {
        let twice = ["pods,pods".to_owned(), "pods".to_owned()];
        let said = Said { resources: &twice, namespaces: &twice, node: "n1", ..Said::default() };
        let cluster = cluster(&said).unwrap();
        assert_eq!(
            (cluster.resources, cluster.settings.namespaces),
            (vec!["pods".to_owned()], vec!["pods".to_owned()])
        );
        let others = ["pods,nodes".to_owned()];
        let said = Said { resources: &others, node: "n1", ..Said::default() };
        assert!(super::cluster(&said).unwrap_err().starts_with("--node: "));
    }

    #[test]
    fn what_makes_no_sense_names_its_flag() {
        let texts =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (pods, gods) = (texts(&["pods"]), texts(&["gods"]));
        let refused = |said: Said<'_>| cluster(&said).unwrap_err();
        assert!(
            refused(Said { resources: &gods, ..Said::default() })
                .contains("resource gods does not exist")
        );
        assert!(
            refused(Said { labels: "gods=[a]", ..Said::default() })
                .starts_with("--metric-labels-allowlist")
        );
        let both = Said { metric_allowlist: &pods, metric_denylist: &pods, ..Said::default() };
        assert!(refused(both).contains("exclude each other"));
    }
}
