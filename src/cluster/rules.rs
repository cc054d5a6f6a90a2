//! What is asked of an API server, as the rules of a role.
//!
//! A kind's own file says where it stands in the API; what may be done there follows from that, so the role that
//! `noroshi rbac` prints, the chart's and the requests are one. `/version` and `/livez` are asked too and stand in no
//! rule: `system:public-info-viewer` lets everybody read them whom the server knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    kind::{Resource, Shown},
    kinds::KINDS,
};

/// What a watch does. A server that streams lists is never asked to list; which one does is known only once it is asked.
pub const WATCHED: &[&str] = &["list", "watch"];

/// What is done with what cannot be watched.
const POLLED: &[&str] = &["list"];

/// What is asked of one resource. Whatever is not a kind of `kinds/` (a resource that is only listed, a custom one that a
/// check names) says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need<'n> {
    /// Its group; empty for the core.
    pub group: &'n str,
    /// Its name in a path.
    pub resource: &'n str,
    /// What is done with it.
    pub verbs: &'n [&'n str],
}

impl From<&Resource> for Need<'static> {
    fn from(resource: &Resource) -> Self {
        let verbs = if resource.polled.is_some() { POLLED } else { WATCHED };
        Self { group: resource.group, resource: resource.path, verbs }
    }
}

/// Whoever may list them has read them, and no dashboard needs them: a role has them where they are named.
const NEVER_BY_DEFAULT: &str = "secrets";

/// What a role permits to collect where nothing is named, which is what a `[clusters.NAME]` watches that names nothing: what
/// kube-state-metrics shows by itself but for secrets, and what only we show (events, definitions of custom resources, API
/// services, metrics.k8s.io). In kube-state-metrics' place the latter is not asked for.
pub fn by_default() -> impl Iterator<Item = &'static Resource> {
    let resources = KINDS.iter().map(|kind| kind.resource);
    resources.filter(|resource| resource.shown != Shown::OnRequest && !is_sensitive(resource))
}

/// Whether whoever may collect this may read what is nobody's business.
pub fn is_sensitive(resource: &Resource) -> bool {
    resource.name == NEVER_BY_DEFAULT
}

/// A rule, as it stands in a Role or ClusterRole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule<'n> {
    /// The group, one.
    pub api_groups: [&'n str; 1],
    /// Its resources, by name.
    pub resources: Vec<&'n str>,
    /// What may be done with each of them.
    pub verbs: Vec<&'n str>,
}

/// The rules that permit this and nothing more: one for each group, and more only where verbs differ.
pub fn rules<'n>(needs: impl IntoIterator<Item = Need<'n>>) -> Vec<Rule<'n>> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for need in needs {
        verbs.entry((need.group, need.resource)).or_default().extend(need.verbs);
    }
    let mut alike: BTreeMap<(&str, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        alike.entry((group, verbs)).or_default().push(resource);
    }
    let rule = |((group, verbs), resources): ((_, BTreeSet<_>), _)| Rule {
        api_groups: [group],
        resources,
        verbs: verbs.into_iter().collect(),
    };
    alike.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_grouped_and_rights_of_one_are_joined() {
        let need = |group, resource, verbs| Need { group, resource, verbs };
        let found = rules([
            need("apps", "deployments", WATCHED),
            need("", "pods", WATCHED),
            need("metrics.k8s.io", "pods", &["list"]),
            need("", "nodes", &["get"]),
            need("", "nodes", WATCHED),
            need("", "configmaps", WATCHED),
            need("", "pods", WATCHED),
        ]);
        let rule = |group, resources: &[&'static str], verbs: &[&'static str]| Rule {
            api_groups: [group],
            resources: resources.to_vec(),
            verbs: verbs.to_vec(),
        };
        assert_eq!(
            found,
            [
                rule("", &["nodes"], &["get", "list", "watch"]),
                rule("", &["configmaps", "pods"], WATCHED),
                rule("apps", &["deployments"], WATCHED),
                rule("metrics.k8s.io", &["pods"], &["list"]),
            ]
        );
        assert_eq!(rules([]), []);
    }
}
