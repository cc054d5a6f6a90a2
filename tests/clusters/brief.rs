//! Watches that end too soon, and lists that lead nowhere: nobody is asked without end, and what is well is not held up.

use std::time::Duration;

use serde_json::json;

use crate::{
    cluster_of,
    log::Log,
    pod,
    support::kube_api::{Failure, KubeApi, Streaming, Wrong},
    time::{Stopped, settle, until},
    world::Noroshi,
};

const SECOND: Duration = Duration::from_secs(1);

/// How the API server answers what has to do with pods, from now on.
fn says(api: &KubeApi, verb: &str, text: &str, times: Option<usize>) {
    let wrong = Wrong::Text(200, text.to_owned());
    api.fail(Failure { verb: Some(verb.to_owned()), path: "pods".to_owned(), wrong, times });
}

/// A proxy that buffers, or a server in a hurry: every watch is an empty answer.
#[tokio::test]
async fn watches_that_end_at_once_are_asked_for_less_and_less() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    says(&api, "watch", "", None);
    time.pass(6 * SECOND).await;
    api.end_watches(Some("pods"));
    let before = api.count("watch", "/api/v1/pods");
    time.pass(60 * SECOND).await;
    let asked = api.count("watch", "/api/v1/pods") - before;
    assert!((4..=8).contains(&asked), "{asked}");
    let failures = noroshi.failures("pods", "connection_lost").await;
    assert!((4.0..=8.0).contains(&failures), "{failures}");
    assert_eq!(noroshi.collector("up", "pods").await, 0.0);
    assert_eq!(noroshi.collector("up", "nodes").await, 1.0);
    assert_eq!(log.lines(&["WARN", "pods", "the watch ended at once"]).len(), 1, "told once");
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
}

/// What changes is told by each of them, and each ends then: no more than one a second.
#[tokio::test]
async fn watches_that_end_after_each_event_are_asked_for_each_second() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    let _noroshi = Noroshi::ready(&api, "pods").await;
    let mut changed = pod("a", "p0", "n1");
    changed["metadata"]["resourceVersion"] = api.version().to_string().into();
    let event = json!({ "type": "MODIFIED", "object": changed }).to_string() + "\n";
    says(&api, "watch", &event, None);
    api.end_watches(Some("pods"));
    let before = api.count("watch", "/api/v1/pods");
    time.pass(60 * SECOND).await;
    let asked = api.count("watch", "/api/v1/pods") - before;
    assert!((30..=60).contains(&asked), "{asked}");
    for words in ["cannot be watched", "watched again"] {
        assert!(log.lines(&[words]).len() <= 1, "however long it goes on: {:?}", log.lines(&[]));
    }
}

/// A balancer that cuts what is five seconds old: each watch runs well, and the pauses between them stay short.
#[tokio::test]
async fn watches_that_are_cut_after_a_while_are_asked_for_soon() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    let noroshi = Noroshi::ready(&api, "pods").await;
    for round in 1..=10 {
        time.pass(5 * SECOND).await;
        api.cut();
        until!(noroshi.failures("pods", "connection_lost").await == f64::from(round));
        time.pass(3 * SECOND / 2).await;
        until!(api.watches(Some("pods")) == 1, "round {round}");
    }
    assert!(log.lines(&["cannot be watched"]).is_empty(), "{:?}", log.lines(&[]));
}

/// A pause in the middle of one list does not take streams away for good.
#[tokio::test]
async fn one_list_without_an_end_is_no_reason_never_to_stream_again() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.streaming(Streaming::Ignored);
    let noroshi = Noroshi::start(&api, "pods");
    until!(api.count("watch", "/api/v1/pods") == 1);
    time.pass(62 * SECOND).await;
    noroshi.is_ready().await;
    assert_eq!(api.count("list", "/api/v1/pods"), 1);
    api.streaming(Streaming::Offered);
    for relists in 1..=2 {
        api.expire();
        api.error_event(Some("pods"), 410, None);
        until!(noroshi.collector("relists_total", "pods").await == f64::from(relists), "{relists}");
        time.pass(5 * SECOND).await;
        until!(noroshi.collector("up", "pods").await == 1.0);
    }
    assert_eq!(api.count("list", "/api/v1/pods"), 1, "the others were streams");
}

/// From no version a watch would begin anywhere; what has gone meanwhile would be shown for ever.
#[tokio::test]
async fn a_list_without_a_version_is_none() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    let noroshi = Noroshi::ready(&api, "pods").await;
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
    says(&api, "list", r#"{"metadata":{},"items":[]}"#, Some(1));
    api.expire();
    api.error_event(Some("pods"), 410, None);
    time.pass(SECOND / 2).await;
    for _ in 0..8 {
        time.pass(SECOND / 2).await;
        assert_eq!(noroshi.count("kube_pod_info").await, 3, "what was known stays");
    }
    until!(noroshi.failures("pods", "invalid_answer").await == 1.0);
    until!(noroshi.collector("up", "pods").await == 1.0);
    // A bookmark without one does not take away the version that was reached.
    api.say(Some("pods"), "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{}}}\n");
    settle().await;
    time.pass(2 * SECOND).await;
    api.end_watches(Some("pods"));
    // Who asks from no version is told what there is, and never what is gone.
    api.delete("pods", "a", "p0");
    until!(!noroshi.shows("kube_pod_info", "pod=\"p0\"").await);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 2.0, "one was without a version");
}

/// The same page, again and again.
#[tokio::test]
async fn a_list_that_does_not_go_on_is_left() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    says(&api, "list", r#"{"metadata":{"resourceVersion":"1","continue":"on"},"items":[]}"#, None);
    let noroshi = Noroshi::start(&api, "pods");
    time.pass(20 * SECOND).await;
    let asked = api.count("list", "/api/v1/pods");
    assert!((4..=12).contains(&asked), "{asked}");
    assert!(noroshi.failures("pods", "invalid_answer").await >= 2.0);
    assert_eq!(noroshi.get("/readyz").await.status, 503);
}

/// No list at all can be had, and not because a version was too old: somebody has to be told.
#[tokio::test]
async fn lists_that_are_gone_each_time_are_told_of() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    api.streaming(Streaming::Unknown);
    api.fail_with(Some("list"), "/pods", 410, None);
    let noroshi = Noroshi::start(&api, "pods");
    time.pass(90 * SECOND).await;
    assert_eq!(log.lines(&["WARN", "pods", "gone"]).len(), 1, "{:?}", log.lines(&[]));
    assert_eq!(noroshi.collector("up", "pods").await, 0.0);
}

/// Each list is good, and each watch from its version is gone as soon as it is open.
#[tokio::test]
async fn watches_that_are_gone_as_they_open_are_told_of() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let log = Log::start();
    api.streaming(Streaming::Unknown);
    let gone = json!({ "type": "ERROR", "object": { "kind": "Status", "code": 410 } });
    let noroshi = Noroshi::ready(&api, "pods").await;
    says(&api, "watch", &(gone.to_string() + "\n"), None);
    time.pass(2 * SECOND).await;
    api.end_watches(Some("pods"));
    time.pass(120 * SECOND).await;
    assert_eq!(log.lines(&["WARN", "pods", "gone"]).len(), 1, "{:?}", log.lines(&[]));
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
}

/// A server that refuses everybody at its start has not shown anything yet when it no longer does.
#[tokio::test]
async fn what_was_refused_is_waited_for_once_it_is_listed() {
    let api = cluster_of(1200).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    let wrong = Wrong::Status(403, None);
    api.fail(Failure { verb: None, path: "pods".to_owned(), wrong, times: Some(1) });
    let noroshi = Noroshi::start(&api, "pods");
    until!(noroshi.failures("pods", "forbidden").await == 1.0);
    noroshi.is_ready().await;
    // Three pages, and each takes its time.
    api.behave(|behaviour| behaviour.delay = 5 * SECOND);
    time.pass(13 * SECOND).await;
    until!(noroshi.get("/readyz").await.status == 503);
    time.pass(30 * SECOND).await;
    noroshi.is_ready().await;
    assert_eq!(noroshi.count("kube_pod_info").await, 1200);
}
