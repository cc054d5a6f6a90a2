//! A token without rights, one with few, and rights that are given later: each collector stands for itself.

use std::collections::BTreeSet;

use serde_json::json;

use super::exporter::Exporter;
use crate::{kube::Cluster, server::wait_until};

const UP: &str = "noroshi_cluster_collector_up";
const FORBIDDEN: &[&str] = &["reason=\"forbidden\""];
const ERRORS: &str = "noroshi_cluster_collector_watch_errors_total";

/// What is said of a collector that cannot do its work.
const COMPLAINT: &str = "cannot be watched and is tried again";

/// The resources of kube-state-metrics' default.
const DEFAULT: usize = 32;

#[test]
fn each_right_counts_for_itself() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl("create configmap chart").unwrap();
    cluster.kubectl("create secret generic key").unwrap();
    let stranger = cluster.guest(&json!([]));
    let watch = json!(["list", "watch"]);
    let some = cluster.guest(&json!([
        { "apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": watch },
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": watch },
        // Only half of what it takes.
        { "apiGroups": [""], "resources": ["services"], "verbs": ["list"] },
    ]));
    let none = Exporter::ours(&stranger.kubeconfig, &[]);
    let few = Exporter::ours(&some.kubeconfig, &[]);
    nothing_may_be_read(&none);
    some_may_be_read(&few);
    let everything = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": watch }]);
    cluster.allow(&stranger, &everything);
    let took = none.until_own("everything to be watched", |own| up(own).len() == DEFAULT);
    none.until("everything to be shown", |objects| {
        objects.sum("kube_secret_info", &["secret=\"key\""]) == Some(1.0)
            && objects.sum("kube_configmap_info", &["configmap=\"chart\""]) == Some(1.0)
    });
    eprintln!("rights given later were used after {took:?}");
}

/// Ready, for nothing more is to be waited for; every collector is down, and said so once however often it has tried.
fn nothing_may_be_read(none: &Exporter) {
    none.until_own("each collector to have tried thrice", |own| {
        let tried = own.rows(ERRORS);
        tried.len() == DEFAULT && tried.iter().all(|(_, tries)| *tries >= 3.0)
    });
    let own = none.own();
    assert_eq!((up(&own).len(), own.rows(UP).len()), (0, DEFAULT));
    assert_eq!(own.sum("noroshi_cluster_collector_synced", &[]), Some(0.0));
    assert_eq!(own.sum(ERRORS, FORBIDDEN), own.sum(ERRORS, &[]));
    // It answers everybody who has a token.
    assert_eq!(own.sum("noroshi_cluster_up", &[]), Some(1.0));
    assert!(none.is_ready());
    assert_eq!(none.scrape("/metrics").unwrap().len(), 0);
    let said = none.said();
    let complaints: Vec<_> = said.lines().filter(|line| line.contains(COMPLAINT)).collect();
    assert_eq!(complaints.len(), DEFAULT, "{said}");
    let of = |line: &str| line.split("collector=").nth(1)?.split(' ').next().map(str::to_owned);
    let told: BTreeSet<_> = complaints.iter().filter_map(|line| of(line)).collect();
    assert_eq!(told.len(), DEFAULT, "{said}");
    assert!(!said.contains("guest-0-token"), "the token is nobody's business");
}

fn some_may_be_read(few: &Exporter) {
    let expected = BTreeSet::from(["configmaps", "deployments", "namespaces"].map(str::to_owned));
    wait_until("what may be read to be watched", || (up(&few.own()) == expected).then_some(()));
    let shown = few.objects();
    assert_eq!(shown.sum("kube_configmap_info", &["configmap=\"chart\""]), Some(1.0));
    assert!(shown.sum("kube_namespace_created", &[]).is_some());
    assert_eq!(shown.sum("kube_secret_info", &[]), None);
    assert!(few.is_ready());
    let said = few.said();
    assert_eq!(said.matches(COMPLAINT).count(), DEFAULT - expected.len(), "{said}");
}

/// The collectors that are up.
fn up(own: &super::scrape::Scrape) -> BTreeSet<String> {
    let rows = own.rows(UP).into_iter().filter(|(_, value)| *value == 1.0);
    let name = |series: &str| series.split('"').nth(1).map(str::to_owned);
    rows.filter_map(|(series, _)| name(series)).collect()
}
