//! The whole API server is away: at the start, and later.

use std::time::Duration;

use crate::{
    cluster_of,
    log::Log,
    pod,
    time::{Stopped, until},
    world::{Noroshi, ask},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_was_known_is_served_while_the_server_is_away() {
    let api = cluster_of(50).await;
    let time = Stopped::now();
    let log = Log::start();
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    until!(noroshi.value("noroshi_cluster_up", "").await == 1.0);
    assert!(noroshi.own().await.contains("version=\"v1.36.4\""));
    let heard = noroshi.collector("last_event_timestamp_seconds", "pods").await;
    let before = noroshi.scrape().await;
    api.down();
    until!(noroshi.collector("up", "pods").await == 0.0);
    for _ in 0..20 {
        time.pass(5 * SECOND).await;
        let mut shown: Vec<_> = noroshi.scrape().await.lines().map(str::to_owned).collect();
        let mut wanted: Vec<_> = before.lines().map(str::to_owned).collect();
        shown.sort();
        wanted.sort();
        assert_eq!(shown, wanted);
    }
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 0.0);
    assert_eq!(noroshi.collector("synced", "pods").await, 1.0);
    assert_eq!(noroshi.collector("last_event_timestamp_seconds", "pods").await, heard);
    assert_eq!(noroshi.get("/readyz").await.status, 200, "what it shows is better than nothing");
    assert_eq!(noroshi.get("/livez").await.status, 503);
    assert_eq!(log.lines(&["WARN", "API server does not answer"]).len(), 1);
    assert_eq!(log.lines(&["WARN"]).len(), 1, "once for all: {:?}", log.lines(&["WARN"]));
    api.delete("pods", "a", "p0");
    api.put("pods", pod("a", "meanwhile", "n1"));
    api.up();
    time.pass(76 * SECOND).await;
    until!(noroshi.shows("kube_pod_info", "pod=\"meanwhile\"").await);
    assert_eq!(noroshi.count("kube_pod_info").await, 50);
    assert!(!noroshi.shows("kube_pod_info", "pod=\"p0\"").await);
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 1.0);
    assert_eq!(noroshi.collector("up", "pods").await, 1.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0, "its version was still good");
    assert_eq!(noroshi.get("/livez").await.status, 200);
    assert_eq!(log.lines(&["API server answers again"]).len(), 1);
    assert!(log.lines(&["watched again"]).is_empty());
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.down();
    let noroshi = Noroshi::start(&api, "pods,nodes");
    until!(noroshi.failures("pods", "unreachable").await >= 1.0, "{}", noroshi.own().await);
    assert_eq!(noroshi.get("/readyz").await.status, 503);
    assert_eq!(ask(noroshi.addresses().1, "GET", "/readyz", &[]).await.status, 503);
    assert_eq!(noroshi.get("/livez").await.status, 503);
    assert_eq!(noroshi.get("/healthz").await.status, 200);
    assert_eq!(noroshi.scrape().await, "");
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 0.0);
    api.up();
    time.pass(40 * SECOND).await;
    noroshi.is_ready().await;
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
    assert_eq!(noroshi.get("/livez").await.status, 200);
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 1.0);
}

/// Taken and not answered: every limit is kept, and nothing hangs for ever.
#[tokio::test]
async fn a_server_that_answers_nothing() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.mute(true);
    let noroshi = Noroshi::start(&api, "pods,nodes");
    until!(api.count("watch", "/api/v1/pods") == 1);
    time.pass(62 * SECOND).await;
    assert_eq!(noroshi.failures("pods", "timeout").await, 1.0);
    assert_eq!(noroshi.value("noroshi_cluster_up", "").await, 0.0);
    api.mute(false);
    time.pass(40 * SECOND).await;
    noroshi.is_ready().await;
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
    assert_eq!(api.count("list", "/api/v1/pods"), 0, "a silent server may still know streams");
}
