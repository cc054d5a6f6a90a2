//! The composition root: builds, supervises, reloads, shuts down. No domain rule.
//!
//! [`App::start`] reads top to bottom as the daemon's life: read the configuration, bind the sockets, connect the
//! stages, hand in the first checks. A test starts an app on port 0, asks it where it listens, and stops it.

mod activation;
mod alerting;
pub mod alertmanager;
pub mod blackbox;
mod clusters;
pub mod kube_state_metrics;
pub mod log;
mod notify_test;
mod one_off;
mod reload;
mod requests;
mod self_check;
mod serve;
mod stages;
mod supervise;
mod watch;
mod web_config;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch as latest},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use crate::{api::Patience, metrics::BUILD};
use crate::{
    api::{self, blackbox::Blackbox},
    clock::{Clock, Instant},
    compat::blackbox::{Modules, log::Format},
    config::{self, Config, Loaded, LogFormat, Sources},
    metrics::{Families, Telemetry},
    net::Net,
    probe::{self, spec::Check},
    store,
};
use alerting::Alerts;
pub use alerting::Refused as AlertingRefused;
pub use notify_test::{Trial, notify_test};
pub use one_off::exposition;
use reload::Reloader;
pub use serve::Front;
use stages::{Owners, Stages};
pub use supervise::Cause;
use supervise::Supervisor;
pub use web_config::web_config_diagnostics;

/// What is added to the grace for everything that does not wait for a peer.
const SLACK: Duration = Duration::from_secs(1);

/// What an app is started with.
pub struct Options {
    /// Where the configuration comes from.
    pub sources: Sources,
    /// The calendar.
    pub clock: Clock,
    /// How long runs and requests in flight may take to end.
    pub grace: Duration,
}

/// A configuration that was read before the app was started.
pub struct Read {
    /// What was read.
    pub loaded: Loaded,
    /// Since when: what changed later is read again.
    pub since: Timestamp,
    /// Whether noroshi watches itself beside what is configured.
    pub watch_itself: bool,
}

/// Why an app did not start.
#[derive(thiserror::Error)]
pub enum StartError {
    /// The configuration has mistakes: all of them are inside.
    #[error("the configuration has mistakes")]
    Config(Box<Loaded>),
    /// A socket could not be opened.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The web configuration has mistakes.
    #[error(transparent)]
    WebConfig(#[from] api::web_config::Refused),
    /// What is said of alerting cannot be applied.
    #[error(transparent)]
    Alerting(#[from] AlertingRefused),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// There is nothing to reach the cluster with.
    #[error("{0}")]
    Cluster(String),
    /// Something else of the system's.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        error: std::io::Error,
    },
}

impl std::fmt::Debug for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The end, in three steps.
#[derive(Default)]
struct Stop {
    /// No more runs.
    schedule: CancellationToken,
    /// From now on the end of a task is expected.
    tasks: CancellationToken,
    /// No more requests.
    server: CancellationToken,
}

/// A running daemon.
pub struct App {
    addresses: Vec<SocketAddr>,
    has_tls: bool,
    ready: latest::Sender<bool>,
    reload: mpsc::Sender<api::Reload>,
    supervisor: Supervisor,
    /// What ends after everything that gives it something: the pipeline, delivery, the store.
    late: Supervisor,
    alerts: Option<Alerts>,
    server: serve::Server,
    telemetry: Arc<Telemetry>,
    stop: Stop,
    grace: Duration,
}

impl App {
    /// Builds everything and returns once the first configuration is applied.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let since = options.clock.now();
        let (loaded, _) = load(options.sources.clone()).await?;
        Self::start_read(options, Read { loaded, since, watch_itself: false }).await
    }

    /// The same with a configuration that was read from the sources already.
    pub async fn start_read(options: Options, read: Read) -> Result<Self, StartError> {
        let Options { sources, clock, grace } = options;
        let Read { loaded, since, watch_itself } = read;
        let (loaded, config) = checked(loaded)?;
        let opened = serve::open(&Front::from(&config.web))?;
        let (addresses, has_tls) = (opened.addresses(), opened.has_tls());
        let demo = reload::demo_of(config.demo)?;
        let prepared = alerting::prepared_for(&config)?;

        let stop = Stop::default();
        let mut supervisor = Supervisor::new(stop.tasks.clone());
        let mut telemetry = Telemetry::new();
        supervisor.register(telemetry.registry());
        opened.register(telemetry.registry());

        let mut late = supervisor.sibling();
        let net = Net::new();
        let owners =
            Owners { supervisor: &mut supervisor, late: &mut late, telemetry: &mut telemetry };
        let stages = stages::start(owners, &config, prepared, (clock, &net), &stop, grace).await?;

        let (ready, is_ready) = latest::channel(false);
        let (reload, reloads) = mpsc::channel(1);
        let shown = Arc::new(ArcSwap::from_pointee(config.clone()));
        let in_force = Arc::clone(&shown);
        let modules = Arc::new(ArcSwap::new(Arc::clone(&loaded.modules)));
        let (wanted, clusters) = watch_clusters(&mut supervisor, &config, &stages, clock);
        let own = watch_itself.then(|| own_check(&config, &opened)).flatten();
        let mut reloader = Reloader::new(
            sources,
            &config,
            stages.outputs(shown, &modules, wanted),
            demo,
            own,
            clock,
            telemetry.reloads.clone(),
        );
        let noticed = watched(&mut supervisor, &loaded, since);
        let scrapes = api::Metrics::default();
        scrapes.register(telemetry.registry());
        let blackbox = on_request(&config, modules, net, clock, &mut telemetry);
        let v2 =
            stages.alerts.as_ref().map(|alerts| stages::v2(alerts, &config, clock, &mut telemetry));
        let telemetry = Arc::new(telemetry);
        let api = api::State {
            views: stages.views,
            families: Arc::new(families()),
            clusters,
            telemetry: Arc::clone(&telemetry),
            metrics: scrapes,
            ready: is_ready,
            reload: reload.clone(),
            config: Arc::new(move || in_force.load().effective()),
            blackbox: Arc::new(blackbox),
            store: stages.reader,
            clock,
            alerts: stages.alerts.as_ref().map(|alerts| alerts.handle.clone()),
            web: Arc::new(web(&config)),
        };
        let router = router(api, v2.as_ref(), &config);
        let server = served(&mut supervisor, opened, &router, &stop)?;
        let applied = reloader.first(&config).await;
        let run = reloader.run(reloads, noticed, stop.tasks.clone());
        supervisor.essential("reload", run);
        ready.send_replace(applied);
        info!(checks = config.checks.len(), addresses = ?addresses, tls = has_tls, "noroshi watches");
        Ok(Self {
            addresses,
            has_tls,
            ready,
            reload,
            supervisor,
            late,
            alerts: stages.alerts,
            server,
            telemetry,
            stop,
            grace,
        })
    }

    /// Where it listens, in the order of the configuration; port 0 is already a real one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether it speaks TLS there.
    pub fn has_tls(&self) -> bool {
        self.has_tls
    }

    /// What noroshi counts about itself: everything that any folder has registered.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Reads the configuration again; keeps everything as it is when it has mistakes.
    ///
    /// # Errors
    /// The mistakes, as text for people.
    pub async fn reload(&self) -> Result<String, String> {
        requests::ask(&self.reload).await
    }

    /// Waits until a task that cannot be replaced ends unexpectedly.
    pub async fn failed(&mut self) -> Cause {
        self.supervisor.failed().await
    }

    /// Not ready, then the schedule, then everything else; the server last, so that a scrape still sees the last
    /// outcomes. Says whether all ended within the grace.
    pub async fn stop(self) -> bool {
        let deadline = Instant::now() + self.grace + SLACK;
        self.ready.send_replace(false);
        // The schedule holds the only sender of observations: when it has ended the state ends, and so on down the line.
        self.stop.tasks.cancel();
        self.stop.schedule.cancel();
        if let Some(alerts) = &self.alerts {
            alerts.stop_sending(self.grace).await;
        }
        let ended = self.supervisor.drain(deadline).await;
        self.stop.server.cancel();
        let served = self.server.join(deadline.max(Instant::now() + SLACK)).await;
        // Nobody is left who asks the pipeline: it ends, then delivery, then the store, which closes its file.
        drop(self.alerts);
        self.late.drain(deadline.max(Instant::now() + SLACK)).await && served && ended
    }
}

/// noroshi's look at itself: through its own front, where nothing stands before it.
fn own_check(config: &Config, opened: &serve::Opened) -> Option<Check> {
    let prefix = config.web.prefix();
    let prefix = (!opened.is_protected()).then_some(prefix.as_str());
    opened.addresses().first().and_then(|at| self_check::check(*at, prefix))
}

/// Told of every change of a file that was read.
fn watched(supervisor: &mut Supervisor, loaded: &Loaded, since: Timestamp) -> mpsc::Receiver<()> {
    let watched = loaded.watched().to_vec();
    let (notice, noticed) = mpsc::channel(1);
    supervisor.restarting("config-watch", move || {
        watch::files(watched.clone(), since.into(), notice.clone())
    });
    noticed
}

/// Watches the clusters that are wanted: where others are asked for, and where all are seen.
fn watch_clusters(
    supervisor: &mut Supervisor,
    config: &Config,
    stages: &Stages,
    clock: Clock,
) -> (latest::Sender<clusters::Wanted>, api::kube::Clusters) {
    let (sender, wanted) = latest::channel(clusters::Wanted {
        clusters: config.clusters.clone(),
        // The state must know them first.
        checks: Vec::new(),
    });
    let all = api::kube::Clusters::default();
    let seen = (Arc::clone(&all), stages.telling.clone());
    supervisor.restarting("clusters", move || clusters::run(wanted.clone(), seen.clone(), clock));
    (sender, all)
}

/// Starts the server, whose end is expected once everything stops.
fn served(
    supervisor: &mut Supervisor,
    opened: serve::Opened,
    router: &axum::Router,
    stop: &Stop,
) -> Result<serve::Server, StartError> {
    let (server, end) = serve::start(opened, router, &stop.server)?;
    let stopping = stop.tasks.clone();
    supervisor.essential("server", async move {
        let _ = stopping.run_until_cancelled(end).await;
    });
    Ok(server)
}

/// Everything that is answered: our own pages, and Alertmanager's where there are alerts.
fn router(
    state: api::State,
    alerts: Option<&Arc<api::alertmanager::Alertmanager>>,
    config: &Config,
) -> axum::Router {
    let prefix = config.web.prefix();
    let more = alerts.map(|alerts| api::alertmanager::routes(alerts, prefix.as_str()));
    api::router(state, more.unwrap_or_default())
}

/// Reads files and checks them off the runtime: 100,000 checks take seconds.
async fn load(sources: Sources) -> Result<(Loaded, Config), StartError> {
    let loaded = tokio::task::spawn_blocking(move || config::load(&sources)).await;
    let loaded = loaded.map_err(|error| StartError::System {
        what: "reading the configuration",
        error: std::io::Error::other(error),
    })?;
    checked(loaded)
}

/// The configuration, if it has no mistakes; its warnings go to the log.
fn checked(loaded: Loaded) -> Result<(Loaded, Config), StartError> {
    let Some(config) = loaded.config.clone() else {
        return Err(StartError::Config(Box::new(loaded)));
    };
    log::diagnostics(&loaded.diagnostics);
    Ok((loaded, config))
}

/// `/probe`: its probes run where the scheduled ones do.
fn on_request(
    config: &Config,
    modules: Arc<ArcSwap<Modules>>,
    net: Net,
    clock: Clock,
    telemetry: &mut Telemetry,
) -> Blackbox {
    let metrics = api::blackbox::Metrics::default();
    metrics.register(telemetry.registry(), false);
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let options = api::blackbox::Options {
        timeout_offset: config.blackbox.timeout_offset.0.as_secs_f64(),
        history_limit: number(config.blackbox.history_limit),
        max_requests: number(config.blackbox.max_requests.get()),
        format: match config.log.format {
            LogFormat::Logfmt => Format::Logfmt,
            LogFormat::Json => Format::Json,
        },
    };
    let run = blackbox::probing::on(Handle::current(), net, clock);
    let say = blackbox::probing::failures_to_log();
    Blackbox::new(modules, options, run, say, clock, metrics)
}

/// Every family of facts, in the order of the registry.
pub fn families() -> Families {
    let kinds = probe::spec::KINDS.iter().flat_map(|kind| kind.families);
    Families::new(probe::COMMON_FAMILIES.iter().chain(kinds).copied())
}

fn web(config: &Config) -> api::Web {
    let external = config
        .web
        .external_url
        .as_ref()
        .map(|url| url.to_string().trim_end_matches('/').to_owned());
    let most = usize::try_from(config.web.max_requests.get()).unwrap_or(usize::MAX);
    api::Web {
        route_prefix: config.web.prefix().as_str().to_owned(),
        external_url: external,
        max_requests: most,
    }
}
