//! Watches that break, each in its own way: nothing is lost, nothing is listed again without need, nobody is asked too
//! often.

use std::time::Duration;

use crate::{
    cluster_of,
    log::Log,
    pod,
    support::kube_api::{Failure, KubeApi, Streaming, Wrong},
    time::{Stopped, settle, until},
    world::Noroshi,
};

const SECOND: Duration = Duration::from_secs(1);

/// How often the pods' changes were asked for.
fn asked(api: &KubeApi) -> u64 {
    api.count("watch", "/api/v1/pods")
}

async fn ready() -> (KubeApi, Noroshi, Stopped) {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    until!(api.watches(Some("pods")) == 1);
    // A watch that ends sooner has failed.
    time.pass(2 * SECOND).await;
    (api, noroshi, time)
}

/// Puts a pod, and waits until it is shown, while little time passes.
async fn goes_on(api: &KubeApi, noroshi: &Noroshi, time: &Stopped) {
    let name = format!("v{}", api.version());
    api.put("pods", pod("a", &name, "n1"));
    for _ in 0..40 {
        if noroshi.shows("kube_pod_info", &name).await {
            assert_eq!(noroshi.collector("up", "pods").await, 1.0);
            return;
        }
        time.pass(SECOND / 2).await;
    }
    panic!("{name} is not shown: {}", noroshi.own().await);
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_from_its_version() {
    let (api, noroshi, time) = ready().await;
    for round in 1..=3 {
        api.end_watches(Some("pods"));
        until!(asked(&api) == 1 + round, "at once");
        goes_on(&api, &noroshi, &time).await;
        time.pass(2 * SECOND).await;
    }
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
    assert!(!noroshi.own().await.contains("watch_errors_total{"));
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_from_its_version() {
    let (api, noroshi, time) = ready().await;
    let log = Log::start();
    for _ in 0..3 {
        api.cut();
        until!(api.watches(Some("pods")) == 0);
        api.delete("nodes", "", "n1");
        goes_on(&api, &noroshi, &time).await;
    }
    assert_eq!(noroshi.count("kube_node_info").await, 0);
    assert_eq!(noroshi.failures("pods", "connection_lost").await, 3.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
    assert!(log.lines(&["cannot be watched"]).is_empty(), "{:?}", log.lines(&[]));
}

/// As an event of a watch that goes on from a version, and as the answer to the question for one.
#[tokio::test]
async fn a_version_that_is_gone_lists_anew() {
    let (api, noroshi, time) = ready().await;
    api.down();
    settle().await;
    api.delete("pods", "a", "p0");
    api.expire();
    api.up();
    goes_on(&api, &noroshi, &time).await;
    assert_eq!(noroshi.collector("relists_total", "pods").await, 1.0);
    assert_eq!(noroshi.failures("pods", "gone").await, 1.0);
    assert!(!noroshi.shows("kube_pod_info", "pod=\"p0\"").await);
    let wrong = Wrong::Status(410, None);
    let verb = Some("watch".to_owned());
    api.fail(Failure { verb, path: "pods".to_owned(), wrong, times: Some(1) });
    api.end_watches(Some("pods"));
    goes_on(&api, &noroshi, &time).await;
    assert_eq!(noroshi.collector("relists_total", "pods").await, 2.0);
    assert_eq!(noroshi.failures("pods", "gone").await, 2.0);
    assert_eq!(noroshi.failures("nodes", "gone").await, 1.0);
}

/// A server that forgets at once is not asked for lists without end.
#[tokio::test]
async fn lists_that_are_gone_at_once_are_asked_for_less_and_less() {
    let api = cluster_of(3).await;
    let time = Stopped::now();
    api.streaming(Streaming::Unknown);
    let noroshi = Noroshi::ready(&api, "pods").await;
    until!(api.watches(Some("pods")) == 1);
    api.fail_with(Some("watch"), "/pods", 410, None);
    time.pass(2 * SECOND).await;
    api.end_watches(Some("pods"));
    time.pass(120 * SECOND).await;
    let relists = noroshi.collector("relists_total", "pods").await;
    assert!((5.0..10.0).contains(&relists), "{relists}");
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
}

#[tokio::test]
async fn errors_of_the_server_do_not_list_anew() {
    let (api, noroshi, time) = ready().await;
    for code in [500, 503, 504] {
        api.error_event(Some("pods"), code, None);
        goes_on(&api, &noroshi, &time).await;
    }
    assert_eq!(noroshi.failures("pods", "server_error").await, 3.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
    assert_eq!(noroshi.failures("nodes", "server_error").await, 0.0);
}

/// Whoever is told when to come again comes no sooner, whether the answer says so or an event.
#[tokio::test]
async fn a_server_says_when_it_wants_to_be_asked_again() {
    let (api, noroshi, time) = ready().await;
    api.fail_with(Some("watch"), "/pods", 429, Some(20));
    api.end_watches(Some("pods"));
    until!(noroshi.failures("pods", "too_many_requests").await == 1.0);
    assert_eq!(asked(&api), 2);
    api.fail_no_more();
    time.pass(19 * SECOND).await;
    assert_eq!(asked(&api), 2);
    time.pass(7 * SECOND).await;
    assert_eq!(asked(&api), 3, "a quarter later at most");
    goes_on(&api, &noroshi, &time).await;
    api.error_event(Some("pods"), 429, Some(40));
    time.pass(39 * SECOND).await;
    assert_eq!(asked(&api), 3);
    assert_eq!(noroshi.collector("up", "pods").await, 0.0);
    assert_eq!(noroshi.count("kube_pod_info").await, 4);
    time.pass(12 * SECOND).await;
    goes_on(&api, &noroshi, &time).await;
    assert_eq!(noroshi.failures("pods", "too_many_requests").await, 2.0);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
}

/// What cannot be read would come again from the same version.
#[tokio::test]
async fn garbage_lists_anew() {
    let (api, noroshi, time) = ready().await;
    let mut before = 0;
    for words in ["{\"type\":\"ADD\n", "<html>\n", "{\"type\":\"ADDED\"}\n", "\u{0}\u{1}\n"] {
        api.say(Some("pods"), words);
        until!(noroshi.failures("pods", "invalid_answer").await > f64::from(before), "{words}");
        assert_eq!(noroshi.collector("objects", "pods").await, f64::from(3 + before));
        goes_on(&api, &noroshi, &time).await;
        before += 1;
        assert_eq!(noroshi.collector("relists_total", "pods").await, f64::from(before));
    }
    api.say(Some("pods"), "{\"type\":\"SPLENDID\",\"object\":{}}\n");
    goes_on(&api, &noroshi, &time).await;
    assert_eq!(noroshi.collector("relists_total", "pods").await, 4.0, "not even of a new type");
}

/// A connection on which not even a bookmark comes is dead.
#[tokio::test]
async fn a_watch_that_is_silent_is_given_up() {
    let (api, noroshi, time) = ready().await;
    let log = Log::start();
    time.pass(245 * SECOND).await;
    assert_eq!(asked(&api), 1, "bookmarks are enough");
    api.stall(true);
    time.pass(140 * SECOND).await;
    assert_eq!(asked(&api), 1);
    api.put("pods", pod("a", "silent", "n1"));
    time.pass(12 * SECOND).await;
    assert_eq!(noroshi.failures("pods", "timeout").await, 1.0);
    assert_eq!(noroshi.count("kube_pod_info").await, 3);
    assert!(log.lines(&["WARN"]).is_empty(), "the next one may run: {:?}", log.lines(&[]));
    until!(asked(&api) == 2);
    api.stall(false);
    until!(noroshi.shows("kube_pod_info", "pod=\"silent\"").await);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
}

/// A byte now and then is no life either.
#[tokio::test]
async fn a_watch_that_drips_is_given_up() {
    let (api, noroshi, time) = ready().await;
    api.drip(Some(10 * SECOND));
    api.put("pods", pod("a", "slow", "n1"));
    time.pass(151 * SECOND).await;
    assert_eq!(noroshi.failures("pods", "timeout").await, 1.0);
    assert!(!noroshi.shows("kube_pod_info", "pod=\"slow\"").await);
    api.drip(None);
    goes_on(&api, &noroshi, &time).await;
    assert!(noroshi.shows("kube_pod_info", "pod=\"slow\"").await);
    assert_eq!(noroshi.collector("relists_total", "pods").await, 0.0);
}

/// As slow as a bad line, and still alive.
#[tokio::test]
async fn a_slow_watch_is_waited_for() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods").await;
    api.drip(Some(SECOND / 500));
    api.put("pods", pod("a", "slow", "n1"));
    until!(noroshi.shows("kube_pod_info", "pod=\"slow\"").await);
    assert_eq!(asked(&api), 1);
    assert!(!noroshi.own().await.contains("watch_errors_total{"));
}
