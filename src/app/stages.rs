//! The stages that carry data, connected: store, pipeline, state, schedule.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch as latest};

use super::{
    StartError, Stop, Supervisor,
    alerting::{self, Alerts, Around, Memory, Prepared},
    clusters,
    reload::{Outputs, limits},
};
use crate::{
    alert, api,
    clock::Clock,
    cluster::Telling,
    compat::blackbox::Modules,
    config::Config,
    metrics::Telemetry,
    model::Trace,
    net::Net,
    notify,
    probe::{
        self,
        spec::{Change, Check},
    },
    schedule::{self, Limits, Runner, Schedule},
    state::{self, State, Views},
    store::{self, Reader},
};

/// Observations that may wait for the state: at 10,000 runs a second and 5 us each, 4,096 cover a stall of 0.4 s;
/// beyond that runs wait with their results, which slows the schedule instead of losing one.
const OBSERVATIONS: usize = 4096;

/// Transitions that may wait to be told; a line takes microseconds, and the disk takes hundreds of them at once.
const TRANSITIONS: usize = 1024;

/// Changes of pace that may wait for the schedule; it reads them between two runs.
const PACES: usize = 1024;

/// Sets of changes that may wait: reloads are one at a time.
const CHANGES: usize = 4;

/// The stages that carry data, from outside: what goes in, and what readers look at.
pub(super) struct Stages {
    pub(super) settings: mpsc::Sender<state::Settings>,
    pub(super) changes: mpsc::Sender<Vec<Change>>,
    pub(super) limits: latest::Sender<Limits>,
    pub(super) views: Arc<Views>,
    /// Where outcomes of checks go that are no runs.
    pub(super) telling: Telling,
    /// The pipeline behind them, if anybody is told of anything.
    pub(super) alerts: Option<Alerts>,
    /// Answers questions about what is kept, if anything is.
    pub(super) reader: Option<Reader>,
}

impl Stages {
    /// Where a new configuration goes.
    pub(super) fn outputs(
        &self,
        shown: Arc<ArcSwap<Config>>,
        modules: &Arc<ArcSwap<Modules>>,
        clusters: latest::Sender<clusters::Wanted>,
    ) -> Outputs {
        Outputs {
            settings: self.settings.clone(),
            changes: self.changes.clone(),
            limits: self.limits.clone(),
            shown,
            modules: Arc::clone(modules),
            clusters,
            alerts: self.alerts.clone(),
        }
    }
}

/// Who owns the tasks and counts what they do.
pub(super) struct Owners<'a> {
    pub(super) supervisor: &'a mut Supervisor,
    pub(super) late: &'a mut Supervisor,
    pub(super) telemetry: &'a mut Telemetry,
}

/// Opens the store, starts the pipeline with what was in it, and then the state and the schedule.
pub(super) async fn start(
    owners: Owners<'_>,
    config: &Config,
    prepared: Option<Prepared>,
    (clock, net): (Clock, &Net),
    stop: &Stop,
    grace: Duration,
) -> Result<Stages, StartError> {
    let Owners { supervisor, late, telemetry } = owners;
    let memory = memory(config, clock, late, telemetry.registry()).await?;
    let changes = mpsc::channel(CHANGES);
    let alerts = prepared.map(|prepared| {
        let around = Around {
            late,
            registry: telemetry.registry(),
            net: net.clone(),
            clock,
            commits: memory.commits.clone(),
            alive: alive(&memory, &changes.0),
            count: None,
            log_silences: false,
        };
        Alerts::start(prepared, alert_options(config), &memory.restored, around)
    });
    let inputs = Inputs { clock, net, memory, changes, limits: limits(config), alerts };
    Ok(stages(supervisor, telemetry, inputs, stop, grace))
}

/// What the stages are started with.
struct Inputs<'a> {
    clock: Clock,
    net: &'a Net,
    memory: Memory,
    changes: (mpsc::Sender<Vec<Change>>, mpsc::Receiver<Vec<Change>>),
    limits: Limits,
    alerts: Option<Alerts>,
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

    let reader = memory.reader.clone();
    let handle = alerts.as_ref().map(|alerts| alerts.handle.clone());
    let state = State::new(clock, &memory.restored);
    let views = state.views();
    let outputs =
        state::Outputs { commits: memory.commits, transitions: transitions_in, paces: paces_in };
    supervisor.essential("state", state.run(settings, observations, outputs));
    supervisor.essential("transitions", alerting::tell(transitions, handle));

    let counts = schedule::Metrics::default();
    counts.register(telemetry.registry());
    let schedule = Schedule::new(clock, runner(net.clone(), clock), counts);
    let inputs = schedule::Inputs { changes, paces, limits };
    let telling = clusters::telling(&observations_in, clock);
    let run = schedule.run(inputs, observations_in, stop.schedule.clone(), grace);
    supervisor.essential("schedule", run);
    Stages {
        settings: settings_in,
        changes: changes_in,
        limits: limits_in,
        views,
        telling,
        alerts,
        reader,
    }
}

/// A store where something must survive or may be asked for: alerts, or whatever `[store]` stands there for.
async fn memory(
    config: &Config,
    clock: Clock,
    late: &mut Supervisor,
    registry: &mut Registry,
) -> Result<Memory, StartError> {
    let store = match (&config.store, &config.alerting) {
        (Some(store), _) => store.clone(),
        (None, Some(_)) => store::spec::Options::default(),
        (None, None) => return Ok(Memory::none(late)),
    };
    Memory::open(store, clock, late, registry).await
}

/// Whether the store and the schedule are alive: both still read what they are sent.
fn alive(memory: &Memory, changes: &mpsc::Sender<Vec<Change>>) -> notify::Alive {
    let (store, changes) = (memory.is_alive(), changes.downgrade());
    Arc::new(move || store() && changes.upgrade().is_some_and(|changes| !changes.is_closed()))
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
pub(super) fn v2(
    alerts: &Alerts,
    config: &Config,
    clock: Clock,
    telemetry: &mut Telemetry,
) -> Arc<api::alertmanager::Alertmanager> {
    let metrics = api::alertmanager::Metrics::default();
    metrics.register(telemetry.registry());
    // karma asks `/metrics` which Alertmanager it speaks with.
    telemetry.stands_for("alertmanager", api::alertmanager::VERSION);
    let syntax = alert_options(config).syntax;
    let hook_token = alerts.hook_token.clone();
    let options =
        api::alertmanager::Options { syntax, hook_token, ..api::alertmanager::Options::default() };
    let (handle, original) = (alerts.handle.clone(), alerts.original());
    Arc::new(api::alertmanager::Alertmanager::new(handle, original, options, clock, metrics))
}

/// What the schedule calls for each run.
fn runner(net: Net, clock: Clock) -> Runner {
    Arc::new(move |check: Check| {
        let net = net.clone();
        async move { probe::run(&check, &net, clock, Trace::default()).await.outcome }.boxed()
    })
}
