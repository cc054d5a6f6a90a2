//! Rights that are missing, taken and given back: one collector suffers, and says so once.

use std::{fs, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use noroshi::{clock::Clock, cluster::spec::Access, model::Secret};
use serde_json::json;

use crate::{
    cluster_of,
    log::Log,
    pod,
    support::kube_api::{KubeApi, Resource, Rule},
    time::{Stopped, until},
    world::{Flags, Noroshi},
};

const SECOND: Duration = Duration::from_secs(1);

fn no_pods() -> Rule {
    Rule::new(&["list", "watch"], &[""], &["pods"])
}

#[tokio::test]
async fn a_right_that_is_taken_and_given_back() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    api.take(no_pods());
    time.pass(2 * SECOND).await;
    api.end_watches(None);
    until!(noroshi.failures("pods", "forbidden").await == 1.0);
    api.put("pods", pod("a", "unseen", "n1"));
    api.put("nodes", json!({ "metadata": { "name": "n2" } }));
    until!(noroshi.count("kube_node_info").await == 2);
    assert_eq!(noroshi.collector("up", "pods").await, 0.0);
    assert_eq!(noroshi.collector("up", "nodes").await, 1.0);
    assert_eq!(noroshi.count("kube_pod_info").await, 3, "as it was last seen");
    let asked = api.count("watch", "/api/v1/pods");
    time.pass(58 * SECOND).await;
    // A server that has just started refuses what it permits a moment later; after that there is nothing to hurry for.
    let again = api.count("watch", "/api/v1/pods") - asked;
    assert!((4..=6).contains(&again), "{again} times");
    time.pass(170 * SECOND).await;
    assert!(noroshi.failures("pods", "forbidden").await >= 3.0);
    let told = log.lines(&["cannot be watched"]);
    assert_eq!(told.len(), 1, "{told:?}");
    for word in ["pods", "reason=\"forbidden\"", "cannot watch resource", "/api/v1/pods"] {
        assert!(told[0].contains(word), "{told:?}");
    }
    api.give_back(&no_pods());
    time.pass(76 * SECOND).await;
    until!(noroshi.shows("kube_pod_info", "pod=\"unseen\"").await);
    assert_eq!(noroshi.collector("up", "pods").await, 1.0);
    // It is told as soon as that holds: with the next bookmark.
    time.pass(62 * SECOND).await;
    assert_eq!(log.lines(&["watched again", "pods"]).len(), 1, "{:?}", log.lines(&[]));
    api.take(no_pods());
    api.end_watches(Some("pods"));
    until!(log.lines(&["cannot be watched"]).len() == 2, "the next time it is told again");
}

/// Readiness does not wait for what only somebody who changes the cluster can give.
#[tokio::test]
async fn a_right_that_was_never_there() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.take(no_pods());
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    assert_eq!(noroshi.count("kube_node_info").await, 1);
    assert_eq!(noroshi.count("kube_pod_info").await, 0);
    assert_eq!(noroshi.collector("synced", "pods").await, 0.0);
    api.give_back(&no_pods());
    time.pass(76 * SECOND).await;
    until!(noroshi.count("kube_pod_info").await == 3);
    assert_eq!(noroshi.collector("synced", "pods").await, 1.0);
}

/// In one of two namespaces: the other goes on.
#[tokio::test]
async fn a_right_that_is_missing_in_one_namespace() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.put("pods", pod("b", "other", "n1"));
    api.take(no_pods().within("a"));
    let flags = Flags { namespaces: "a,b", ..Flags::resources("pods") };
    let noroshi = Noroshi::start_with(&api, flags);
    noroshi.is_ready().await;
    assert_eq!(noroshi.count("kube_pod_info").await, 1);
    assert_eq!(noroshi.collector("up", "pods").await, 0.0);
    api.put("pods", pod("b", "another", "n1"));
    until!(noroshi.count("kube_pod_info").await == 2);
    api.give_back(&no_pods().within("a"));
    time.pass(76 * SECOND).await;
    until!(noroshi.count("kube_pod_info").await == 5);
    assert_eq!(noroshi.collector("up", "pods").await, 1.0);
}

#[tokio::test]
async fn a_resource_that_the_server_does_not_have_yet() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    api.undeclare("leases");
    let noroshi = Noroshi::ready(&api, "pods,leases").await;
    assert_eq!(noroshi.failures("leases", "not_found").await, 1.0);
    assert_eq!(noroshi.collector("up", "leases").await, 0.0);
    assert_eq!(noroshi.collector("up", "pods").await, 1.0);
    time.pass(100 * SECOND).await;
    assert_eq!(log.lines(&["cannot be watched"]).len(), 1, "{:?}", log.lines(&[]));
    api.declare(Resource::new("coordination.k8s.io/v1", "leases", "Lease", true));
    api.put("leases", json!({ "metadata": { "namespace": "a", "name": "l" }, "spec": {} }));
    time.pass(76 * SECOND).await;
    until!(noroshi.collector("objects", "leases").await == 1.0);
    assert_eq!(noroshi.collector("up", "leases").await, 1.0);
}

fn access(api: &KubeApi, token: Option<&str>, token_file: Option<&std::path::Path>) -> Flags {
    let access = Access::Server {
        url: api.url(),
        token: token.map(Secret::new),
        token_file: token_file.map(Into::into),
        ca_file: None,
    };
    Flags { access: Some(access), ..Flags::resources("pods,nodes") }
}

#[tokio::test]
async fn who_is_not_known_waits_and_tells_no_secret() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    api.require_token("right");
    let noroshi = Noroshi::start_with(&api, access(&api, Some("hunter2"), None));
    until!(noroshi.failures("pods", "unauthorized").await == 1.0);
    assert_eq!(noroshi.get("/readyz").await.status, 503, "it may be known soon");
    time.pass(100 * SECOND).await;
    let failures = noroshi.failures("pods", "unauthorized").await;
    assert!((4.0..9.0).contains(&failures), "{failures}");
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 0.0);
    assert_eq!(log.lines(&["WARN"]).len(), 1, "{:?}", log.lines(&["WARN"]));
    assert_eq!(log.lines(&["WARN", "does not accept the credentials"]).len(), 1);
    assert!(log.lines(&["hunter2"]).is_empty() && !noroshi.own().await.contains("hunter2"));
    api.require_token("hunter2");
    time.pass(40 * SECOND).await;
    until!(noroshi.count("kube_pod_info").await == 3);
    noroshi.is_ready().await;
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 1.0);
    api.require_token("another");
    api.end_watches(None);
    until!(noroshi.collector("up", "pods").await == 0.0);
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
}

#[tokio::test]
async fn a_token_may_lie_in_a_file() {
    let api = cluster_of(3).await;
    api.require_token("right");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    // As `echo` writes it.
    fs::write(&file, "right\n").unwrap();
    let time = Stopped::now();
    let noroshi = Noroshi::start_with(&api, access(&api, None, Some(&file)));
    noroshi.is_ready().await;
    assert_eq!(noroshi.count("kube_pod_info").await, 3);

    fs::write(&file, "next\n").unwrap();
    api.require_token("next");
    api.end_watches(None);
    time.pass(100 * SECOND).await;
    until!(noroshi.collector("up", "pods").await == 1.0);
}

/// A kubeconfig whose user has this token.
fn write_kubeconfig(file: &std::path::Path, api: &KubeApi, token: &str) {
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": api.url() } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "users": [{ "name": "u", "user": { "token": token } }],
    });
    fs::write(file, text.to_string()).unwrap();
}

fn by_kubeconfig(path: std::path::PathBuf) -> Flags {
    let access = Access::Kubeconfig { path: Some(path), context: None, server: None };
    Flags { access: Some(access), ..Flags::resources("pods,nodes") }
}

/// Whoever issues credentials replaces them, and nobody restarts a daemon for it.
#[tokio::test]
async fn a_kubeconfig_is_read_again_when_it_is_no_longer_accepted() {
    let api = cluster_of(3).await;
    api.require_token("right");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    write_kubeconfig(&file, &api, "right");
    let time = Stopped::now();
    let noroshi = Noroshi::start_with(&api, by_kubeconfig(file.clone()));
    noroshi.is_ready().await;
    time.pass(40 * SECOND).await;
    write_kubeconfig(&file, &api, "next");
    api.require_token("next");
    api.end_watches(None);
    time.pass(70 * SECOND).await;
    until!(noroshi.collector("up", "pods").await == 1.0);
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 1.0);
    api.put("pods", pod("a", "later", "n1"));
    until!(noroshi.shows("kube_pod_info", "pod=\"later\"").await);

    // One that cannot be read leaves the client that there is.
    let log = Log::start();
    fs::write(&file, "{").unwrap();
    api.down();
    time.pass(70 * SECOND).await;
    assert_eq!(log.lines(&["cannot be read anew"]).len(), 1, "{:?}", log.lines(&["WARN"]));
    api.up();
    time.pass(40 * SECOND).await;
    until!(noroshi.collector("up", "pods").await == 1.0);
}

/// A token that says when it ends is replaced before that, without a failure.
#[tokio::test]
async fn credentials_that_end_soon_are_read_again() {
    let api = cluster_of(3).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let now = Clock::system().now().as_second();
    let at = |seconds: u32| now + i64::from(seconds);
    let jwt = |seconds: u32| {
        let claims = json!({ "exp": at(seconds) }).to_string();
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims);
        format!("e30.{claims}.c2ln")
    };
    write_kubeconfig(&file, &api, &jwt(60));
    let time = Stopped::now();
    let noroshi = Noroshi::start_with(&api, by_kubeconfig(file.clone()));
    noroshi.is_ready().await;
    let end = "noroshi_cluster_credentials_expire_timestamp_seconds";
    let shown = async || format!("{:.0}", noroshi.value(end, "").await);
    until!(shown().await == at(60).to_string(), "{}", noroshi.own().await);
    write_kubeconfig(&file, &api, &jwt(7200));
    time.pass(33 * SECOND).await;
    until!(shown().await == at(7200).to_string());
    assert_eq!(noroshi.collector("up", "pods").await, 1.0);
    assert!(!noroshi.own().await.contains("watch_errors_total{"));
    write_kubeconfig(&file, &api, &jwt(9000));
    time.pass(120 * SECOND).await;
    assert_eq!(shown().await, at(7200).to_string(), "nothing hurries");
}
