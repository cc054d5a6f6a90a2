//! The API server dies, its store dies, history is lost: what was known is shown all the while, as what it is.
//!
//! All the while somebody scrapes, five times a second: no scrape lacks a series of an object that is still there.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{exporter::Exporter, scrape::Scrape};
use crate::{kube::Cluster, server::wait_until};

/// Between two scrapes.
const SCRAPES: Duration = Duration::from_millis(200);

/// Between two looks at a figure that is to stand still.
const STILL: Duration = Duration::from_millis(1500);

const UP: &str = "noroshi_cluster_collector_up";
const LAST_EVENT: &str = "noroshi_cluster_collector_last_event_timestamp_seconds";
const ERRORS: &str = "noroshi_cluster_collector_watch_errors_total";

/// Objects of each kind of this theme.
const OBJECTS: usize = 100;

#[test]
fn what_was_known_is_shown_through_outages() {
    let Some(mut cluster) = Cluster::start() else { return };
    populate(&cluster);
    let ours = Exporter::ours(cluster.kubeconfig(), &[]);
    let kept = kept(&ours.objects());
    assert!(kept.len() > 10 * OBJECTS, "{} series", kept.len());
    the_server_dies(&mut cluster, &ours, &kept);
    history_is_lost(&mut cluster, &ours, &kept);
    the_store_dies(&mut cluster, &ours, &kept);
    // In the end the whole is what somebody sees who has just come.
    let fresh = Exporter::ours(cluster.kubeconfig(), &[]);
    wait_until("both to show the same", || {
        (fresh.objects().difference(&ours.objects()).is_empty()).then_some(())
    });
}

/// `kill -9`, and then it is there again.
fn the_server_dies(cluster: &mut Cluster, ours: &Exporter, kept: &BTreeSet<String>) {
    let scrapes = scraped(ours, kept, || {
        let killed = Instant::now();
        // Perhaps noroshi has heard of it, perhaps not.
        cluster.kubectl("create configmap last-words").unwrap();
        cluster.kill_apiserver();
        ours.until_own("every collector to be down", |own| own.sum(UP, &[]) == Some(0.0));
        let collectors = killed.elapsed();
        ours.until_own("the cluster to be down", |own| {
            own.sum("noroshi_cluster_up", &[]) == Some(0.0)
        });
        eprintln!(
            "an API server was killed: its collectors down after {collectors:?}, the cluster after {:?}",
            killed.elapsed()
        );
        let before = ours.own();
        std::thread::sleep(STILL);
        let after = ours.own();
        assert_eq!(before.rows(LAST_EVENT), after.rows(LAST_EVENT));
        assert!(before.rows(LAST_EVENT).len() > 30 && ours.is_ready());
        let said = ours.said();
        assert!(!said.contains("cannot be watched and is tried again"), "once for all: {said}");
        assert!(said.contains("the API server does not answer"), "{said}");
        cluster.start_apiserver();
        // Perhaps before noroshi is there again.
        cluster.kubectl("delete configmap/passing-0").unwrap();
        cluster.kubectl("create configmap first-words").unwrap();
        recovered(ours);
        ours.until("what happened meanwhile", |objects| {
            let is = |name: &str| {
                objects.sum("kube_configmap_info", &[&format!("configmap=\"{name}\"")]).is_some()
            };
            is("last-words") && is("first-words") && !is("passing-0")
        });
    });
    eprintln!("{scrapes} scrapes meanwhile, each with all of {} series", kept.len());
}

/// noroshi sleeps, while things come and go; when it wakes up, nobody can tell it any more what it missed.
fn history_is_lost(cluster: &mut Cluster, ours: &Exporter, kept: &BTreeSet<String>) {
    let gone = |own: &Scrape| own.sum(ERRORS, &["reason=\"gone\""]).unwrap_or(0.0);
    let relists = |own: &Scrape| own.sum("noroshi_cluster_collector_relists_total", &[]).unwrap();
    let before = ours.own();
    ours.asleep(|| {
        cluster.kubectl("delete configmap/passing-1 secret/passing-1").unwrap();
        cluster.kubectl("create configmap unseen").unwrap();
        cluster.compact();
        cluster.kill_apiserver();
        cluster.start_apiserver();
    });
    let scrapes = scraped(ours, kept, || {
        ours.until_own("410", |own| gone(own) > gone(&before));
        ours.until_own("another list", |own| relists(own) > relists(&before));
        recovered(ours);
        ours.until("what was missed", |objects| {
            objects.sum("kube_configmap_info", &["configmap=\"unseen\""]).is_some()
                && objects.sum("kube_configmap_info", &["configmap=\"passing-1\""]).is_none()
                && objects.sum("kube_secret_info", &["secret=\"passing-1\""]).is_none()
        });
    });
    let own = ours.own();
    eprintln!(
        "{} watches heard that their version is gone, {} lists were read again; {scrapes} scrapes meanwhile",
        gone(&own) - gone(&before),
        relists(&own) - relists(&before)
    );
}

/// The API server lives on and cannot read.
fn the_store_dies(cluster: &mut Cluster, ours: &Exporter, kept: &BTreeSet<String>) {
    let scrapes = scraped(ours, kept, || {
        cluster.kill_etcd();
        let refused = wait_until("nothing to be written", || {
            cluster.kubectl("create configmap nowhere --request-timeout=1s").err()
        });
        assert!(!refused.is_empty());
        std::thread::sleep(STILL);
        cluster.start_etcd();
        wait_until("something to be written", || {
            cluster.kubectl("create configmap back --request-timeout=2s").ok()
        });
        let begun = Instant::now();
        recovered(ours);
        ours.until("what happened afterwards", |objects| {
            objects.sum("kube_configmap_info", &["configmap=\"back\""]).is_some()
        });
        eprintln!("etcd was killed and came back: caught up {:?} later", begun.elapsed());
    });
    eprintln!("{scrapes} scrapes meanwhile");
}

/// Waits until everything is watched again, which takes nobody's help.
fn recovered(ours: &Exporter) {
    let begun = Instant::now();
    let is_up = |own: &Scrape| own.rows(UP).iter().all(|(_, value)| *value == 1.0);
    loop {
        ours.until_own("everything to be watched", is_up);
        let took = begun.elapsed();
        // A watch that is begun with a version that is gone is told so only then.
        std::thread::sleep(STILL);
        if is_up(&ours.own()) {
            eprintln!("recovered after {took:?}");
            break;
        }
    }
    ours.until_own("the cluster to be up", |own| own.sum("noroshi_cluster_up", &[]) == Some(1.0));
}

/// Scrapes while a deed is done; how often.
fn scraped(ours: &Exporter, kept: &BTreeSet<String>, deed: impl FnOnce()) -> usize {
    let (ended, scrapes) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let scrape = ours.objects();
                let shown = scrape.series();
                let lost: Vec<_> =
                    kept.iter().filter(|series| !shown.contains(series.as_str())).collect();
                assert!(
                    lost.is_empty(),
                    "a partial scrape: {} lost, {:?}",
                    lost.len(),
                    lost.first()
                );
                scrapes.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(SCRAPES);
            }
        });
        let _ends = Ends(&ended);
        deed();
    });
    let scrapes = scrapes.into_inner();
    assert!(scrapes > 5, "{scrapes} scrapes");
    scrapes
}

struct Ends<'e>(&'e AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The series of what stays as it is: not of what passes, and not of the API server's own affairs.
fn kept(objects: &Scrape) -> BTreeSet<String> {
    let stays = |series: &&str| !series.contains("passing-") && !series.contains("kube-system");
    objects.series().into_iter().filter(stays).map(str::to_owned).collect()
}

/// Objects of a few kinds that stay, and some that will go.
fn populate(cluster: &Cluster) {
    let mut items: Vec<Value> = Vec::new();
    for number in 0..OBJECTS {
        let name = if number < 5 { format!("passing-{number}") } else { format!("stays-{number}") };
        let metadata = json!({ "name": name, "namespace": "default" });
        let container = json!({ "name": "main", "image": "registry.example.com/main:1" });
        items.extend([
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata }),
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata }),
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": { "containers": [container] } }),
        ]);
    }
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    cluster.create("objects", &list, "").unwrap();
}
