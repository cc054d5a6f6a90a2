//! The ordinary daemon that watches the cluster it runs in: it has no right unasked, its roles are the binary's, and in a
//! real API server they are enough and no more.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Helm, Objects, helms,
    kube_state_metrics::{collectors, printed, released, rendered},
    only,
    runs::{Mounted, Started},
};
use crate::server::wait_until;

const ROLES: [&str; 4] = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

/// The roles in the order of their namespaces, that of all of them last.
fn roles(objects: &[Value]) -> Vec<(&Value, &Value, &Value)> {
    let mut roles: Vec<_> = objects.iter().filter(|object| object["rules"].is_array()).collect();
    let place = |role: &Value| role["metadata"]["namespace"].as_str().map(str::to_owned);
    roles.sort_by_key(|role| (place(role).is_none(), place(role)));
    let parts =
        roles.into_iter().map(|own| (&own["kind"], &own["metadata"]["namespace"], &own["rules"]));
    parts.collect()
}

/// What `noroshi rbac` prints for the release's own configuration.
fn of_its_configuration(all: &Objects) -> Vec<Value> {
    let mounted = Mounted::new(&only(all, "ConfigMap")["data"]);
    printed(&[&format!("--config.file={}", mounted.path().display())])
}

fn token(all: &Objects) -> &Value {
    &only(all, "Deployment")["spec"]["template"]["spec"]["automountServiceAccountToken"]
}

#[test]
fn nothing_is_permitted_unasked() {
    for helm in helms() {
        for values in [None, Some("noroshi"), Some("blackbox"), Some("alertmanager")] {
            let all = helm.render(values, &[]);
            assert!(!all.keys().any(|(kind, _)| ROLES.contains(&kind.as_str())), "{values:?}");
            assert_eq!(token(&all), false, "{values:?}");
        }
        // Whoever makes the role elsewhere has the token all the same.
        let all = helm.render(Some("clusters"), &["--set", "rbac.create=false"]);
        assert!(!all.keys().any(|(kind, _)| ROLES.contains(&kind.as_str())));
        assert_eq!(token(&all), true);
    }
}

#[test]
fn the_roles_are_those_of_the_binary() {
    for helm in helms() {
        let all = helm.render(Some("clusters"), &[]);
        assert_eq!(token(&all), true);
        let own = rendered(&helm, "clusters", &ROLES);
        assert_eq!(own.len(), 2);
        assert_eq!(roles(&own), roles(&printed(&[])));
        assert_eq!(roles(&own), roles(&of_its_configuration(&all)));
        let binding = only(&all, "ClusterRoleBinding");
        let account =
            json!([{ "kind": "ServiceAccount", "name": "watch-noroshi", "namespace": "towers" }]);
        assert_eq!(binding["subjects"], account);
        assert_eq!(binding["roleRef"]["name"], only(&all, "ClusterRole")["metadata"]["name"]);

        let all = helm.render(Some("clusters-namespaces"), &[]);
        let own = rendered(&helm, "clusters-namespaces", &ROLES);
        assert_eq!(own.iter().map(|own| &own["kind"]).collect::<Vec<_>>(), ["Role", "RoleBinding"]);
        assert_eq!(roles(&own), roles(&of_its_configuration(&all)));

        // With a rule of the user's own in each namespace, and nothing of it beyond them.
        let mut own = rendered(&helm, "clusters-checks", &ROLES);
        assert_eq!(own.len(), 6);
        let theirs = json!({
            "apiGroups": ["cert-manager.io"],
            "resources": ["certificates"],
            "verbs": ["list", "watch"],
        });
        for role in own.iter_mut().filter(|own| own["kind"] == "Role") {
            assert_eq!(role["rules"].as_array_mut().unwrap().pop().as_ref(), Some(&theirs));
        }
        let words = [
            "--collectors=deployments,services,endpointslices,nodes",
            "--namespaces=towers,monitoring",
        ];
        assert_eq!(roles(&own), roles(&printed(&words)));
    }
}

/// They stand in the whole cluster, or in namespaces that are not the release's own: the second of two releases that share a
/// name would not be installed, or take the other's away.
#[test]
fn no_two_releases_share_a_role() {
    let releases =
        [("watch", "towers"), ("watch", "hills"), ("look", "towers"), ("b-c", "a"), ("c", "a-b")];
    for helm in helms() {
        for values in ["clusters", "clusters-checks", "clusters-namespaces"] {
            let mut found = BTreeSet::new();
            for (release, namespace) in releases {
                let values = super::file_of(values);
                let words = ["template", release, super::CHART, "--namespace", namespace];
                let text = helm.run(&[&words[..], &["--values", &values]].concat()).unwrap();
                let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
                let own =
                    objects.iter().filter(|own| ROLES.iter().any(|kind| own["kind"] == *kind));
                for role in own {
                    let (kind, place) = (&role["kind"], &role["metadata"]);
                    let place = format!("{kind} {} {}", place["namespace"], place["name"]);
                    assert!(found.insert(place.clone()), "{release} in {namespace}: {place}");
                }
            }
            assert!(found.len() >= 2 * releases.len(), "{values}: {found:?}");
        }
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for helm in helms() {
        for (set, words) in [
            ("collectors[0]=podz", "nothing collects podz; there are apiservices, certificatesign"),
            ("rbac.useClusterRole=false", "name them"),
            ("rbac.useClusterRole=false,namespaces[0]=a,collectors[0]=nodes", "nodes stand in no"),
            ("namespaces[0]=Shop", "/namespaces/0"),
            ("metricDenylist[0]=a", "metricDenylist: only personality=kubeStateMetrics has that"),
            ("personality=blackbox", "clusters.enabled: blackbox has no [clusters.NAME]"),
            ("personality=kubeStateMetrics", "kubeStateMetrics has no [clusters.NAME]"),
        ] {
            let set = format!("clusters.enabled=true,{set}");
            let refused = helm.run(&["template", super::CHART, "--set", &set]).expect_err(&set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
        // kube-state-metrics knows nothing of it.
        let ours = "personality=kubeStateMetrics,collectors[0]=events";
        let refused = helm.run(&["template", super::CHART, "--set", ours]).unwrap_err();
        assert!(refused.contains("nothing collects events"), "{refused}");
    }
}

/// Helm 3 shows notes to nobody without a server.
#[test]
fn what_was_forgotten_is_told() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let notes = |set: &str| {
        helm.run(&["install", "watch", super::CHART, "--dry-run=client", "--set", set]).unwrap()
    };
    let home = "config.clusters.home.resources[0]=pods";
    let unasked = "config.clusters.home is the cluster it runs in";
    assert!(notes(home).contains(unasked));
    let enabled = notes(&format!("{home},clusters.enabled=true"));
    assert!(!enabled.contains(unasked) && !enabled.contains("No role was made"), "{enabled}");
    assert!(!notes("config.clusters.far.context=far").contains("is the cluster it runs in"));
    let without = notes(&format!("{home},clusters.enabled=true,rbac.create=false"));
    assert!(without.contains("No role was made"), "{without}");
}

/// The release as a process that asks a real cluster as its account, which its configuration would find in the pod.
fn started(helm: &Helm, values: &str, kubeconfig: &str) -> (Started, Mounted) {
    let name = "extraEnv[0].name=NOROSHI__CLUSTERS__HOME__KUBECONFIG";
    let set = format!("{name},extraEnv[0].value={kubeconfig}");
    let all = helm.render(Some(values), &["--set", &set]);
    let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
    let volumes = [("config", mounted.path())];
    (Started::new(only(&all, "Deployment"), &volumes, &[]), mounted)
}

/// Every collector with the chart's role and a real account's token; then one of them lacks its rule, and is down alone.
#[test]
fn its_collectors_run_with_its_role() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("clusters"), &[]);
    let Some((cluster, kubeconfig)) = released(&all) else { return };
    let kubeconfig_name = kubeconfig.to_str().unwrap();
    // There is no metrics server.
    let missing = BTreeSet::from(["nodemetrics", "podmetrics"].map(str::to_owned));
    let without = |lost: Option<&str>| {
        let wanted: BTreeSet<_> = missing.iter().cloned().chain(lost.map(str::to_owned)).collect();
        let (running, _mounted) = started(helm, "clusters", kubeconfig_name);
        wait_until("all collectors", || {
            let [up, down] = collectors(&running.daemon.metrics());
            (down == wanted && !up.is_empty()).then_some(())
        });
        assert_eq!(running.daemon.log().contains("reason=forbidden"), lost.is_some());
    };
    without(None);
    let mut role = only(&all, "ClusterRole").clone();
    for rule in role["rules"].as_array_mut().unwrap() {
        rule["resources"].as_array_mut().unwrap().retain(|resource| resource != "services");
    }
    cluster.apply(&role);
    let may_not = || cluster.kubectl_as(&kubeconfig, "get services -A").err();
    wait_until("a right to be taken", may_not);
    without(Some("services"));
}

/// Checks of objects in two namespaces: nobody refuses, so what is told is that the objects are not there.
#[test]
fn its_checks_look_with_its_roles() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("clusters-checks"), &[]);
    let Some((cluster, kubeconfig)) = released(&all) else { return };
    let kubeconfig = kubeconfig.to_str().unwrap();
    let reasons = [
        ("web", "object_missing"),
        ("door", "object_missing"),
        ("buoy", "object_missing"),
        ("certificate", "api_not_served"),
    ];
    // Without the roles of the namespaces, only the node is seen.
    let (running, _mounted) = started(helm, "clusters-checks", kubeconfig);
    let fails = |page: &str, check: &str, reason: &str| {
        page.lines().any(|line| {
            line.starts_with("noroshi_check_failing{")
                && line.contains(&format!("check=\"{check}\""))
                && line.contains(&format!("reason=\"{reason}\""))
                && line.ends_with(" 1")
        })
    };
    running.daemon.until_metrics("refusals", |page| {
        fails(page, "web", "api_forbidden") && fails(page, "buoy", "object_missing")
    });
    drop(running);
    cluster.kubectl("create namespace monitoring").unwrap();
    for object in rendered(helm, "clusters-checks", &["Role", "RoleBinding"]) {
        cluster.apply(&object);
    }
    let (running, _mounted) = started(helm, "clusters-checks", kubeconfig);
    running.daemon.until_metrics("its objects", |page| {
        reasons.iter().all(|(check, reason)| fails(page, check, reason))
    });
}
