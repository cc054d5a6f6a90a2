//! Kubernetes objects as checks, through the whole app against the fake API server: every kind up and down with its reason, by
//! the watch alone; and what is unknown, and never down.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::time::Duration;

use noroshi::clock::Clock;
use serde_json::{Value, json};
use support::{
    app::Bench,
    eventually,
    kube_api::{Failure, KubeApi, Resource, Rule, Wrong},
    web,
};

/// An object in the namespace `shop`, made long ago.
fn object(name: &str, mut rest: Value) -> Value {
    rest["metadata"]["name"] = name.into();
    rest["metadata"]["namespace"] = "shop".into();
    rest
}

fn of_cluster(name: &str, mut rest: Value) -> Value {
    rest["metadata"]["name"] = name.into();
    rest
}

fn cluster(api: &KubeApi) -> String {
    format!("[clusters.main]\nserver = \"{}\"\nresources = []\n", api.url())
}

/// A check that nothing but the watch can run within a test: its interval is an hour.
fn check(name: &str, object: &str) -> String {
    format!("[checks.{name}]\ninterval = \"1h\"\nkubernetes = {{ {object} }}\n")
}

/// The word of the base state, by its series.
async fn state(bench: &Bench, check: &str) -> String {
    let (_, text) = bench.get("/metrics").await;
    let start = format!("noroshi_check_state_info{{check=\"{check}\"");
    let line = text.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
    let word = line.split("state=\"").nth(1).and_then(|rest| rest.split('"').next());
    word.unwrap_or_default().to_owned()
}

/// Waits for a state, and for a reason where there must be one.
async fn until(bench: &Bench, check: &str, wanted: &str, reason: &str) {
    let mut seen;
    eventually!(
        {
            seen = state(bench, check).await;
            let failing = format!("reason=\"{reason}\"");
            let told = bench.labelled("noroshi_check_failing", check, &failing).await;
            seen == wanted && (reason.is_empty() || told == Some(1.0))
        },
        "{check} is {seen}, not {wanted} {reason}"
    );
}

const CONDITION: fn(&str, &str) -> Value =
    |kind, status| json!({ "status": { "conditions": [{ "type": kind, "status": status }] } });

fn replicas(wanted: i64, there: i64) -> Value {
    json!({ "spec": { "replicas": wanted }, "status": { "availableReplicas": there } })
}

fn pod(ready: &str, restarts: i64) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": ready }],
            "containerStatuses": [{ "name": "web", "restartCount": restarts }],
        },
    })
}

fn slice(ready: bool) -> Value {
    json!({
        "metadata": { "labels": { "kubernetes.io/service-name": "web" } },
        "addressType": "IPv4",
        "endpoints": [{ "addresses": ["10.0.0.1"], "conditions": { "ready": ready } }],
    })
}

/// One kind of object: the check's words, then what makes it well and what makes it fail, and why it fails then.
struct Row {
    name: &'static str,
    check: &'static str,
    resource: &'static str,
    well: Value,
    ill: Value,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let row =
        |name, check, resource, well, ill, reason| Row { name, check, resource, well, ill, reason };
    let daemon =
        |there: i64| json!({ "status": { "desiredNumberScheduled": 2, "numberAvailable": there } });
    let phase = |phase: &str| json!({ "status": { "phase": phase } });
    let last = |success: &str| json!({ "status": { "lastScheduleTime": "2026-01-01T00:00:00Z", "lastSuccessfulTime": success } });
    let route = |service: &str| {
        let backend = json!({ "service": { "name": service } });
        json!({ "spec": { "rules": [{ "http": { "paths": [{ "path": "/", "backend": backend }] } }] } })
    };
    vec![
        row(
            "deployment",
            "kind = 'deployment', namespace = 'shop', name = 'web', available = '50%'",
            "deployments",
            replicas(4, 2),
            replicas(4, 1),
            "replicas_unavailable",
        ),
        row(
            "statefulset",
            "kind = 'statefulset', namespace = 'shop', name = 'web'",
            "statefulsets",
            replicas(3, 3),
            replicas(3, 2),
            "replicas_unavailable",
        ),
        row(
            "daemonset",
            "kind = 'daemonset', namespace = 'shop', name = 'web'",
            "daemonsets",
            daemon(2),
            daemon(1),
            "replicas_unavailable",
        ),
        row(
            "rollout",
            "kind = 'deployment', namespace = 'shop', name = 'rollout', available = 0, conditions = { Progressing = 'True' }",
            "deployments",
            CONDITION("Progressing", "True"),
            CONDITION("Progressing", "False"),
            "condition_mismatch",
        ),
        row(
            "job",
            "kind = 'job', namespace = 'shop', name = 'web'",
            "jobs",
            CONDITION("Complete", "True"),
            CONDITION("Failed", "True"),
            "job_failed",
        ),
        row(
            "cronjob",
            "kind = 'cronjob', namespace = 'shop', name = 'web'",
            "cronjobs",
            last("2026-01-01T00:01:00Z"),
            last("2025-12-31T00:01:00Z"),
            "job_failed",
        ),
        row(
            "pods",
            "kind = 'pods', namespace = 'shop', selector = { app = 'web' }",
            "pods",
            pod("True", 0),
            pod("False", 0),
            "replicas_unavailable",
        ),
        row(
            "claim",
            "kind = 'persistentvolumeclaim', namespace = 'shop', name = 'web'",
            "persistentvolumeclaims",
            phase("Bound"),
            phase("Pending"),
            "volume_unbound",
        ),
        row(
            "ingress",
            "kind = 'ingress', namespace = 'shop', name = 'web'",
            "ingresses",
            route("web"),
            route("elsewhere"),
            "backend_missing",
        ),
        row(
            "custom",
            "kind = 'custom', resource = 'x.test/v1/things', namespace = 'shop', name = 'web'",
            "things",
            CONDITION("Ready", "True"),
            CONDITION("Ready", "False"),
            "condition_mismatch",
        ),
        row(
            "field",
            "kind = 'custom', resource = 'x.test/v1/things', namespace = 'shop', name = 'field', jsonpath = '$.status.phase', equals = 'Bound'",
            "things",
            phase("Bound"),
            phase("Lost"),
            "field_mismatch",
        ),
    ]
}

async fn server() -> KubeApi {
    let api = KubeApi::start().await;
    api.declare(Resource::custom("x.test/v1", "things", "Thing", true));
    api.put("services", object("web", json!({ "spec": { "type": "ClusterIP" } })));
    api.put("endpointslices", object("web-x", slice(true)));
    api.put("nodes", of_cluster("n1", CONDITION("Ready", "True")));
    api
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_goes_down_and_up_with_its_object() {
    let api = server().await;
    let name = |row: &Row| {
        if row.check.contains("name = ") {
            let (_, rest) = row.check.split_once(", name = '").unwrap();
            rest.split('\'').next().unwrap()
        } else {
            "web"
        }
    };
    let mut config = cluster(&api);
    for row in &rows() {
        api.put(row.resource, object(name(row), row.well.clone()));
        config.push_str(&check(row.name, row.check));
    }
    config.push_str(&check("service", "kind = 'service', namespace = 'shop', name = 'web'"));
    config.push_str(&check("node", "kind = 'node', name = 'n1'"));
    let bench = Bench::new(&config).await;
    for row in &rows() {
        until(&bench, row.name, "up", "").await;
    }
    for (row, name) in rows().iter().map(|row| (row, name(row))) {
        api.put(row.resource, object(name, row.ill.clone()));
        until(&bench, row.name, "down", row.reason).await;
        api.put(row.resource, object(name, row.well.clone()));
        until(&bench, row.name, "up", "").await;
        assert!(api.delete(row.resource, "shop", name));
        until(&bench, row.name, "down", "object_missing").await;
        api.put(row.resource, object(name, row.well.clone()));
        until(&bench, row.name, "up", "").await;
    }
    until(&bench, "service", "up", "").await;
    until(&bench, "node", "up", "").await;
    api.put("endpointslices", object("web-x", slice(false)));
    until(&bench, "service", "down", "endpoints_not_ready").await;
    until(&bench, "ingress", "down", "endpoints_not_ready").await;
    api.put("nodes", of_cluster("n1", CONDITION("Ready", "Unknown")));
    until(&bench, "node", "down", "node_not_ready").await;
    let runs = bench.value("noroshi_check_runs_total", "deployment").await;
    assert!(bench.value("noroshi_kubernetes_wanted", "deployment").await == Some(2.0));
    assert_eq!(runs, Some(5.0), "what changes nothing that is judged is no run");
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_brings_no_more_than_is_looked_at() {
    let api = server().await;
    api.put("deployments", object("web", replicas(1, 1)));
    let config = cluster(&api)
        + &check("web", "kind = 'deployment', namespace = 'shop', name = 'web'")
        + &check("pods", "kind = 'pods', namespace = 'shop', selector = { app = 'web', x = 'y' }")
        + &check("node", "kind = 'node', name = 'n1'");
    let bench = Bench::new(&config).await;
    until(&bench, "web", "up", "").await;
    until(&bench, "node", "up", "").await;
    until(&bench, "pods", "down", "object_missing").await;
    for (path, query) in [
        ("/apis/apps/v1/namespaces/shop/deployments", "fieldSelector=metadata.name%3Dweb"),
        ("/api/v1/namespaces/shop/pods", "labelSelector=app%3Dweb%2Cx%3Dy"),
        ("/api/v1/nodes", "fieldSelector=metadata.name%3Dn1"),
    ] {
        let requests = api.requests();
        let found: Vec<_> = requests.iter().filter(|request| request.path == path).collect();
        assert!(!found.is_empty(), "{path}: {requests:?}");
        assert!(found.iter().all(|request| format!("{request:?}").contains(query)), "{found:?}");
    }
    assert_eq!(api.watches(None), 3);
    // A second name in the same place: one watch brings both, and the first check goes on.
    bench.write(
        &(config + &check("other", "kind = 'deployment', namespace = 'shop', name = 'other'")),
    );
    bench.app.reload().await.unwrap();
    until(&bench, "other", "down", "object_missing").await;
    until(&bench, "web", "up", "").await;
    eventually!(api.watches(None) == 3, "{}", api.watches(None));
    api.put("deployments", object("web", replicas(1, 0)));
    until(&bench, "web", "down", "replicas_unavailable").await;
    // And nobody watches what no check looks at any more.
    bench.write(&(cluster(&api) + &check("node", "kind = 'node', name = 'n1'")));
    bench.app.reload().await.unwrap();
    eventually!(api.watches(None) == 1, "{}", api.watches(None));
    assert_eq!(state(&bench, "web").await, "");
    until(&bench, "node", "up", "").await;
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_makes_it_unknown_and_resolves_nothing() {
    let api = server().await;
    let hook = web::serve(|_| web::reply(200, &[], b"")).await;
    api.put("deployments", object("web", replicas(2, 1)));
    let route = format!(
        "[receivers.ops]\nwebhook.url = \"http://{}/\"\n[route]\nreceiver = \"ops\"\ngroup_wait = \"0s\"\ngroup_interval = \"1s\"\n",
        hook.address()
    );
    let web = "kind = 'deployment', namespace = 'shop', name = 'web'";
    let bench = Bench::new(&(cluster(&api) + &check("web", web) + &route)).await;
    until(&bench, "web", "down", "replicas_unavailable").await;
    let alerts = || async { bench.get("/api/v2/alerts").await.1 };
    eventually!(alerts().await.contains("NoroshiCheckDown"));
    api.down();
    until(&bench, "web", "unknown", "api_unreachable").await;
    assert_eq!(bench.value("noroshi_check_up", "web").await, Some(0.0));
    assert!(alerts().await.contains("NoroshiCheckDown"));
    api.up();
    until(&bench, "web", "down", "replicas_unavailable").await;
    assert!(alerts().await.contains("NoroshiCheckDown"));
    api.put("deployments", object("web", replicas(2, 2)));
    until(&bench, "web", "up", "").await;
    eventually!(!alerts().await.contains("NoroshiCheckDown"));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_tell_is_unknown() {
    let api = server().await;
    api.put("deployments", object("web", replicas(1, 1)));
    api.take(Rule::new(&["list", "watch"], &["apps"], &["deployments"]));
    let config = cluster(&api)
        + &check("refused", "kind = 'deployment', namespace = 'shop', name = 'web'")
        + &check("unserved", "kind = 'custom', resource = 'y.test/v1/others', name = 'web'")
        + &check("node", "kind = 'node', name = 'n1'");
    let bench = Bench::new(&config).await;
    until(&bench, "refused", "unknown", "api_forbidden").await;
    until(&bench, "unserved", "unknown", "api_not_served").await;
    until(&bench, "node", "up", "").await;
    assert_eq!(bench.value("noroshi_check_failures_total", "refused").await, Some(0.0));
    // A right that goes while it is used.
    api.take(Rule::new(&["list", "watch"], &[""], &["nodes"]));
    api.end_watches(Some("nodes"));
    until(&bench, "node", "unknown", "api_forbidden").await;
    assert!(bench.app.stop().await);
    // Nobody listens there at all.
    let gone = support::Peer::refusing();
    let config = format!("[clusters.main]\nserver = \"http://{}\"\n", gone.address());
    let bench = Bench::new(&(config + &check("node", "kind = 'node', name = 'n1'"))).await;
    until(&bench, "node", "unknown", "api_unreachable").await;
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_no_news() {
    let api = server().await;
    let bench = Bench::new(&(cluster(&api) + &check("node", "kind = 'node', name = 'n1'"))).await;
    until(&bench, "node", "up", "").await;
    let before = api.count("watch", "/api/v1/nodes");
    api.cut();
    eventually!(api.count("watch", "/api/v1/nodes") > before);
    api.put("nodes", of_cluster("n1", CONDITION("Ready", "False")));
    until(&bench, "node", "down", "node_not_ready").await;
    assert_eq!(bench.value("noroshi_check_runs_total", "node").await, Some(2.0));
    // Nor are versions that the server has forgotten.
    api.expire();
    api.end_watches(None);
    api.put("nodes", of_cluster("n1", CONDITION("Ready", "True")));
    until(&bench, "node", "up", "").await;
    assert!(bench.app.stop().await);
}

/// As behind a balancer that ends every connection, and whose next is not always there at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_cut_again_and_again_is_no_news() {
    let api = server().await;
    let bench = Bench::new(&(cluster(&api) + &check("node", "kind = 'node', name = 'n1'"))).await;
    until(&bench, "node", "up", "").await;
    let path = "/api/v1/nodes";
    let failure = |wrong| Failure {
        verb: Some("watch".to_owned()),
        path: path.to_owned(),
        wrong,
        times: Some(1),
    };
    let page = Wrong::Text(502, "<html>Bad Gateway</html>".to_owned());
    for wrong in [Wrong::Status(503, None), Wrong::Status(429, Some(1)), page] {
        let before = api.count("watch", path);
        api.fail(failure(wrong));
        api.cut();
        eventually!(api.count("watch", path) >= before + 2, "{}", api.count("watch", path));
        // It goes on being judged, and what comes ends the pauses.
        for (ready, word) in [("False", "down"), ("True", "up")] {
            api.put("nodes", of_cluster("n1", CONDITION("Ready", ready)));
            until(&bench, "node", word, "").await;
        }
    }
    assert_eq!(bench.value("noroshi_check_runs_total", "node").await, Some(7.0), "never unknown");
    // One that does not come back is, though the server answers.
    api.fail_with(Some("watch"), path, 503, None);
    api.fail_with(Some("list"), path, 503, None);
    api.cut();
    until(&bench, "node", "unknown", "api_unreachable").await;
    assert_eq!(bench.value("noroshi_check_runs_total", "node").await, Some(8.0));
    assert!(bench.app.stop().await);
}

/// A selection that grows is another watch of the same pods.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_outlive_a_reload() {
    let api = server().await;
    api.put("pods", object("web-1", pod("True", 5)));
    let pods = "kind = 'pods', namespace = 'shop', selector = { app = 'web' }, restarts = { most = 1, within = '1h' }";
    let config =
        format!("{}[checks.pods]\ninterval = \"1s\"\nkubernetes = {{ {pods} }}\n", cluster(&api));
    let bench = Bench::new(&config).await;
    until(&bench, "pods", "up", "").await;
    api.put("pods", object("web-1", pod("True", 7)));
    until(&bench, "pods", "down", "pod_restarts").await;
    let other = "kind = 'pods', namespace = 'shop', selector = { app = 'other' }";
    bench.write(&(config + &check("other", other)));
    bench.app.reload().await.unwrap();
    until(&bench, "other", "down", "object_missing").await;
    api.put("pods", object("web-1", pod("True", 8)));
    eventually!(bench.value("noroshi_kubernetes_restarts", "pods").await == Some(3.0));
    until(&bench, "pods", "down", "pod_restarts").await;
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_object_is_nobody_else_s() {
    let api = server().await;
    api.put("pods", object("web-1", pod("True", 0)));
    let bad = |app: &str| {
        json!({
            "metadata": { "namespace": "shop", "name": "bad", "uid": "bad", "labels": { "app": app } },
            "status": "good",
        })
    };
    api.put_raw("pods", "shop", "bad", bad("other"));
    let pods = |app: &str| {
        let object = format!("kind = 'pods', namespace = 'shop', selector = {{ app = '{app}' }}");
        check(app, &object)
    };
    let bench = Bench::new(&(cluster(&api) + &pods("web") + &pods("other"))).await;
    until(&bench, "other", "unknown", "object_unreadable").await;
    until(&bench, "web", "up", "").await;
    api.put_raw("pods", "shop", "bad", bad("web"));
    until(&bench, "web", "unknown", "object_unreadable").await;
    until(&bench, "other", "down", "object_missing").await;
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_count_and_are_forgotten() {
    let api = server().await;
    api.put("pods", object("web-1", pod("True", 5)));
    let pods = "kind = 'pods', namespace = 'shop', selector = { app = 'web' }, restarts = { most = 1, within = '2s' }";
    // No hour here: that they are forgotten is seen by looking again.
    let config = format!("{}[checks.pods]\nkubernetes = {{ {pods} }}\n", cluster(&api));
    let bench = Bench::new(&config).await;
    until(&bench, "pods", "up", "").await;
    api.put("pods", object("web-1", pod("True", 7)));
    until(&bench, "pods", "down", "pod_restarts").await;
    until(&bench, "pods", "up", "").await;
    assert_eq!(bench.value("noroshi_kubernetes_restarts", "pods").await, Some(0.0));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_grows_old_without_any_event() {
    let api = server().await;
    let ago = |seconds: u64| {
        let at = Clock::system().now() - Duration::from_secs(seconds);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    api.put("cronjobs", object("web", json!({ "status": { "lastSuccessfulTime": ago(3597) } })));
    let backup = "kind = 'cronjob', namespace = 'shop', name = 'web', max_age_of_success = '1h'";
    let config = format!("{}[checks.backup]\nkubernetes = {{ {backup} }}\n", cluster(&api));
    let bench = Bench::new(&config).await;
    eventually!(bench.value("noroshi_check_runs_total", "backup").await > Some(0.0));
    until(&bench, "backup", "down", "success_too_old").await;
    api.put("cronjobs", object("web", json!({ "status": { "lastSuccessfulTime": ago(1) } })));
    until(&bench, "backup", "up", "").await;
    let last = bench.value("noroshi_kubernetes_last_success_timestamp_seconds", "backup").await;
    assert!(last.is_some_and(|at| at > 1_700_000_000.0), "{last:?}");
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_one_cluster_knows_nothing_of_another() {
    let (one, other) = (server().await, server().await);
    let clusters = format!(
        "[clusters.one]\nserver = \"{}\"\nresources = []\n[clusters.other]\nserver = \"{}\"\nresources = []\n",
        one.url(),
        other.url()
    );
    let config = clusters
        + &check("one", "cluster = 'one', kind = 'node', name = 'n1'")
        + &check("other", "cluster = 'other', kind = 'node', name = 'n1'");
    let bench = Bench::new(&config).await;
    until(&bench, "one", "up", "").await;
    until(&bench, "other", "up", "").await;
    one.down();
    until(&bench, "one", "unknown", "api_unreachable").await;
    other.put("nodes", of_cluster("n1", CONDITION("Ready", "False")));
    until(&bench, "other", "down", "node_not_ready").await;
    assert!(bench.app.stop().await);
}
