//! A broken target is told once, by whoever its `notify` names: the shipped rule and noroshi's own alert have equal labels,
//! so that an Alertmanager which both reach takes them for one.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use regex::Regex;
use serde_json::Value;

use super::{prometheus::Prometheus, rules};
use crate::{
    alertmanager::peers::{Peer as Alertmanager, Side},
    server::wait_until,
    support::{daemon::Daemon, peer::Peer, web},
};

/// A target each, and who is to tell.
const CHECKS: [(&str, &str); 4] = [
    ("by-rule", "prometheus"),
    ("by-noroshi", "noroshi"),
    ("by-both", "both"),
    ("by-nobody", "none"),
];

/// How often Prometheus has told Alertmanager of everything before it is taken for settled: a second notice would have
/// come, for a group is looked at each second.
const TOLD_AGAIN: f64 = 8.0;

/// Longer than Prometheus takes to see the end of trouble, so that it does not open again what noroshi has closed.
const HOLD: &str = "6s";

/// Notices that a webhook was sent, in order.
type Told = Arc<Mutex<Vec<Value>>>;

/// Everybody: noroshi with its own receiver, Prometheus with the shipped rules, and the Alertmanager that both reach.
struct Scene {
    broken: Arc<AtomicBool>,
    daemon: Daemon,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    /// By noroshi's own receiver, and by the Alertmanager.
    own: Told,
    common: Told,
    _peers: Vec<Peer>,
    _folders: [tempfile::TempDir; 2],
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_target_is_told_once_by_whom_it_names() {
    let Some(scene) = Scene::start().await else { return };
    tokio::task::block_in_place(|| {
        scene.breaks();
        scene.is_mended();
    });
}

impl Scene {
    async fn start() -> Option<Self> {
        let broken = Arc::new(AtomicBool::new(false));
        let target = target(Arc::clone(&broken)).await;
        let ((own_hook, own), (common_hook, common)) = (webhook().await, webhook().await);
        let alertmanager = Side::Theirs.start(&routes(&common_hook), &[])?;
        let (daemon, own_folder, _) =
            Daemon::configured(&configuration(&target, &own_hook, &alertmanager.daemon.url()));
        let folder = tempfile::tempdir().unwrap();
        let jobs = jobs(&daemon, &alertmanager, folder.path());
        let prometheus = Prometheus::start("prometheus", &jobs, folder.path())?;
        Some(Self {
            broken,
            daemon,
            prometheus,
            alertmanager,
            own,
            common,
            _peers: vec![target, own_hook, common_hook],
            _folders: [folder, own_folder],
        })
    }

    /// Everybody tells, once.
    fn breaks(&self) {
        self.until("the checks to be up", "sum(noroshi_check_up) == 4");
        self.until(
            "Alertmanager to be found",
            "prometheus_notifications_alertmanagers_discovered == 1",
        );
        self.broken.store(true, Ordering::SeqCst);
        let firing = "count(ALERTS{alertname='NoroshiCheckDown',alertstate='firing'}) == 2";
        self.until("the shipped rule to fire for two checks", firing);
        let both = "ALERTS{alertname='NoroshiCheckDown',alertstate='firing',check='by-both'}";
        self.until("one of them to be told by both", both);
        self.until("noroshi to have pushed", "noroshi_alertmanager_alerts_sent_total >= 2");
        self.settle();
        let wanted = BTreeMap::from([("by-noroshi firing", 1), ("by-both firing", 1)]);
        assert_eq!(counted(&self.own), owned(&wanted), "{:#?}", self.own);
        let wanted = BTreeMap::from([
            ("by-rule firing", 1),
            ("by-noroshi firing", 1),
            ("by-both firing", 1),
        ]);
        assert_eq!(counted(&self.common), owned(&wanted), "{:#?}", self.common);
        self.labels_are_equal();
    }

    /// It is over: everybody tells that too, once.
    fn is_mended(&self) {
        self.broken.store(false, Ordering::SeqCst);
        self.until("the shipped rule to be quiet", "absent(ALERTS{alertname='NoroshiCheckDown'})");
        wait_until("the end to be told", || {
            let told = |all: &Told, count| {
                counted(all).keys().filter(|word| word.ends_with("resolved")).count() == count
            };
            (told(&self.own, 2) && told(&self.common, 3)).then_some(())
        });
        self.settle();
        for all in [&self.own, &self.common] {
            assert!(counted(all).values().all(|&times| times == 1), "{all:#?}");
        }
    }

    /// Waits until Prometheus has told Alertmanager of everything again and again, and groups have been looked at since.
    fn settle(&self) {
        let sent = "sum(prometheus_notifications_sent_total)";
        let count = || {
            let answer = self.prometheus.instant(sent);
            answer
                .rows
                .first()
                .map_or(0.0, |row| row["value"][1].as_str().unwrap().parse::<f64>().unwrap())
        };
        let scrapes = "sum(noroshi_alertmanager_alerts_sent_total)";
        let pushed = || {
            let answer = self.prometheus.instant(scrapes);
            answer
                .rows
                .first()
                .map_or(0.0, |row| row["value"][1].as_str().unwrap().parse::<f64>().unwrap())
        };
        let (before, pushed_before) = (count(), pushed());
        wait_until("everything to be told again", || {
            (count() >= before + TOLD_AGAIN && pushed() >= pushed_before + TOLD_AGAIN).then_some(())
        });
    }

    /// In the Alertmanager there is one alert of each check, and its labels are those that noroshi's own notice has.
    fn labels_are_equal(&self) {
        let alerts = self.alertmanager.daemon.get("/api/v2/alerts").body;
        let alerts: Vec<Value> = serde_json::from_str(&alerts).unwrap();
        let labels = |check: &str| -> Vec<Value> {
            let of = alerts.iter().filter(|alert| alert["labels"]["check"] == check);
            of.map(|alert| alert["labels"].clone()).collect()
        };
        for (check, notify) in CHECKS {
            let wanted = usize::from(notify != "none");
            assert_eq!(labels(check).len(), wanted, "{check}: {alerts:#?}");
        }
        let own: Vec<Value> = alerts_of(&self.own).collect();
        for check in ["by-noroshi", "by-both"] {
            let own = own.iter().find(|alert| alert["labels"]["check"] == check).unwrap();
            assert_eq!(labels(check)[0], own["labels"], "{check}");
        }
        let mut renamed = labels("by-rule")[0].clone();
        renamed["check"] = "by-both".into();
        assert_eq!(labels("by-both")[0], renamed, "the rule's labels are those of our own alert");
    }

    fn until(&self, what: &str, expression: &str) {
        wait_until(&format!("{what}: {expression}"), || {
            let answer = self.prometheus.instant(expression);
            assert!(answer.complaints.is_empty(), "{expression}: {:?}", answer.complaints);
            (!answer.rows.is_empty()).then_some(())
        });
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.daemon.log());
            let rules =
                self.prometheus.data("/api/v1/rules?type=alert&rule_name[]=NoroshiCheckDown");
            eprintln!("{rules:#}\nown: {:#?}\ncommon: {:#?}", self.own, self.common);
        }
    }
}

/// A site that all checks look at.
async fn target(broken: Arc<AtomicBool>) -> Peer {
    web::serve(move |_| web::reply(if broken.load(Ordering::SeqCst) { 500 } else { 200 }, &[], b""))
        .await
}

async fn webhook() -> (Peer, Told) {
    let told = Told::default();
    let kept = Arc::clone(&told);
    let peer = web::serve(move |request| {
        kept.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
        web::reply(200, &[], b"")
    });
    (peer.await, told)
}

fn configuration(target: &Peer, hook: &Peer, alertmanager: &str) -> String {
    let mut text = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"900ms\"\nfailures = 1\nsuccesses = 1\n[store]\n[alerting]\nresolve_hold = \"{HOLD}\"\n\
         [route]\nreceiver = \"own\"\ngroup_by = [\"check\"]\ngroup_wait = \"100ms\"\ngroup_interval = \"1s\"\n\
         [receivers.own]\nwebhook.url = \"http://{}/\"\n[alertmanagers.main]\nurl = \"{alertmanager}\"\nresend = \"1s\"\n",
        hook.address()
    );
    for (check, notify) in CHECKS {
        text.push_str(&format!(
            "[checks.{check}]\ngroup = \"shop\"\nlabels = {{ severity = \"critical\" }}\nnotify = \"{notify}\"\nhttp.url = \"http://{}/\"\n",
            target.address()
        ));
    }
    text
}

fn routes(hook: &Peer) -> String {
    format!(
        "route: {{ receiver: quiet, routes: [{{ receiver: hook, matchers: [alertname=NoroshiCheckDown], group_by: [check], \
         group_wait: 1s, group_interval: 1s }}] }}\n\
         receivers: [{{ name: quiet }}, {{ name: hook, webhook_configs: [{{ url: 'http://{}/' }}] }}]\n",
        hook.address()
    )
}

/// The shipped rules, but for how often they are evaluated and how long an alert has to last: nobody waits here for minutes.
fn jobs(daemon: &Daemon, alertmanager: &Alertmanager, folder: &Path) -> String {
    let long = Regex::new(r"(?m)^(\s*for:).*$").unwrap();
    let rules = rules::copied(&folder.join("rules"), |text| {
        long.replace_all(&rules::each(1, text), "$1 2s").into_owned()
    });
    let [noroshi, alertmanager] =
        [daemon, &alertmanager.daemon].map(|one| one.url().replace("http://", ""));
    format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n{rules}\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alertmanager}'] }}] }}] }}\n\
         scrape_configs:\n- job_name: noroshi\n  static_configs: [{{ targets: ['{noroshi}'] }}]\n\
         - job_name: prometheus\n  static_configs: [{{ targets: ['@SELF@'] }}]\n"
    )
}

fn alerts_of(told: &Told) -> impl Iterator<Item = Value> {
    let all = told.lock().unwrap().clone();
    all.into_iter().flat_map(|notice| notice["alerts"].as_array().unwrap().clone())
}

/// How many notices there were, by check and status.
fn counted(told: &Told) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for notice in told.lock().unwrap().iter() {
        let check = notice["groupLabels"]["check"].as_str().unwrap();
        let status = notice["status"].as_str().unwrap();
        *counts.entry(format!("{check} {status}")).or_default() += 1;
    }
    counts
}

fn owned(counts: &BTreeMap<&str, usize>) -> BTreeMap<String, usize> {
    counts.iter().map(|(word, times)| ((*word).to_owned(), *times)).collect()
}
