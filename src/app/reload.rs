//! From one configuration to the next: only what changed is restarted, and nothing changes on a mistake.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{StartError, checked, log, read};
use crate::{
    clock::Clock,
    config::{Config, DemoOptions, Sources},
    demo::{self, Demo, Ports},
    discovery,
    metrics::Reloads,
    model::SettingsChange,
    probe::spec::{Change, Check},
    schedule::Limits,
};

/// Who asked for a reload and waits for its result.
type Request = oneshot::Sender<Result<String, String>>;

/// Where a new configuration goes.
pub(super) struct Outputs {
    pub(super) settings: mpsc::Sender<Vec<SettingsChange>>,
    pub(super) changes: mpsc::Sender<Vec<Change>>,
    pub(super) limits: watch::Sender<Limits>,
    /// The masked text that `/config` shows.
    pub(super) shown: Arc<ArcSwap<String>>,
}

/// Holds what is applied now.
pub(super) struct Reloader {
    sources: Sources,
    checks: Vec<Check>,
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
        clock: Clock,
        counts: Reloads,
    ) -> Self {
        Self {
            sources,
            checks: Vec::new(),
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
        mut requests: mpsc::Receiver<Request>,
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
        let (loaded, config) = match read(self.sources.clone()).await.and_then(checked) {
            Ok(loaded) => loaded,
            Err(failed) => {
                self.counts.failed();
                let text = match failed {
                    StartError::Config(loaded) => loaded.human(false, "nothing was changed"),
                    other => other.to_string(),
                };
                error!(why, "the configuration was not reloaded: {text}");
                return Err(text);
            }
        };
        if config.demo != self.demo.0 {
            self.demo.1 = None;
            match demo_of(config.demo) {
                Ok(demo) => self.demo = (config.demo, demo),
                Err(error) => {
                    self.counts.failed();
                    return Err(error.to_string());
                }
            }
        }
        log::set_level(config.log.level);
        self.outputs.limits.send_replace(limits(&config));
        let Some(changed) = self.apply(config.checks.clone()).await else {
            return Err("noroshi is stopping".into());
        };
        self.outputs.shown.store(Arc::new(loaded.effective(false)));
        self.succeeded();
        let mut answer = format!("{} checks, {changed} changed", config.checks.len());
        let old = &self.started_with;
        if config.web != old.web || config.log.format != old.log.format {
            answer.push_str("; [web] and log.format take effect at the next start");
        }
        info!(why, "configuration reloaded: {answer}");
        Ok(answer)
    }

    /// Hands the difference on: the state learns of new checks before the schedule runs them, and forgets old ones
    /// after the schedule has stopped them. `None` when a stage is gone.
    async fn apply(&mut self, checks: Vec<Check>) -> Option<usize> {
        let changes = discovery::changes(&self.checks, &checks);
        let count = changes.len();
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for change in &changes {
            match change {
                Change::Set(check) => set.push(SettingsChange::Set(Arc::clone(&check.settings))),
                Change::Removed(id) => removed.push(SettingsChange::Removed(id.clone())),
            }
        }
        if count > 0 {
            self.outputs.settings.send(set).await.ok()?;
            self.outputs.changes.send(changes).await.ok()?;
            if !removed.is_empty() {
                self.outputs.settings.send(removed).await.ok()?;
            }
        }
        self.checks = checks;
        Some(count)
    }

    fn succeeded(&self) {
        self.counts.succeeded(self.clock.now());
    }
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
