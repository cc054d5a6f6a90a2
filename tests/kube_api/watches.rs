//! Watches as a real server has them.

use std::time::Duration;

use serde_json::json;

use crate::{
    client::{Line, Watch, get},
    pod, six_pods,
    support::{
        kube_api::{KubeApi, Streaming},
        patience::patience,
    },
};

const STREAMING: &str =
    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

#[tokio::test]
async fn a_watch_tells_what_happens_after_its_version() {
    let server = six_pods().await;
    let version = server.version();
    server.put("pods", pod("a", "p7", &json!({})));
    let path = format!("/api/v1/pods?watch=true&resourceVersion={version}");
    let mut watch = Watch::open(&server, &path).await;
    let (word, object) = watch.event().await;
    assert_eq!(
        (word.as_str(), &object["kind"], &object["apiVersion"]),
        ("ADDED", &json!("Pod"), &json!("v1"))
    );
    assert_eq!(object["metadata"]["resourceVersion"], (version + 1).to_string());
    server.put("pods", pod("a", "p7", &json!({ "node": "n1" })));
    server.put("services", json!({ "metadata": { "namespace": "a", "name": "s" } }));
    server.delete("pods", "a", "p7");
    assert_eq!(watch.event().await.0, "MODIFIED");
    let (word, object) = watch.event().await;
    assert_eq!(
        (word.as_str(), &object["spec"]["nodeName"]),
        ("DELETED", &json!("n1")),
        "as it was"
    );
    assert_eq!(object["metadata"]["resourceVersion"], server.version().to_string());
}

#[tokio::test]
async fn what_leaves_the_selection_is_deleted_for_the_watch() {
    let server = six_pods().await;
    let version = server.version();
    let path = format!(
        "/api/v1/namespaces/a/pods?watch=1&labelSelector=app%3Dx&resourceVersion={version}"
    );
    let mut watch = Watch::open(&server, &path).await;
    server.put("pods", pod("a", "p0", &json!({ "labels": { "app": "z" } })));
    server.put("pods", pod("a", "p0", &json!({ "labels": { "app": "z" }, "node": "n2" })));
    server.put("pods", pod("b", "p0", &json!({ "labels": { "app": "x" } })));
    server.put("pods", pod("a", "p0", &json!({ "labels": { "app": "x" } })));
    let (word, object) = watch.event().await;
    assert_eq!((word.as_str(), &object["metadata"]["labels"]["app"]), ("DELETED", &json!("x")));
    assert_eq!(object["metadata"]["resourceVersion"], (version + 1).to_string());
    assert_eq!(watch.events(1).await, ["ADDED a/p0"]);
}

#[tokio::test]
async fn an_old_version_is_an_error_in_the_watch_and_live_ones_go_on() {
    let server = six_pods().await;
    let version = server.version();
    let live = format!("/api/v1/pods?watch=true&resourceVersion={version}");
    let mut live = Watch::open(&server, &live).await;
    server.expire();
    let path = format!("/api/v1/pods?watch=true&resourceVersion={version}");
    let mut old = Watch::open(&server, &path).await;
    let (word, status) = old.event().await;
    assert_eq!(
        (word.as_str(), &status["reason"], &status["code"]),
        ("ERROR", &json!("Expired"), &json!(410))
    );
    assert_eq!(old.line(patience()).await, Line::End);
    server.put("pods", pod("a", "p7", &json!({})));
    assert_eq!(live.events(1).await, ["ADDED a/p7"]);
}

#[tokio::test]
async fn changes_beyond_the_history_are_forgotten() {
    let server = six_pods().await;
    server.remember(2);
    let version = server.version();
    for _ in 0..3 {
        server.put("pods", pod("a", "p0", &json!({})));
    }
    let from = |version: u64| format!("/api/v1/pods?watch=true&resourceVersion={version}");
    assert_eq!(Watch::open(&server, &from(version)).await.events(1).await, ["ERROR 410"]);
    let mut watch = Watch::open(&server, &from(version + 1)).await;
    assert_eq!(watch.events(2).await, ["MODIFIED a/p0", "MODIFIED a/p0"]);
    assert_eq!(get(&server, "/api/v1/pods").await.json["items"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_streaming_list_ends_with_its_bookmark_and_goes_on() {
    let server = six_pods().await;
    let path = format!("/api/v1/namespaces/a/pods?{STREAMING}");
    let mut watch = Watch::open(&server, &path).await;
    assert_eq!(watch.events(3).await, ["ADDED a/p0", "ADDED a/p1", "ADDED a/p2"]);
    let (word, object) = watch.event().await;
    assert_eq!((word.as_str(), &object["kind"]), ("BOOKMARK", &json!("Pod")));
    let metadata = json!({
        "resourceVersion": server.version().to_string(),
        "annotations": { "k8s.io/initial-events-end": "true" },
    });
    assert_eq!(object["metadata"], metadata);
    server.delete("pods", "a", "p1");
    assert_eq!(watch.events(1).await, ["DELETED a/p1"]);
    let empty = format!("/apis/apps/v1/deployments?{STREAMING}");
    let (word, object) = Watch::open(&server, &empty).await.event().await;
    assert_eq!((word.as_str(), &object["kind"]), ("BOOKMARK", &json!("Deployment")));
    assert!(object["spec"]["template"]["spec"]["containers"].is_null(), "{object}");
}

#[tokio::test]
async fn a_server_without_streaming_lists_says_so() {
    let server = KubeApi::start().await;
    let path = format!("/api/v1/pods?{STREAMING}");
    for (streaming, status, reason) in [
        (Streaming::Unknown, 422, "Invalid"),
        (Streaming::Refused(400), 400, "BadRequest"),
        (Streaming::Refused(403), 403, "Forbidden"),
    ] {
        server.streaming(streaming);
        let answer = get(&server, &path).await;
        assert_eq!((answer.status, &answer.json["reason"]), (status, &json!(reason)));
        let plain = "/api/v1/pods?watch=true&timeoutSeconds=1&resourceVersion=1";
        assert_eq!(get(&server, plain).await.status, 200);
    }
    server.streaming(Streaming::Offered);
    let incomplete = get(&server, "/api/v1/pods?watch=true&sendInitialEvents=true").await;
    assert_eq!(incomplete.json["details"]["causes"][0]["field"], "resourceVersionMatch");
}

#[tokio::test]
async fn bookmarks_come_to_who_allows_them_and_the_timeout_ends() {
    let server = six_pods().await;
    server.bookmark_every(Duration::from_millis(50));
    let version = server.version();
    let path = format!("/api/v1/pods?watch=true&timeoutSeconds=1&resourceVersion={version}");
    let mut silent = Watch::open(&server, &path).await;
    let mut watch = Watch::open(&server, &format!("{path}&allowWatchBookmarks=true")).await;
    server.put("services", json!({ "metadata": { "namespace": "a", "name": "s" } }));
    let told = format!(r#"BOOKMARK {{"resourceVersion":"{}"}}"#, version + 1);
    let mut events = watch.events(2).await;
    assert_eq!(events.pop(), Some(told), "what happens elsewhere moves the version on");
    assert_eq!(silent.line(patience()).await, Line::End, "and not a word before");
    while let Line::Text(line) = watch.line(patience()).await {
        assert!(line.contains("BOOKMARK"), "{line}");
    }
}
