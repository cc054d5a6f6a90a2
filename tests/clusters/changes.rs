//! What happens in a cluster is shown, whatever else is wrong with it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    cluster_of, pod,
    support::kube_api::{KubeApi, Streaming},
    time::until,
    world::{Noroshi, count},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn changes_are_seen_within_a_second() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    let begun = Instant::now();
    api.put("pods", pod("a", "new", "n1"));
    until!(noroshi.shows("kube_pod_info", "pod=\"new\"").await);
    let added = begun.elapsed();
    let begun = Instant::now();
    api.put("pods", pod("a", "new", "n2"));
    until!(noroshi.shows("kube_pod_info", "node=\"n2\"").await);
    let modified = begun.elapsed();
    let begun = Instant::now();
    api.delete("pods", "a", "new");
    until!(!noroshi.shows("kube_pod_info", "pod=\"new\"").await);
    for took in [added, modified, begun.elapsed()] {
        assert!(took < SECOND, "{took:?}");
    }
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
    assert_eq!(noroshi.collector("objects", "pods").await, 3.0);
}

#[tokio::test]
async fn an_update_that_shows_nothing_is_counted_as_such() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods").await;
    let updates = async |visible: &str| {
        let labels = format!("{{collector=\"pods\",visible=\"{visible}\"}}");
        noroshi.value("noroshi_cluster_collector_updates_total", &labels).await
    };
    assert_eq!((updates("true").await, updates("false").await), (3.0, 0.0));
    let mut same = pod("a", "p0", "n1");
    same["metadata"]["annotations"] = json!({ "nobody": "asked for it" });
    same["metadata"]["managedFields"] = json!([{ "manager": "kubelet" }]);
    api.put("pods", same);
    until!(updates("false").await == 1.0);
    api.put("pods", pod("a", "p0", "n2"));
    until!(updates("true").await == 4.0);
    assert_eq!(updates("false").await, 1.0);
}

/// A pod with a UID of its own, as bad as it may be.
fn odd(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut pod = pod("a", name, "n1");
    pod["metadata"]["uid"] = format!("uid-{name}").into();
    change(&mut pod);
    pod
}

/// Objects that no server should hold, and one that is good.
fn put_odd_ones(api: &KubeApi) {
    for (name, object) in [
        ("spec", odd("spec", |pod| pod["spec"] = json!(3))),
        ("status", odd("status", |pod| pod["status"] = json!("good"))),
        ("phase", odd("phase", |pod| pod["status"]["phase"] = json!({ "is": "good" }))),
        ("containers", odd("containers", |pod| pod["spec"]["containers"] = json!({}))),
        ("created", odd("created", |pod| pod["metadata"]["creationTimestamp"] = json!([]))),
        ("owners", odd("owners", |pod| pod["metadata"]["ownerReferences"] = json!("me"))),
        ("metadata", json!({ "metadata": "none", "spec": {} })),
        ("text", json!("not even an object")),
        ("list", json!([1, 2])),
        ("number", json!(7)),
        ("null", json!(null)),
    ] {
        api.put_raw("pods", "a", name, object);
    }
    api.put("pods", pod("a", "z-good", "n1"));
}

/// In a list by stream, in one by pages, and in a watch.
#[tokio::test]
async fn a_bad_object_hides_no_other() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = cluster_of(3).await;
        api.streaming(streaming);
        put_odd_ones(&api);
        let noroshi = Noroshi::ready(&api, "pods,nodes").await;
        let good = "kube_pod_info{namespace=\"a\",pod=\"z-good\"";
        until!(noroshi.scrape().await.contains(good), "{streaming:?}");
        assert!(noroshi.collector("malformed_objects_total", "pods").await >= 7.0);
        assert_eq!(noroshi.collector("up", "pods").await, 1.0);
        for name in ["p0", "p1", "p2"] {
            assert!(noroshi.shows("kube_pod_info", &format!("pod=\"{name}\"")).await, "{name}");
        }
    }
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    put_odd_ones(&api);
    until!(noroshi.shows("kube_pod_info", "pod=\"z-good\"").await);
    assert!(noroshi.collector("malformed_objects_total", "pods").await >= 7.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
    assert_eq!(noroshi.failures("pods", "invalid_answer").await, 0.0);
    api.delete("pods", "a", "p0");
    until!(!noroshi.shows("kube_pod_info", "pod=\"p0\"").await);
}

/// What was known of an object stays while what comes of it cannot be read: in the watch, and through a list.
#[tokio::test]
async fn the_last_good_state_stays() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = cluster_of(3).await;
        api.streaming(streaming);
        api.put("pods", odd("x", |pod| pod["spec"]["nodeName"] = json!("n7")));
        let noroshi = Noroshi::ready(&api, "pods").await;
        api.put_raw("pods", "a", "x", odd("x", |pod| pod["spec"] = json!("broken")));
        until!(noroshi.collector("malformed_objects_total", "pods").await == 1.0);
        assert!(noroshi.shows("kube_pod_info", "node=\"n7\"").await);
        api.expire();
        api.error_event(Some("pods"), 410, None);
        until!(noroshi.collector("relists_total", "pods").await == 1.0);
        until!(noroshi.collector("malformed_objects_total", "pods").await == 2.0);
        until!(noroshi.collector("up", "pods").await == 1.0);
        assert!(noroshi.shows("kube_pod_info", "node=\"n7\"").await, "{streaming:?}");
        // Nor does what cannot be read of its metadata hide who it is: neither for a list, nor when it goes.
        api.put_raw(
            "pods",
            "a",
            "p0",
            odd("p0", |pod| pod["metadata"]["creationTimestamp"] = json!([])),
        );
        until!(noroshi.collector("malformed_objects_total", "pods").await == 3.0);
        api.put("pods", odd("x", |pod| pod["spec"]["nodeName"] = json!("n8")));
        until!(noroshi.shows("kube_pod_info", "node=\"n8\"").await);
        assert_eq!(noroshi.count("kube_pod_info").await, 4);
        api.delete("pods", "a", "x");
        until!(noroshi.count("kube_pod_info").await == 3);
    }
}

/// What Go leaves out it may also write as null.
#[tokio::test]
async fn null_is_nothing() {
    let api = cluster_of(0).await;
    api.put(
        "pods",
        odd("nulls", |pod| {
            let metadata = pod["metadata"].as_object_mut().unwrap();
            for key in
                ["labels", "annotations", "ownerReferences", "deletionTimestamp", "finalizers"]
            {
                metadata.insert(key.to_owned(), Value::Null);
            }
            pod["spec"] = json!({
                "containers": null, "initContainers": null, "nodeName": null, "tolerations": null,
                "nodeSelector": null, "overhead": null, "volumes": null, "priorityClassName": null,
            });
            pod["status"] = json!({
                "phase": null, "conditions": null, "containerStatuses": null, "podIPs": null,
                "startTime": null, "reason": null, "qosClass": null,
            });
        }),
    );
    let noroshi = Noroshi::ready(&api, "pods").await;
    let scrape = noroshi.scrape().await;
    assert_eq!(count(&scrape, "kube_pod_info"), 1, "{scrape}");
    assert_eq!(noroshi.collector("malformed_objects_total", "pods").await, 0.0);
}
