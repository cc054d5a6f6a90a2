//! The fake API server of `support` itself: a test that trusts it has to know that it answers as a real one does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

#[path = "kube_api/client.rs"]
mod client;
#[path = "kube_api/faults.rs"]
mod faults;
#[path = "kube_api/rights.rs"]
mod rights;
#[path = "kube_api/scale.rs"]
mod scale;
#[path = "kube_api/watches.rs"]
mod watches;

use client::{get, get_as, names};
use serde_json::{Value, json};
use support::kube_api::{KubeApi, Resource};

/// A pod of few words.
fn pod(namespace: &str, name: &str, more: &Value) -> Value {
    let mut pod = json!({ "metadata": { "namespace": namespace, "name": name }, "spec": {} });
    if let Some(labels) = more.get("labels") {
        pod["metadata"]["labels"] = labels.clone();
    }
    if let Some(node) = more.get("node") {
        pod["spec"]["nodeName"] = node.clone();
    }
    pod
}

/// `a/p0`, `b/p0`, `a/p1`, ... with labels `app=x` or `app=y` by turns, the first two on a node.
async fn six_pods() -> KubeApi {
    let server = KubeApi::start().await;
    for at in 0..6 {
        let app = ["x", "y"][at % 2];
        let mut more = json!({ "labels": { "app": app } });
        if at < 2 {
            more["node"] = "n1".into();
        }
        server.put("pods", pod(["a", "b"][at % 2], &format!("p{}", at / 2), &more));
    }
    server
}

#[tokio::test]
async fn a_list_has_the_shape_of_a_real_one() {
    let server = six_pods().await;
    let answer = get(&server, "/api/v1/pods").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json["kind"], "PodList");
    assert_eq!(answer.json["apiVersion"], "v1");
    assert_eq!(answer.json["metadata"], json!({ "resourceVersion": server.version().to_string() }));
    assert_eq!(names(&answer.json), ["a/p0", "a/p1", "a/p2", "b/p0", "b/p1", "b/p2"]);
    let first = &answer.json["items"][0];
    assert!(first.get("kind").is_none() && first.get("apiVersion").is_none(), "{first}");
    assert!(first["metadata"]["uid"].is_string(), "{first}");
    let one = get(&server, "/api/v1/namespaces/a/pods/p1").await.json;
    assert_eq!((&one["kind"], &one["metadata"]["name"]), (&json!("Pod"), &json!("p1")));
    let inside = get(&server, "/api/v1/namespaces/b/pods").await.json;
    assert_eq!(names(&inside), ["b/p0", "b/p1", "b/p2"]);
    assert!(names(&get(&server, "/apis/apps/v1/deployments").await.json).is_empty());
}

#[tokio::test]
async fn pages_are_of_one_version() {
    let server = six_pods().await;
    let first = get(&server, "/api/v1/pods?limit=4").await.json;
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    server.delete("pods", "b", "p1");
    server.put("pods", pod("b", "p3", &json!({})));
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = get(&server, &format!("/api/v1/pods?limit=4&continue={token}")).await.json;
    assert_eq!(names(&second), ["b/p1", "b/p2"], "as it was");
    assert_eq!(
        second["metadata"],
        json!({ "resourceVersion": first["metadata"]["resourceVersion"] })
    );
    assert_eq!(
        names(&get(&server, "/api/v1/namespaces/b/pods").await.json),
        ["b/p0", "b/p2", "b/p3"]
    );
    let cached = get(&server, "/api/v1/pods?limit=1&resourceVersion=0").await.json;
    assert_eq!(names(&cached).len(), 6, "a server's memory knows no limit");
    assert_eq!(get(&server, "/api/v1/pods?continue=nonsense").await.status, 400);
    assert_eq!(get(&server, "/api/v1/pods?resourceVersion=99999").await.status, 504);
    assert_eq!(get(&server, "/api/v1/pods?resourceVersion=abc").await.status, 500);
}

#[tokio::test]
async fn an_expired_page_says_how_to_go_on_without_consistency() {
    let server = six_pods().await;
    let first = get(&server, "/api/v1/pods?limit=2").await.json;
    server.expire();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let gone = get(&server, &format!("/api/v1/pods?limit=2&continue={token}")).await;
    assert_eq!((gone.status, &gone.json["reason"]), (410, &json!("Expired")));
    server.put("pods", pod("a", "p9", &json!({})));
    let token = gone.json["metadata"]["continue"].as_str().unwrap();
    let rest = get(&server, &format!("/api/v1/pods?continue={token}")).await.json;
    assert_eq!(names(&rest), ["a/p2", "a/p9", "b/p0", "b/p1", "b/p2"], "as it is now");
    let exact = get(&server, "/api/v1/pods?resourceVersionMatch=Exact&resourceVersion=3").await;
    assert_eq!(exact.status, 410);
}

#[tokio::test]
async fn selectors_select() {
    let server = six_pods().await;
    server.put("secrets", json!({ "metadata": { "namespace": "a", "name": "t" }, "type": "tls" }));
    server
        .put("secrets", json!({ "metadata": { "namespace": "a", "name": "o" }, "type": "Opaque" }));
    for (path, wanted) in [
        ("pods?fieldSelector=metadata.namespace!%3Da", vec!["b/p0", "b/p1", "b/p2"]),
        ("pods?fieldSelector=metadata.namespace%3Da,metadata.name%3Dp1", vec!["a/p1"]),
        ("pods?fieldSelector=spec.nodeName%3Dn1", vec!["a/p0", "b/p0"]),
        ("pods?fieldSelector=spec.nodeName%3D,metadata.name!%3Dp1", vec!["a/p2", "b/p2"]),
        ("pods?labelSelector=app%3Dx", vec!["a/p0", "a/p1", "a/p2"]),
        ("pods?labelSelector=app!%3Dx,app", vec!["b/p0", "b/p1", "b/p2"]),
        ("pods?labelSelector=app+in+(y,z)", vec!["b/p0", "b/p1", "b/p2"]),
        ("pods?labelSelector=app+notin+(y,z)", vec!["a/p0", "a/p1", "a/p2"]),
        ("pods?labelSelector=!app", vec![]),
        ("secrets?fieldSelector=type%3Dtls", vec!["a/t"]),
    ] {
        let answer = get(&server, &format!("/api/v1/{path}")).await;
        assert_eq!(names(&answer.json), wanted, "{path}");
    }
    let page = get(&server, "/api/v1/pods?labelSelector=app%3Dy&limit=2").await.json;
    assert_eq!(names(&page), ["b/p0", "b/p1"]);
    assert!(page["metadata"].get("remainingItemCount").is_none(), "nobody counts");
    let token = page["metadata"]["continue"].as_str().unwrap();
    let page = format!("/api/v1/pods?labelSelector=app%3Dy&limit=2&continue={token}");
    assert_eq!(names(&get(&server, &page).await.json), ["b/p2"]);
    for wrong in ["fieldSelector=spec.foo%3Da", "labelSelector=%3D%3D"] {
        assert_eq!(get(&server, &format!("/api/v1/pods?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn metadata_alone_is_told_to_who_asks_for_it() {
    let server = six_pods().await;
    let kind = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = get_as(&server, "/api/v1/pods?limit=1", &[("Accept", kind)]).await.json;
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("PartialObjectMetadataList"), &json!("meta.k8s.io/v1"))
    );
    let item = &list["items"][0];
    assert_eq!((&item["kind"], item.get("spec")), (&json!("PartialObjectMetadata"), None));
    assert_eq!(item["metadata"]["labels"]["app"], "x");
    let both = "application/vnd.kubernetes.protobuf, application/json;as=Table;v=v1;g=meta.k8s.io, application/json";
    assert_eq!(get_as(&server, "/api/v1/pods", &[("Accept", both)]).await.json["kind"], "PodList");
    let none = "application/vnd.kubernetes.protobuf";
    assert_eq!(get_as(&server, "/api/v1/pods", &[("Accept", none)]).await.status, 406);
}

#[tokio::test]
async fn discovery_tells_what_is_declared() {
    let server = KubeApi::start().await;
    assert_eq!(get(&server, "/version").await.json["gitVersion"], "v1.36.4");
    assert_eq!(get(&server, "/readyz").await.text, "ok");
    assert_eq!(get(&server, "/api").await.json["versions"], json!(["v1"]));
    let widgets = "/apis/example.com/v1/widgets";
    let unknown = get(&server, widgets).await;
    assert_eq!((unknown.status, unknown.text.trim()), (404, "404 page not found"));
    server.declare(Resource::custom("example.com/v1", "widgets", "Widget", true));
    server.put("widgets", json!({ "metadata": { "namespace": "a", "name": "w" } }));
    let list = get(&server, widgets).await.json;
    assert_eq!(
        (&list["items"][0]["kind"], &list["items"][0]["apiVersion"]),
        (&json!("Widget"), &json!("example.com/v1"))
    );
    let groups = get(&server, "/apis").await.json;
    let groups = groups["groups"].as_array().unwrap();
    assert!(groups.iter().any(|group| group["name"] == "example.com"), "{groups:?}");
    let rows = get(&server, "/apis/example.com/v1").await.json;
    assert_eq!(
        (&rows["kind"], &rows["resources"][0]["name"]),
        (&json!("APIResourceList"), &json!("widgets"))
    );
    let missing = get(&server, "/api/v1/nothings").await;
    assert_eq!((missing.status, &missing.json["details"]), (404, &json!({})));
    assert_eq!(missing.json["message"], "the server could not find the requested resource");
    server.undeclare("leases");
    assert_eq!(get(&server, "/apis/coordination.k8s.io/v1/leases").await.status, 404);
    let absent = get(&server, "/api/v1/namespaces/a/pods/none").await;
    assert_eq!((absent.status, &absent.json["message"]), (404, &json!("pods \"none\" not found")));
}
