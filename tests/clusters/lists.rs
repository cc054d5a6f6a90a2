//! The first list and the later ones: by stream, by pages, and never half of one.

use std::time::Duration;

use serde_json::json;

use crate::{
    cluster_of, pod,
    support::kube_api::{Failure, KubeApi, Streaming, Wrong},
    time::{Stopped, settle, until},
    world::{Flags, Noroshi, count},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_first_list_comes_as_a_stream() {
    let api = cluster_of(3).await;
    api.mute(true);
    let noroshi = Noroshi::start(&api, "pods,nodes");
    for _ in 0..20 {
        settle().await;
    }
    assert_eq!(noroshi.get("/readyz").await.status, 503);
    assert_eq!(noroshi.scrape().await, "");
    assert_eq!(noroshi.collector("synced", "pods").await, 0.0);
    api.mute(false);
    noroshi.is_ready().await;
    assert_eq!(
        (noroshi.count("kube_pod_info").await, noroshi.count("kube_node_info").await),
        (3, 1)
    );
    assert_eq!(api.count("list", "/api/v1/pods"), 0);
    assert_eq!(api.count("watch", "/api/v1/pods"), 1, "the same goes on");
    assert_eq!(noroshi.collector("synced", "pods").await, 1.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
    let heard = noroshi.collector("last_event_timestamp_seconds", "pods").await;
    let now = noroshi::clock::epoch_seconds(noroshi::clock::Clock::system().now());
    assert!((0.0..30.0).contains(&(now - heard)), "{now} {heard}");
}

/// Servers that refuse, or whose proxy does: the first list comes in pages, and the stream is not asked for again.
#[tokio::test]
async fn the_first_list_comes_in_pages() {
    for streaming in [Streaming::Unknown, Streaming::Refused(400), Streaming::Refused(501)] {
        let api = cluster_of(1200).await;
        api.streaming(streaming);
        let noroshi = Noroshi::ready(&api, "pods,nodes").await;
        assert_eq!(noroshi.count("kube_pod_info").await, 1200, "{streaming:?}");
        assert_eq!(api.count("list", "/api/v1/pods"), 3, "{streaming:?}");
        assert_eq!(noroshi.collector("up", "pods").await, 1.0);
        api.put("pods", pod("a", "later", "n1"));
        until!(noroshi.count("kube_pod_info").await == 1201, "{streaming:?}");
        assert!(!noroshi.own().await.contains("watch_errors_total{"), "nothing has failed");
    }
}

/// An old server takes the question for a watch, tells what there is, and goes on with what changes.
#[tokio::test]
async fn a_list_whose_end_never_comes_is_asked_for_in_pages() {
    for bookmarks in [false, true] {
        let api = cluster_of(3).await;
        let time = Stopped::now();
        api.streaming(Streaming::Ignored);
        let hour = Duration::from_hours(1);
        api.bookmark_every(if bookmarks { Duration::from_secs(20) } else { hour });
        let noroshi = Noroshi::start(&api, "pods");
        until!(api.count("watch", "/api/v1/pods") == 1);
        for at in 0..if bookmarks { 18 } else { 55 } {
            // What is only changing must not keep it waiting.
            api.put("pods", pod("a", "p0", &format!("n{at}")));
            time.pass(SECOND).await;
        }
        assert_eq!(noroshi.get("/readyz").await.status, 503);
        assert_eq!(noroshi.scrape().await, "", "nothing partial");
        time.pass(8 * SECOND).await;
        noroshi.is_ready().await;
        assert_eq!(noroshi.count("kube_pod_info").await, 3);
        assert_eq!(api.count("list", "/api/v1/pods"), 1);
    }
}

/// What changes while a streamed list comes is told before its end.
#[tokio::test]
async fn what_changes_during_a_streamed_list_is_not_lost() {
    let api = cluster_of(3).await;
    let event = |word: &str, name: &str, node: &str| {
        let mut pod = pod("a", name, node);
        pod["metadata"]["uid"] = format!("uid-{name}").into();
        pod["metadata"]["resourceVersion"] = "7".into();
        json!({ "type": word, "object": pod }).to_string() + "\n"
    };
    let end = json!({ "type": "BOOKMARK", "object": { "metadata": {
        "resourceVersion": api.version().to_string(),
        "annotations": { "k8s.io/initial-events-end": "true" },
    } } });
    let words = [
        event("ADDED", "x", "n1"),
        event("ADDED", "y", "n1"),
        event("MODIFIED", "x", "n2"),
        event("DELETED", "y", "n1"),
        event("MODIFIED", "z", "n3"),
        end.to_string() + "\n",
    ];
    api.fail(Failure {
        verb: Some("watch".to_owned()),
        path: "pods".to_owned(),
        wrong: Wrong::Text(200, words.concat()),
        times: Some(1),
    });
    let noroshi = Noroshi::ready(&api, "pods").await;
    let scrape = noroshi.scrape().await;
    assert_eq!(count(&scrape, "kube_pod_info"), 2, "{scrape}");
    assert!(noroshi.shows("kube_pod_info", "node=\"n2\"").await, "x as it was last");
    assert!(noroshi.shows("kube_pod_info", "pod=\"z\"").await);
    assert!(!noroshi.shows("kube_pod_info", "pod=\"y\"").await);
}

/// Two thousand pods are listed again and again, some vanish meanwhile, and nobody who scrapes sees fewer than there are.
#[tokio::test]
async fn no_scrape_sees_half_a_list() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = cluster_of(2000).await;
        let time = Stopped::now();
        api.streaming(streaming);
        let families = "kube_pod_info,kube_node_info";
        let flags = Flags { families, ..Flags::resources("pods,nodes") };
        let noroshi = Noroshi::start_with(&api, flags);
        let mut seen = 0;
        while seen == 0 {
            seen = noroshi.count("kube_pod_info").await;
            settle().await;
        }
        assert_eq!(seen, 2000, "all at once");
        for round in 0..4 {
            api.down();
            settle().await;
            api.delete("pods", "a", &format!("p{round}"));
            api.expire();
            api.up();
            let before = noroshi.collector("relists_total", "pods").await;
            while noroshi.collector("relists_total", "pods").await <= before
                || noroshi.count("kube_pod_info").await > 1999 - round
            {
                let scrape = noroshi.scrape().await;
                let shown = count(&scrape, "kube_pod_info");
                assert!((1999 - round..=2000 - round).contains(&shown), "{shown} in {round}");
                assert_eq!(count(&scrape, "kube_node_info"), 1);
                time.pass(SECOND / 2).await;
            }
        }
        // And while lists break off.
        for _ in 0..10 {
            api.expire();
            api.cut_all();
            time.pass(SECOND + SECOND / 4).await;
            assert_eq!(noroshi.count("kube_pod_info").await, 1996);
            api.cut_all();
            time.pass(3 * SECOND).await;
        }
        time.pass(76 * SECOND).await;
        assert_eq!(noroshi.collector("objects", "pods").await, 1996.0);
        assert_eq!(noroshi.collector("up", "nodes").await, 1.0);
    }
}

/// A list that cannot be finished begins anew, and what it has brought so far is not shown.
#[tokio::test]
async fn a_place_in_a_list_that_is_gone() {
    let api = cluster_of(1200).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    api.behave(|behaviour| behaviour.delay = SECOND);
    let noroshi = Noroshi::start(&api, "pods");
    // Each second an answer: the refusal of a stream, two of three pages, and the third one is gone.
    while api.count("list", "/api/v1/pods") < 3 {
        time.pass(SECOND / 2).await;
    }
    api.expire();
    while noroshi.failures("pods", "gone").await == 0.0 {
        assert_eq!(noroshi.scrape().await, "");
        time.pass(SECOND / 2).await;
    }
    assert_eq!(noroshi.get("/readyz").await.status, 503);
    let mut shown = 0;
    while shown == 0 {
        shown = noroshi.count("kube_pod_info").await;
        time.pass(SECOND / 2).await;
    }
    assert_eq!(shown, 1200, "all at once");
    assert_eq!(noroshi.get("/readyz").await.status, 200);
    assert_eq!(api.count("list", "/api/v1/pods"), 6, "three and three");
}

/// An answer that is no list is none of no objects.
#[tokio::test]
async fn what_is_no_list_empties_nothing() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    let noroshi = Noroshi::ready(&api, "pods").await;
    let wrong = [
        Wrong::Text(200, "<html>sign in</html>".to_owned()),
        Wrong::Text(200, "{}".to_owned()),
        Wrong::Text(200, r#"{"kind":"Status","status":"Failure"}"#.to_owned()),
        Wrong::Broken,
    ];
    for wrong in wrong {
        let (verb, path) = (Some("list".to_owned()), "pods".to_owned());
        api.fail(Failure { verb, path, wrong, times: Some(1) });
    }
    api.error_event(Some("pods"), 410, None);
    while noroshi.collector("relists_total", "pods").await < 5.0 {
        assert_eq!(noroshi.count("kube_pod_info").await, 3);
        time.pass(SECOND).await;
    }
    assert_eq!(noroshi.failures("pods", "invalid_answer").await, 3.0);
    assert_eq!(noroshi.failures("pods", "connection_lost").await, 1.0);
    until!(noroshi.collector("up", "pods").await == 1.0);
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
}

/// Lists cost a server and us the most: two at once, of all that there are.
#[tokio::test]
async fn two_lists_at_once() {
    for streaming in [Streaming::Offered, Streaming::Unknown] {
        let api = KubeApi::start().await;
        api.streaming(streaming);
        api.behave(|behaviour| behaviour.delay = Duration::from_millis(20));
        let noroshi = Noroshi::ready(&api, "").await;
        assert_eq!(api.most_lists_at_once(), 2, "{streaming:?}");
        assert!(api.watches(None) > 25 || streaming == Streaming::Unknown);
        api.forget_requests();
        api.expire();
        api.error_event(None, 410, None);
        until!(noroshi.collector("relists_total", "pods").await == 1.0);
        until!(noroshi.collector("relists_total", "leases").await == 1.0);
        assert!(api.most_lists_at_once() <= 2, "later ones too");
    }
}
