//! From one configuration to the next: only what changed is restarted, and nothing changes on a mistake.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{
    StartError,
    alerting::{self, Alerts, Prepared},
    clusters::Wanted,
    load, log,
};
use crate::{
    api,
    clock::Clock,
    compat::blackbox::Modules,
    config::{Alerting, BlackboxOptions, Config, DemoOptions, LogOptions, Sources},
    demo::{self, Demo, Ports},
    discovery,
    metrics::Reloads,
    model::SettingsChange,
    probe::spec::{Change, Check},
    schedule::Limits,
    state::{self, Planned},
};

/// Where a new configuration goes.
pub(super) struct Outputs {
    pub(super) settings: mpsc::Sender<state::Settings>,
    pub(super) changes: mpsc::Sender<Vec<Change>>,
    pub(super) limits: watch::Sender<Limits>,
    /// What `/config` shows.
    pub(super) shown: Arc<ArcSwap<Config>>,
    /// What `/probe` runs.
    pub(super) modules: Arc<ArcSwap<Modules>>,
    /// The clusters that are watched.
    pub(super) clusters: watch::Sender<Wanted>,
    /// Who is told of what, if anybody is.
    pub(super) alerts: Option<Alerts>,
}

/// Holds what is applied now.
pub(super) struct Reloader {
    sources: Sources,
    checks: Vec<Check>,
    /// What is applied of alerting.
    alerting: Option<Alerting>,
    /// The planned work that the state knows.
    settled: Vec<Planned>,
    /// Until then nobody knows which checks there are.
    is_first: bool,
    /// What is watched beside the configuration: noroshi itself, when there is none.
    own: Option<Check>,
    started_with: Config,
    outputs: Outputs,
    demo: (DemoOptions, Option<Demo>),
    clock: Clock,
    counts: Reloads,
}

impl Reloader {
    pub(super) fn new(
        sources: Sources,
        config: &Config,
        outputs: Outputs,
        demo: Option<Demo>,
        own: Option<Check>,
        clock: Clock,
        counts: Reloads,
    ) -> Self {
        Self {
            sources,
            checks: Vec::new(),
            alerting: config.alerting.clone(),
            settled: Vec::new(),
            is_first: true,
            own,
            started_with: Config { checks: Vec::new(), ..config.clone() },
            outputs,
            demo: (config.demo, demo),
            clock,
            counts,
        }
    }

    /// Applies the configuration the app was started with. False only if a stage is already gone.
    pub(super) async fn first(&mut self, config: &Config) -> bool {
        let applied = self.apply(config.checks.clone()).await.is_some();
        self.succeeded();
        applied
    }

    /// Reloads whenever asked, or when a file changed, until `stop`.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<api::Reload>,
        mut file_changes: mpsc::Receiver<()>,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                request = requests.recv() => {
                    let Some(answer) = request else { return };
                    let result = self.reload("asked for").await;
                    // Whoever asked may have gone.
                    let _ = answer.send(result);
                }
                Some(()) = file_changes.recv() => {
                    let _ = self.reload("a file changed").await;
                }
            }
        }
    }

    async fn reload(&mut self, why: &'static str) -> Result<String, String> {
        let result = self.attempt().await;
        match &result {
            Ok(answer) => {
                self.succeeded();
                info!(why, "configuration reloaded: {answer}");
            }
            Err(text) => {
                self.counts.failed();
                let line = log::last_line(text);
                error!(why, "the configuration was not reloaded: {line}");
            }
        }
        result
    }

    async fn attempt(&mut self) -> Result<String, String> {
        let (loaded, mut config) =
            load(self.sources.clone()).await.map_err(|failed| match failed {
                StartError::Config(loaded) => {
                    log::diagnostics(&loaded.diagnostics);
                    loaded.human(false, "nothing was changed")
                }
                other => other.to_string(),
            })?;
        config.checks = discovery::kept(&self.checks, config.checks);
        let prepared = self.prepared(&config)?;
        self.move_demo(config.demo).await?;
        if prepared.is_some() {
            self.alerting.clone_from(&config.alerting);
        }
        log::set_level(config.log.level);
        // Other gates only for other limits: runs in flight keep the old ones.
        self.outputs.limits.send_if_modified(|applied| {
            let wanted = limits(&config);
            std::mem::replace(applied, wanted) != wanted
        });
        let Some(changed) = self.apply(config.checks.clone()).await else {
            return Err("noroshi is stopping".into());
        };
        self.outputs.modules.store(loaded.modules);
        self.outputs.clusters.send_if_modified(|wanted| {
            let is_other = wanted.clusters != config.clusters;
            wanted.clusters.clone_from(&config.clusters);
            is_other
        });
        if let (Some(alerts), Some(prepared)) = (&self.outputs.alerts, prepared) {
            alerts.reload(prepared).await;
        }
        // What waits for the next start is not in force.
        let started = &self.started_with;
        let log = LogOptions { format: started.log.format, ..config.log };
        let file = config.blackbox.config_file.clone();
        let blackbox = BlackboxOptions { config_file: file, ..started.blackbox.clone() };
        let other_blackbox = config.blackbox != blackbox;
        let other_alerting = self.outputs.alerts.is_some() != config.alerting.is_some()
            || config.store != started.store
            || options_of(config.alerting.as_ref()) != options_of(started.alerting.as_ref());
        let alerting = self.alerting.clone();
        let store = started.store.clone();
        let web = started.web.clone();
        let in_force = Config { web, log, blackbox, alerting, store, ..config.clone() };
        self.outputs.shown.store(Arc::new(in_force));
        let mut answer = format!("{}, {changed} changed", counted(config.checks.len()));
        let old = &self.started_with;
        if config.web != old.web || config.log.format != old.log.format {
            answer.push_str("; [web] and log.format take effect at the next start");
        }
        if other_blackbox {
            answer
                .push_str("; of [blackbox] only `config_file` takes effect before the next start");
        }
        if other_alerting {
            answer.push_str(
                "; whether there is alerting at all, its `start_grace` and `matchers`, and [store] take effect at the next start",
            );
        }
        Ok(answer)
    }

    /// What is to be applied of alerting, if it changed; refused before anything is.
    fn prepared(&self, config: &Config) -> Result<Option<Prepared>, String> {
        let (Some(wanted), Some(_)) = (&config.alerting, &self.outputs.alerts) else {
            return Ok(None);
        };
        if self.alerting.as_ref() == Some(wanted) {
            return Ok(None);
        }
        alerting::prepared_for(config).map_err(|refused| {
            log::diagnostics(&refused.0);
            refused.to_string()
        })
    }

    /// Opens the demo's listeners where they are wanted now; where that fails, those from before again, because the new
    /// ports may be some of the old.
    async fn move_demo(&mut self, wanted: DemoOptions) -> Result<(), String> {
        let before = self.demo.0;
        if wanted == before {
            return Ok(());
        }
        if let Some(demo) = self.demo.1.take() {
            demo.stop().await;
        }
        let opened = demo_of(wanted);
        let failed = opened.as_ref().err().map(ToString::to_string);
        self.demo = match opened {
            Ok(demo) => (wanted, demo),
            Err(_) => match demo_of(before) {
                Ok(demo) => (before, demo),
                Err(_) => (DemoOptions { enabled: false, ..before }, None),
            },
        };
        failed.map_or(Ok(()), Err)
    }

    /// Hands the difference on: the state learns of new checks before the schedule runs them, and forgets old ones
    /// after the schedule has stopped them. `None` when a stage is gone.
    async fn apply(&mut self, mut checks: Vec<Check>) -> Option<usize> {
        checks.extend(self.own.clone());
        let changes = discovery::changes(&self.checks, &checks);
        let count = changes.len();
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for change in &changes {
            match change {
                Change::Set(check) => set.push(SettingsChange::Set(Arc::clone(&check.settings))),
                Change::Removed(id) => removed.push(SettingsChange::Removed(id.clone())),
            }
        }
        if self.is_first || count > 0 {
            // The pipeline knows a check before the state tells of it, and until after it last told.
            self.tell(set.clone()).await;
            self.settle(set).await?;
            self.outputs.changes.send(changes).await.ok()?;
            self.outputs.clusters.send_if_modified(|wanted| {
                let watched = Wanted::watched(&checks);
                let is_other = wanted.checks != watched;
                wanted.checks = watched;
                is_other
            });
            if !removed.is_empty() {
                self.settle(removed.clone()).await?;
                self.tell(removed).await;
            }
        } else if self.planned() != self.settled {
            self.settle(Vec::new()).await?;
        }
        self.is_first = false;
        self.checks = checks;
        Some(count)
    }

    /// Hands changes to the state and waits until readers see them.
    async fn settle(&mut self, changes: Vec<SettingsChange>) -> Option<()> {
        let (applied, done) = oneshot::channel();
        let planned = self.planned();
        let maintenance = (planned != self.settled).then(|| Arc::from(planned.as_slice()));
        self.settled = planned;
        let settings = state::Settings { changes, maintenance, applied };
        self.outputs.settings.send(settings).await.ok()?;
        done.await.ok()
    }

    /// Planned work, as the state takes it.
    fn planned(&self) -> Vec<Planned> {
        let windows = self.alerting.iter().flat_map(|alerting| &alerting.pipeline.maintenance);
        windows
            .map(|work| Planned { matchers: work.matchers.clone(), window: work.window.clone() })
            .collect()
    }

    async fn tell(&self, changes: Vec<SettingsChange>) {
        if let Some(alerts) = &self.outputs.alerts {
            alerts.settings(changes).await;
        }
    }

    fn succeeded(&self) {
        self.counts.succeeded(self.clock.now());
    }
}

/// `1 check`, `2 checks`.
pub(super) fn counted(checks: usize) -> String {
    format!("{checks} check{}", if checks == 1 { "" } else { "s" })
}

/// The schedule's limits, as the configuration has them.
pub(super) fn limits(config: &Config) -> Limits {
    let number = |limit: std::num::NonZeroU32| usize::try_from(limit.get()).unwrap_or(usize::MAX);
    Limits {
        concurrency: number(config.schedule.concurrency),
        per_host: number(config.schedule.per_host),
    }
}

/// Opens the demo's listeners where the configuration asks for them.
pub(super) fn demo_of(options: DemoOptions) -> Result<Option<Demo>, StartError> {
    if !options.enabled {
        return Ok(None);
    }
    let system = |error| StartError::System { what: "opening the demo's listeners", error };
    demo::start(&Ports::from(options.first_port)).map(Some).map_err(system)
}

/// What of alerting only a start can change.
fn options_of(
    alerting: Option<&Alerting>,
) -> Option<(std::time::Duration, crate::config::MatcherMode)> {
    alerting.map(|alerting| (alerting.start_grace, alerting.matchers))
}
