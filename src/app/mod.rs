//! The composition root: builds, supervises, reloads, shuts down. No domain rule.
//!
//! [`App::start`] reads top to bottom as the daemon's life: read the configuration, bind the sockets, connect the
//! stages, hand in the first checks. A test starts an app on port 0, asks it where it listens, and stops it.

mod activation;
mod alerting;
pub mod alertmanager;
pub mod blackbox;
pub mod log;
mod notify_test;
mod one_off;
mod reload;
mod self_check;
mod serve;
mod supervise;
mod watch;
mod web_config;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch as latest},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use crate::metrics::BUILD;
use crate::{
    alert,
    api::{self, blackbox::Blackbox},
    clock::{Clock, Instant},
    compat::blackbox::{Modules, log::Format},
    config::{self, Config, Loaded, LogFormat, Sources},
    metrics::{Families, Telemetry},
    model::{Commit, Trace},
    net::Net,
    notify,
    probe::{
        self,
        spec::{Change, Check},
    },
    schedule::{self, Limits, Runner, Schedule},
    state::{self, State, Views},
    store,
};
use alerting::{Alerts, Around, Memory};
pub use alerting::{Refused as AlertingRefused, alerting_diagnostics};
pub use notify_test::{Trial, notify_test};
pub use one_off::exposition;
use reload::Reloader;
pub use serve::Front;
pub use supervise::Cause;
use supervise::Supervisor;
pub use web_config::web_config_diagnostics;

/// Observations that may wait for the state: at 10,000 runs a second and 5 us each, 4,096 cover a stall of 0.4 s;
/// beyond that runs wait with their results, which slows the schedule instead of losing one.
const OBSERVATIONS: usize = 4096;

/// Transitions that may wait to be told; a line takes microseconds, and the disk takes hundreds of them at once.
const TRANSITIONS: usize = 1024;

/// Changes of pace that may wait for the schedule; it reads them between two runs.
const PACES: usize = 1024;

/// Sets of changes that may wait: reloads are one at a time.
const CHANGES: usize = 4;

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
    reload: mpsc::Sender<oneshot::Sender<Result<String, String>>>,
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
        let prepared = config.alerting.as_ref().map(alerting::prepared).transpose()?;

        let stop = Stop::default();
        let mut supervisor = Supervisor::new(stop.tasks.clone());
        let mut telemetry = Telemetry::new();
        supervisor.register(telemetry.registry());
        opened.register(telemetry.registry());

        let mut late = supervisor.sibling();
        let memory = memory(&config, clock, &mut late, telemetry.registry()).await?;
        let reader = memory.reader.clone();
        let net = Net::new();
        let changes = mpsc::channel(CHANGES);
        let alerts = prepared.map(|prepared| {
            let around = Around {
                late: &mut late,
                registry: telemetry.registry(),
                net: net.clone(),
                clock,
                commits: memory.commits.clone(),
                alive: alive(&memory.commits, &changes.0),
                count: None,
                log_silences: false,
            };
            Alerts::start(prepared, alert_options(&config), &memory.restored, around)
        });

        let limits = reload::limits(&config);
        let handle = alerts.as_ref().map(|alerts| alerts.handle.clone());
        let inputs = Inputs { clock, net: &net, memory, changes, limits, alerts: handle };
        let stages = stages(&mut supervisor, &mut telemetry, inputs, &stop, grace);

        let (ready, is_ready) = latest::channel(false);
        let (reload, reloads) = mpsc::channel(1);
        let shown = Arc::new(ArcSwap::from_pointee(config.clone()));
        let in_force = Arc::clone(&shown);
        let modules = Arc::new(ArcSwap::new(Arc::clone(&loaded.modules)));
        let first = addresses.first().filter(|_| watch_itself);
        let prefix = config.web.prefix();
        let prefix = (!opened.is_protected()).then_some(prefix.as_str());
        let own = first.and_then(|at| self_check::check(*at, prefix));
        let mut reloader = Reloader::new(
            sources,
            &config,
            reload::Outputs {
                settings: stages.settings,
                changes: stages.changes,
                limits: stages.limits,
                shown,
                modules: Arc::clone(&modules),
                alerts: alerts.clone(),
            },
            demo,
            own,
            clock,
            telemetry.reloads.clone(),
        );
        let watched = loaded.watched().to_vec();
        let (notice, noticed) = mpsc::channel(1);
        supervisor.restarting("config-watch", move || {
            watch::files(watched.clone(), since.into(), notice.clone())
        });
        let scrapes = api::Metrics::default();
        scrapes.register(telemetry.registry());
        let blackbox = on_request(&config, modules, net, clock, &mut telemetry);
        let v2 = alerts.as_ref().map(|alerts| v2(alerts, &config, clock, &mut telemetry));
        let telemetry = Arc::new(telemetry);
        let api = api::State {
            views: stages.views,
            families: Arc::new(families()),
            telemetry: Arc::clone(&telemetry),
            metrics: scrapes,
            ready: is_ready,
            reload: reload.clone(),
            config: Arc::new(move || in_force.load().effective()),
            blackbox: Arc::new(blackbox),
            store: reader,
            clock,
            web: Arc::new(web(&config)),
        };
        let mut router = api::router(api);
        if let Some(v2) = v2 {
            router = router.merge(api::alertmanager::routes(&v2, config.web.prefix().as_str()));
        }
        let (server, end) = serve::start(opened, &router, &stop.server)?;
        let stopping = stop.tasks.clone();
        supervisor.essential("server", async move {
            let _ = stopping.run_until_cancelled(end).await;
        });
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
            alerts,
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
        let (answer, answered) = oneshot::channel();
        let stopping = |_| "noroshi is stopping".to_owned();
        self.reload.send(answer).await.map_err(|_| "noroshi is stopping".to_owned())?;
        answered.await.map_err(stopping)?
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

/// The stages that carry data, from outside: what goes in, and what readers look at.
struct Stages {
    settings: mpsc::Sender<state::Settings>,
    changes: mpsc::Sender<Vec<Change>>,
    limits: latest::Sender<Limits>,
    views: Arc<Views>,
}

/// What the stages are started with.
struct Inputs<'a> {
    clock: Clock,
    net: &'a Net,
    memory: Memory,
    changes: (mpsc::Sender<Vec<Change>>, mpsc::Receiver<Vec<Change>>),
    limits: Limits,
    alerts: Option<alert::Handle>,
}

/// Starts the schedule and the state and connects them.
fn stages(
    supervisor: &mut Supervisor,
    telemetry: &mut Telemetry,
    inputs: Inputs<'_>,
    stop: &Stop,
    grace: Duration,
) -> Stages {
    let Inputs { clock, net, memory, changes: (changes_in, changes), limits, alerts } = inputs;
    let (settings_in, settings) = mpsc::channel(CHANGES);
    let (observations_in, observations) = mpsc::channel(OBSERVATIONS);
    let (transitions_in, transitions) = mpsc::channel(TRANSITIONS);
    let (paces_in, paces) = mpsc::channel(PACES);
    let (limits_in, limits) = latest::channel(limits);

    let state = State::new(clock, &memory.restored);
    let views = state.views();
    let outputs =
        state::Outputs { commits: memory.commits, transitions: transitions_in, paces: paces_in };
    supervisor.essential("state", state.run(settings, observations, outputs));
    supervisor.essential("transitions", alerting::tell(transitions, alerts));

    let counts = schedule::Metrics::default();
    counts.register(telemetry.registry());
    let schedule = Schedule::new(clock, runner(net.clone(), clock), counts);
    let inputs = schedule::Inputs { changes, paces, limits };
    let run = schedule.run(inputs, observations_in, stop.schedule.clone(), grace);
    supervisor.essential("schedule", run);
    Stages { settings: settings_in, changes: changes_in, limits: limits_in, views }
}

/// A store where something must survive: an alert, or whatever a database was named for.
async fn memory(
    config: &Config,
    clock: Clock,
    late: &mut Supervisor,
    registry: &mut Registry,
) -> Result<Memory, StartError> {
    if config.alerting.is_none() && config.store.path.is_none() {
        return Ok(Memory::none(late));
    }
    Memory::open(config.store.clone(), clock, late, registry).await
}

/// Whether the store and the schedule are alive: both still read what they are sent.
fn alive(commits: &mpsc::Sender<Commit>, changes: &mpsc::Sender<Vec<Change>>) -> notify::Alive {
    let (commits, changes) = (commits.downgrade(), changes.downgrade());
    Arc::new(move || {
        commits.upgrade().is_some_and(|commits| !commits.is_closed() && commits.capacity() > 0)
            && changes.upgrade().is_some_and(|changes| !changes.is_closed())
    })
}

fn alert_options(config: &Config) -> alert::Options {
    let Some(alerting) = &config.alerting else { return alert::Options::default() };
    alert::Options {
        start_grace: alerting.start_grace,
        syntax: alerting.matchers.into(),
        ..alert::Options::default()
    }
}

/// The API of Alertmanager's second version in front of the pipeline.
fn v2(
    alerts: &Alerts,
    config: &Config,
    clock: Clock,
    telemetry: &mut Telemetry,
) -> Arc<api::alertmanager::Alertmanager> {
    let metrics = api::alertmanager::Metrics::default();
    metrics.register(telemetry.registry());
    let syntax = alert_options(config).syntax;
    let options = api::alertmanager::Options { syntax, ..api::alertmanager::Options::default() };
    let (handle, original) = (alerts.handle.clone(), alerts.original());
    Arc::new(api::alertmanager::Alertmanager::new(handle, original, options, clock, metrics))
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

/// What the schedule calls for each run.
fn runner(net: Net, clock: Clock) -> Runner {
    Arc::new(move |check: Check| {
        let net = net.clone();
        async move { probe::run(&check, &net, clock, Trace::default()).await.outcome }.boxed()
    })
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
