//! A daemon that watches clusters, as its configuration changes and as it stops.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use serde_json::json;
use support::{
    app::Bench,
    daemon::Daemon,
    eventually,
    kube_api::{Failure, KubeApi, Wrong},
};

fn pod(name: &str) -> serde_json::Value {
    json!({ "metadata": { "namespace": "shop", "name": name }, "spec": {}, "status": {} })
}

fn cluster(api: &KubeApi, more: &str) -> String {
    format!("[clusters.main]\nserver = \"{}\"\nresources = [\"pods\"]\n{more}", api.url())
}

const HANGS: &str = "noroshi_cluster_collector_up{cluster=\"main\",collector=\"pods\"} 0\n";

/// Alerts about what is missing must not fire because somebody added a label.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_in_another_way_is_shown_until_the_new_way_shows_it() {
    let api = KubeApi::start().await;
    api.put("pods", pod("web"));
    let bench = Bench::new(&cluster(&api, "")).await;
    let shown = "kube_pod_info{cluster=\"main\",namespace=\"shop\",pod=\"web\"";
    eventually!(bench.get("/metrics/kube").await.1.contains(shown));
    eventually!(bench.get("/-/ready").await.0 == 200);
    // The new watch cannot list for a while.
    let before = api.count("watch", "/api/v1/pods");
    let wrong = Wrong::Status(503, None);
    api.fail(Failure { verb: None, path: "pods".to_owned(), wrong, times: None });
    bench.write(&cluster(&api, "labels.pods = [\"*\"]\n"));
    bench.app.reload().await.unwrap();
    // Until it has failed, and failed again.
    while api.count("watch", "/api/v1/pods") < before + 2 {
        assert!(bench.get("/metrics/kube").await.1.contains(shown));
        assert_eq!(bench.get("/-/ready").await.0, 200);
    }
    api.fail_no_more();
    eventually!(bench.get("/metrics/kube").await.1.contains("kube_pod_labels{"));
    assert!(bench.get("/metrics/kube").await.1.contains(shown));
    assert!(!bench.get("/metrics").await.1.contains(HANGS));
    // What is taken out of the configuration is gone at once.
    bench.write("");
    bench.app.reload().await.unwrap();
    eventually!(!bench.get("/metrics/kube").await.1.contains("kube_pod_info"));
    assert!(bench.app.stop().await);
}

/// A stop is no accident, and nothing that a cluster needs holds it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_told_of_as_one() {
    let api = KubeApi::start().await;
    api.put("pods", pod("web"));
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    // The command of this one hangs.
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": api.url() } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "users": [{ "name": "u", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sleep", "args": ["20"],
        } } }],
    });
    std::fs::write(&kubeconfig, text.to_string()).unwrap();
    let hanging = format!("[clusters.slow]\nkubeconfig = \"{}\"\n", kubeconfig.display());
    let config = format!("[web]\nlisten_address = \"127.0.0.1:0\"\n{}{hanging}", cluster(&api, ""));
    tokio::task::spawn_blocking(move || {
        let (mut daemon, _folder, _) = Daemon::configured(&config);
        daemon.until("/metrics/kube", "the pod of the other cluster", |page| {
            page.contains("kube_pod_info{cluster=\"main\"")
        });
        daemon.signal("TERM");
        let begun = std::time::Instant::now();
        assert!(daemon.wait().success());
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
        let log = daemon.log();
        assert!(!log.contains("unexpectedly"), "{log}");
    })
    .await
    .unwrap();
}
