//! The composition root: builds, supervises, reloads, shuts down. No domain rule.
//!
//! [`App::start`] reads top to bottom as the daemon's life: read the configuration, bind the sockets, connect the
//! stages, hand in the first checks. A test starts an app on port 0, asks it where it listens, and stops it.

mod activation;
pub mod blackbox;
pub mod log;
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
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch as latest},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use crate::metrics::BUILD;
use crate::{
    api::{self, blackbox::Blackbox},
    clock::{Clock, Instant},
    compat::blackbox::{Modules, log::Format},
    config::{self, Config, Loaded, LogFormat, Sources},
    metrics::{Families, Telemetry},
    model::{BaseState, Commit, Restored, Trace, Transition},
    net::Net,
    probe::{
        self,
        spec::{Change, Check},
    },
    schedule::{self, Limits, Runner, Schedule},
    state::{self, State, Views},
};
pub use one_off::exposition;
use reload::Reloader;
pub use serve::Front;
pub use supervise::Cause;
use supervise::Supervisor;
pub use web_config::web_config_diagnostics;

/// Observations that may wait for the state: at 10,000 runs a second and 5 us each, 4,096 cover a stall of 0.4 s;
/// beyond that runs wait with their results, which slows the schedule instead of losing one.
const OBSERVATIONS: usize = 4096;

/// Transitions that may wait to be logged; a line takes microseconds.
const TRANSITIONS: usize = 1024;

/// Commits that may wait; releasing one takes microseconds.
const COMMITS: usize = 1024;

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

        let stop = Stop::default();
        let mut supervisor = Supervisor::new(stop.tasks.clone());
        let mut telemetry = Telemetry::new();
        supervisor.register(telemetry.registry());
        opened.register(telemetry.registry());

        let limits = reload::limits(&config);
        let net = Net::new();
        let stages = stages(&mut supervisor, &mut telemetry, (clock, &net), limits, &stop, grace);

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
            store: None,
            clock,
            web: Arc::new(web(&config)),
        };
        let (server, end) = serve::start(opened, &api::router(api), &stop.server)?;
        let stopping = stop.tasks.clone();
        supervisor.essential("server", async move {
            let _ = stopping.run_until_cancelled(end).await;
        });
        let applied = reloader.first(&config).await;
        let run = reloader.run(reloads, noticed, stop.tasks.clone());
        supervisor.essential("reload", run);
        ready.send_replace(applied);
        info!(checks = config.checks.len(), addresses = ?addresses, tls = has_tls, "noroshi watches");
        Ok(Self { addresses, has_tls, ready, reload, supervisor, server, telemetry, stop, grace })
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
        let ended = self.supervisor.drain(deadline).await;
        self.stop.server.cancel();
        self.server.join(deadline.max(Instant::now() + SLACK)).await && ended
    }
}

/// The stages that carry data, from outside: what goes in, and what readers look at.
struct Stages {
    settings: mpsc::Sender<state::Settings>,
    changes: mpsc::Sender<Vec<Change>>,
    limits: latest::Sender<Limits>,
    views: Arc<Views>,
}

/// Starts the schedule and the state and connects them.
fn stages(
    supervisor: &mut Supervisor,
    telemetry: &mut Telemetry,
    (clock, net): (Clock, &Net),
    limits: Limits,
    stop: &Stop,
    grace: Duration,
) -> Stages {
    let (settings_in, settings) = mpsc::channel(CHANGES);
    let (observations_in, observations) = mpsc::channel(OBSERVATIONS);
    let (transitions_in, transitions) = mpsc::channel(TRANSITIONS);
    let (paces_in, paces) = mpsc::channel(PACES);
    let (changes_in, changes) = mpsc::channel(CHANGES);
    let (limits_in, limits) = latest::channel(limits);

    let (commits_in, commits) = mpsc::channel(COMMITS);
    supervisor.essential("commits", release_at_once(commits));

    let state = State::new(clock, &Restored::default());
    let views = state.views();
    let outputs =
        state::Outputs { commits: commits_in, transitions: transitions_in, paces: paces_in };
    supervisor.essential("state", state.run(settings, observations, outputs));
    supervisor.essential("transitions", log_transitions(transitions));

    let counts = schedule::Metrics::default();
    counts.register(telemetry.registry());
    let schedule = Schedule::new(clock, runner(net.clone(), clock), counts);
    let inputs = schedule::Inputs { changes, paces, limits };
    let run = schedule.run(inputs, observations_in, stop.schedule.clone(), grace);
    supervisor.essential("schedule", run);
    Stages { settings: settings_in, changes: changes_in, limits: limits_in, views }
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

/// Where there is no store, nothing waits for one.
async fn release_at_once(mut commits: mpsc::Receiver<Commit>) {
    while let Some(commit) = commits.recv().await {
        (commit.release)(Ok(()));
    }
}

/// One line per change: trouble as a warning, the rest as information.
async fn log_transitions(mut transitions: mpsc::Receiver<Transition>) {
    while let Some(transition) = transitions.recv().await {
        let Transition { id, from, to, reason, detail, .. } = transition;
        let reason = reason.map_or("", crate::model::Reason::word);
        let overlays = to.1.words().collect::<Vec<_>>().join(",");
        let good = matches!(to.0, BaseState::Up | BaseState::Recovering);
        let (from, to) = (from.0.word(), to.0.word());
        let what = if from == to { "overlay changed" } else { "state changed" };
        if good {
            info!(check = %id, from, to, overlays, "{what}");
        } else {
            warn!(check = %id, from, to, overlays, reason, detail = &*detail, "{what}");
        }
    }
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
