//! Which objects are asked for, how, and by whom.

use std::collections::{BTreeMap, BTreeSet};

use noroshi::cluster::kinds::KINDS;
use serde_json::json;

use crate::{
    cluster_of, pod,
    support::kube_api::{KubeApi, Streaming},
    time::until,
    world::{Flags, Noroshi},
};

/// Pods in three namespaces on two nodes, some on none.
async fn three_namespaces() -> KubeApi {
    let api = cluster_of(0).await;
    for (namespace, name, node) in [
        ("a", "a1", "n1"),
        ("a", "a2", "n2"),
        ("b", "b1", "n1"),
        ("b", "b2", ""),
        ("c", "c1", "n1"),
    ] {
        api.put("pods", pod(namespace, name, node));
    }
    api
}

/// Names of the pods that are shown.
async fn pods(noroshi: &Noroshi) -> Vec<String> {
    let scrape = noroshi.scrape().await;
    let rows = scrape.lines().filter(|line| line.starts_with("kube_pod_info{"));
    let name =
        |row: &str| row.split_once("pod=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let mut names: Vec<_> = rows.map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn some_namespaces_have_a_watch_each() {
    let api = three_namespaces().await;
    let flags = Flags { namespaces: "a,b", ..Flags::resources("pods,nodes") };
    let noroshi = Noroshi::start_with(&api, flags);
    noroshi.is_ready().await;
    assert_eq!(pods(&noroshi).await, ["a1", "a2", "b1", "b2"]);
    let asked: BTreeMap<_, _> = api.counts().into_iter().collect();
    let watch = |path: &str| asked.get(&("watch".to_owned(), path.to_owned())).copied();
    assert_eq!(watch("/api/v1/namespaces/a/pods"), Some(1));
    assert_eq!(watch("/api/v1/namespaces/b/pods"), Some(1));
    assert_eq!(watch("/api/v1/nodes"), Some(1), "what is in no namespace is watched once");
    assert_eq!(watch("/api/v1/pods"), None);
    api.put("pods", pod("b", "b3", "n1"));
    api.put("pods", pod("c", "c2", "n1"));
    until!(pods(&noroshi).await.len() == 5);
    assert_eq!(noroshi.collector("objects", "pods").await, 5.0);
    // One of them lists anew, and the other's objects stay.
    api.expire();
    api.error_event(Some("pods"), 410, None);
    until!(noroshi.collector("relists_total", "pods").await == 2.0);
    assert_eq!(pods(&noroshi).await, ["a1", "a2", "b1", "b2", "b3"]);
}

#[tokio::test]
async fn some_namespaces_are_left_out() {
    let api = three_namespaces().await;
    let flags = Flags { denied: "a,c", ..Flags::resources("pods,nodes") };
    let noroshi = Noroshi::start_with(&api, flags);
    noroshi.is_ready().await;
    assert_eq!(pods(&noroshi).await, ["b1", "b2"]);
    assert_eq!(noroshi.count("kube_node_info").await, 1);
    let queries: Vec<_> =
        api.requests().into_iter().filter(|it| it.path.ends_with("pods")).collect();
    let selector = "fieldSelector=metadata.namespace%21%3Da%2Cmetadata.namespace%21%3Dc";
    assert!(queries[0].query.contains(selector), "{queries:?}");
    api.put("pods", pod("a", "a3", "n1"));
    api.put("pods", pod("b", "b3", "n1"));
    until!(pods(&noroshi).await == ["b1", "b2", "b3"]);
}

#[tokio::test]
async fn the_pods_of_one_node() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = three_namespaces().await;
        api.streaming(streaming);
        let flags = Flags { node: "n1", denied: "c", ..Flags::resources("pods") };
        let noroshi = Noroshi::start_with(&api, flags);
        noroshi.is_ready().await;
        assert_eq!(pods(&noroshi).await, ["a1", "b1"], "{streaming:?}");
        api.put("pods", pod("b", "b2", "n1"));
        api.delete("pods", "a", "a1");
        until!(pods(&noroshi).await == ["b1", "b2"]);
    }
}

#[tokio::test]
async fn three_shards_have_everything_once() {
    let api = cluster_of(300).await;
    let whole = Noroshi::ready(&api, "pods,nodes").await;
    let mut together = Vec::new();
    let mut sizes = Vec::new();
    for ordinal in 0..3 {
        let flags = Flags { shard: Some((ordinal, 3)), ..Flags::resources("pods,nodes") };
        let shard = Noroshi::start_with(&api, flags);
        shard.is_ready().await;
        let scrape = shard.scrape().await;
        let rows = scrape.lines().filter(|line| !line.starts_with('#'));
        together.extend(rows.map(str::to_owned));
        sizes.push(shard.count("kube_pod_info").await);
        let own = shard.own().await;
        let label = format!("kube_state_metrics_shard_ordinal{{shard_ordinal=\"{ordinal}\"}} ");
        assert!(own.contains(&label) && own.contains("kube_state_metrics_total_shards 3"));
    }
    assert!(sizes.iter().all(|size| (70..130).contains(size)), "{sizes:?}");
    let scrape = whole.scrape().await;
    let mut all: Vec<_> =
        scrape.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    all.sort();
    together.sort();
    assert!(all == together, "{} and {}", all.len(), together.len());
}

/// Only what a read-only role allows, under noroshi's own name, and no more of an object than is shown.
#[tokio::test]
async fn what_is_asked_of_the_server() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = KubeApi::start().await;
        api.streaming(streaming);
        let body = json!({ "metadata": { "namespace": "a", "name": "m" }, "data": { "k": "v" } });
        api.put("configmaps", body);
        let noroshi = Noroshi::ready(&api, "").await;
        assert_eq!(noroshi.count("kube_configmap_info").await, 1);
        assert_eq!(noroshi.get("/livez").await.status, 200);
        let requests = api.requests();
        let agent = format!("noroshi/{}", env!("CARGO_PKG_VERSION"));
        let mut partial = BTreeSet::new();
        for request in &requests {
            assert_eq!(request.user_agent, agent, "{request:?}");
            if ["/version", "/livez"].contains(&request.path.as_str()) {
                assert_eq!(request.verb, "get");
                continue;
            }
            assert!(["list", "watch"].contains(&request.verb), "{request:?}");
            if request.accept.contains("PartialObjectMetadata") {
                partial.insert(request.path.rsplit('/').next().unwrap().to_owned());
            }
        }
        let wanted: BTreeSet<_> = KINDS
            .iter()
            .filter(|kind| {
                kind.resource.metadata_only
                    && kind.resource.shown == noroshi::cluster::Shown::ByDefault
            })
            .map(|kind| kind.resource.name.to_owned())
            .collect();
        assert!(wanted.contains("configmaps"));
        assert_eq!(partial, wanted, "{streaming:?}");
        assert!(requests.len() > 32);
    }
}
