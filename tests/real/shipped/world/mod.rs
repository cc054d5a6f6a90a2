//! A demo in which every state occurs, and those who look at it. Contract: [`World::start`] takes about a minute and comes back
//! when everything has happened; two noroshi that are replicas of one another run on, and a third one has ended. Each is
//! scraped by three Prometheus, of which each stores histograms in another way.

mod certificates;
mod cluster;
mod targets;
mod telling;
mod watched;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    time::Duration,
};

use serde_json::json;

pub(super) use self::watched::STRANGERS;
use self::{
    targets::Targets,
    telling::Telling,
    watched::{FORMATS, configuration},
};
use super::prometheus::Prometheus;
use crate::{
    alertmanager::peers::{self, Side},
    clusters,
    server::wait_until,
    support::{authority::Flaw, daemon::Daemon, patience::patience},
};

/// A real Alertmanager, of which nothing is wanted here but that it takes what it is told.
const ALERTMANAGER: &str = "route: { receiver: none }\nreceivers: [{ name: none }]\n";

/// Every state of a check, by the check that is in it.
const STATES: [(&str, &str); 7] = [
    ("website", "up"),
    ("expired", "down"),
    ("pending", "pending"),
    ("degraded", "degraded"),
    ("weeks", "degraded"),
    ("unknown", "unknown"),
    ("recovering", "recovering"),
];

const OVERLAYS: [(&str, &str); 3] =
    [("planned", "maintenance"), ("moody", "flapping"), ("behind", "suppressed")];

/// How many there were, however a histogram is stored.
const ROLLOUTS: &str = "noroshi_kube_rollout_duration_seconds_count{namespace='shop'} >= 1
    or histogram_count(noroshi_kube_rollout_duration_seconds{namespace='shop'}) >= 1";

/// Everything that runs.
pub(super) struct World {
    pub(super) prometheus: Vec<Prometheus>,
    /// Seconds since the epoch: nothing was scraped before.
    pub(super) born: f64,
    replicas: [Replica; 2],
    /// Reaches nobody, and ends while somebody looks.
    lonely: Option<Replica>,
    _alertmanager: peers::Peer,
    cluster: clusters::world::World,
    targets: Targets,
    telling: Telling,
    _folder: tempfile::TempDir,
}

/// One noroshi, and its configuration.
struct Replica {
    daemon: Daemon,
    file: std::path::PathBuf,
    text: String,
}

impl World {
    /// `None` after saying which part is missing. `rules` are the rule files that each Prometheus has.
    pub(super) async fn start(rules: &str) -> Option<Self> {
        let targets = Targets::start().await;
        let cluster = tokio::task::block_in_place(|| cluster::populate(&targets))?;
        let alertmanager = Side::Theirs.start(ALERTMANAGER, &[])?;
        let telling = Telling::start(&alertmanager.daemon.url(), targets.gone).await;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = cluster.cluster.account("watcher");
        let common = format!(
            "{}\n{}\n{}\n[clusters.harbour]\nkubeconfig = \"{}\"\ntls_secrets = true\n",
            targets.checks,
            telling.text,
            cluster::checks(),
            kubeconfig.display()
        );
        let own =
            [String::new(), format!("[checks.disputed]\ntcp.address = \"{}\"\n", targets.gone)];
        let replicas = ["one", "two"].into_iter().zip(own);
        let replicas =
            replicas.map(|(name, own)| Replica::start(folder.path(), name, &common, &own));
        let replicas: Vec<_> = replicas.collect();
        let replicas = <[Replica; 2]>::try_from(replicas).ok().unwrap();
        let lonely = Replica::start(folder.path(), "lonely", &lonely(targets.gone), "");
        let instances = replicas.iter().chain([&lonely]);
        let instances: Vec<_> =
            instances.map(|one| one.daemon.url().replace("http://", "")).collect();
        let born = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        let started = FORMATS.iter().map(|format| {
            let text = configuration(format, &instances, targets.gone, rules);
            Prometheus::start(format.name, &text, folder.path())
        });
        let prometheus = started.collect::<Option<Vec<_>>>()?;
        let mut world = Self {
            prometheus,
            born,
            replicas,
            lonely: Some(lonely),
            _alertmanager: alertmanager,
            cluster,
            targets,
            telling,
            _folder: folder,
        };
        tokio::task::block_in_place(|| world.lives());
        Some(world)
    }

    /// Every family of docs/metrics.md occurs.
    pub(super) fn shows_every_family(&self) {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (shown, hidden) = page.split_once("\n## Shown by the API alone\n").unwrap();
        let (_, later) = hidden.split_once("\n## Clusters\n").unwrap();
        let rows = shown.lines().chain(later.lines());
        let families = rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let families: BTreeSet<_> = families.collect();
        assert!(families.len() > 150, "{families:?}");
        let classic = &self.prometheus[0];
        let mut missing = Vec::new();
        let told = catch_unwind(AssertUnwindSafe(|| {
            wait_until("every family", || {
                let names: BTreeSet<_> =
                    classic.label_values(None, "__name__").into_iter().collect();
                let absent = families.iter().filter(|&&family| {
                    !names.contains(family) && !names.contains(&format!("{family}_count"))
                });
                missing = absent.copied().collect();
                missing.is_empty().then_some(())
            });
        }));
        assert!(told.is_ok(), "families that do not occur: {missing:#?}");
    }

    /// What happens while it is watched. Each step is seen by every Prometheus before the next one is made.
    fn lives(&mut self) {
        self.until_seen("trouble that will end", "noroshi_check_state{check='recovering'} == 0", 2);
        self.until_seen(
            "a certificate",
            "noroshi_tls_info{check='renewed',subject=~'.*before.*'}",
            2,
        );
        self.targets.stage.mended.store(true, Ordering::SeqCst);
        *self.targets.stage.renewed.lock() =
            certificates::acceptor(&self.targets.authority, "after", 300);
        for (place, replica) in ["east", "west"].into_iter().zip(&self.replicas) {
            self.telling.happens(&replica.daemon, place);
        }
        cluster::happens(&self.cluster);
        self.until_seen("a rollout", ROLLOUTS, 2);
        cluster::rolled_out(&self.cluster, 2);
        self.until_seen("a renewal", "noroshi_tls_info{check='renewed',subject=~'.*after.*'}", 2);
        self.reload();
        for (check, state) in STATES {
            let query = format!("noroshi_check_state_info{{check='{check}',state='{state}'}}");
            self.until_seen(state, &query, 2);
        }
        for (check, overlay) in OVERLAYS {
            let query = format!("noroshi_check_overlay{{check='{check}',overlay='{overlay}'}}");
            self.until_seen(overlay, &query, 2);
        }
        // Of the first one, the series of its reasons begin with what went wrong: nothing is seen to grow.
        self.outage();
        self.outage();
        self.ends();
        self.until_seen("a dead letter", "noroshi_dead_letters_total{receiver='failing'} > 0", 2);
        self.until_seen(
            "a breaker",
            "max_over_time(noroshi_notification_breaker_open{receiver='failing'}[1h]) == 1",
            2,
        );
        self.certificate_turns();
    }

    /// The one who reaches nobody ends, once that was seen.
    fn ends(&mut self) {
        let alert = "ALERTS{alertname='NoroshiAlertmanagerPushAllFailing'}";
        self.until_seen("pushes that all fail", alert, 1);
        self.lonely = None;
        self.until_seen("an instance that goes", "up{job='noroshi'} == 0", 1);
    }

    /// Rules remember by the minute that a certificate was verified: until one is full, when everybody has scraped.
    fn certificate_turns(&self) {
        let minute = ((self.born + patience().as_secs_f64()) / 60.0).ceil() * 60.0;
        let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        std::thread::sleep(Duration::from_secs_f64((minute - now).max(0.0)));
        let minutes = "max_over_time(noroshi_tls_verified{check='careless'}[1d:1m]) == 1";
        self.until_seen("a certificate that verifies", minutes, 2);
        *self.targets.stage.turned.lock() = self.targets.authority.acceptor(Flaw::SelfSigned);
        let turned = "noroshi_tls_verified{check='careless'} == 0";
        self.until_seen("a certificate that does not", turned, 2);
    }

    /// A good one, of the first replica, and a bad one, of the second.
    fn reload(&self) {
        let [one, two] = &self.replicas;
        let more = "[checks.late]\ngroup = \"late\"\ntcp.address = \"127.0.0.1:9\"\n";
        one.write(&format!("{}{more}", one.text));
        assert_eq!(one.daemon.post("/-/reload", &json!(null)).unwrap().status, 200);
        two.write("[checks.");
        assert_eq!(two.daemon.post("/-/reload", &json!(null)).unwrap().status, 500);
        self.until_seen("a check that came", "noroshi_check_state{check='late'}", 1);
        self.until_seen("a bad reload", "noroshi_config_last_reload_successful == 0", 1);
    }

    /// The API server is away for a while.
    fn outage(&mut self) {
        self.cluster.cluster.kill_apiserver();
        self.until_seen("a cluster that is away", "noroshi_cluster_up == 0", 2);
        self.cluster.cluster.start_apiserver();
        self.until_seen("a cluster that is back", "noroshi_cluster_up == 1", 2);
    }

    /// Waits until a query has so many series, everywhere.
    fn until_seen(&self, what: &str, expression: &str, series: usize) {
        for prometheus in &self.prometheus {
            let what = format!("{what} in {}: {expression}", prometheus.name);
            wait_until(&what, || {
                let answer = prometheus.instant(expression);
                assert!(answer.complaints.is_empty(), "{expression}: {:?}", answer.complaints);
                (answer.rows.len() == series).then_some(())
            });
        }
    }
}

/// The configuration of one who has something to tell, and nobody to tell it to.
fn lonely(gone: SocketAddr) -> String {
    format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"900ms\"\n[checks.lonely]\ntcp.address = \"{gone}\"\n\
         [alertmanagers.lost]\nurl = \"http://{gone}\"\nresend = \"1s\"\n"
    )
}

impl Replica {
    fn start(folder: &std::path::Path, name: &str, common: &str, own: &str) -> Self {
        let store = folder.join(format!("{name}.db"));
        let text = format!("{common}\n[store]\npath = \"{}\"\n", store.display());
        let file = folder.join(format!("{name}.toml"));
        let more = folder.join(format!("{name}-own.toml"));
        std::fs::write(&file, &text).unwrap();
        std::fs::write(&more, own).unwrap();
        let files = [&file, &more].map(|file| format!("--config.file={}", file.display()));
        let daemon = Daemon::start(&files.each_ref().map(String::as_str));
        Self { daemon, file, text }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.daemon.log();
            let tail = log.lines().rev().take(20).collect::<Vec<_>>();
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}
