use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::Options;
use crate::{
    api,
    app::{
        StartError,
        alerting::{self, Alerts},
        log,
    },
    clock::Clock,
    config::{Alerting, AlertmanagerFile},
    metrics::Reloads,
};

/// Holds the file that is in force.
pub(super) struct Reloader {
    options: Options,
    alerting: Alerting,
    alerts: Alerts,
    clock: Clock,
    counts: Reloads,
}

/// What a file says, with what flags say.
pub(super) fn of(file: &AlertmanagerFile, options: &Options) -> Result<Alerting, StartError> {
    let mut alerting = file.alerting.clone().ok_or_else(|| StartError::System {
        what: "reading the configuration",
        error: std::io::Error::other("it has mistakes"),
    })?;
    alerting.allow_missing_providers = options.allow_missing_providers;
    Ok(alerting)
}

impl Reloader {
    pub(super) fn new(
        options: Options,
        alerting: Alerting,
        alerts: Alerts,
        counts: Reloads,
    ) -> Self {
        let clock = options.clock;
        counts.succeeded(clock.now());
        Self { options, alerting, alerts, clock, counts }
    }

    /// Reads the file whenever asked, and when it or a file of templates changed, until `stop`.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<api::Reload>,
        mut file_changes: mpsc::Receiver<()>,
        stop: CancellationToken,
    ) {
        loop {
            let answer = tokio::select! {
                () = stop.cancelled() => return,
                Some(answer) = requests.recv() => Some(answer),
                Some(()) = file_changes.recv() => None,
            };
            let result = self.reload().await;
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                let _ = answer.send(result);
            }
        }
    }

    async fn reload(&mut self) -> Result<String, String> {
        info!(file = %self.options.config_file.display(), "Loading configuration file");
        let result = self.attempt().await;
        match &result {
            Ok(_) => {
                self.counts.succeeded(self.clock.now());
                info!(
                    file = %self.options.config_file.display(),
                    "Completed loading of configuration file"
                );
            }
            Err(why) => {
                self.counts.failed();
                error!(
                    file = %self.options.config_file.display(),
                    err = log::last_line(why),
                    "Loading configuration file failed"
                );
            }
        }
        result
    }

    async fn attempt(&mut self) -> Result<String, String> {
        let path = self.options.config_file.clone();
        let matchers = self.options.features.matchers;
        let external_url = self.options.place.external_url.clone();
        let reading = tokio::task::spawn_blocking(move || {
            AlertmanagerFile::read(path, matchers, &external_url)
        });
        let file = reading.await.map_err(|error| error.to_string())?;
        log::diagnostics(&file.diagnostics);
        if file.alerting.is_none() {
            return Err(file.human("nothing was changed").trim_end().to_owned());
        }
        let alerting = of(&file, &self.options).map_err(|error| error.to_string())?;
        if alerting == self.alerting {
            return Ok("unchanged".to_owned());
        }
        let prepared = alerting::prepared(&alerting).map_err(|refused| refused.to_string())?;
        self.alerts.reload(prepared).await;
        self.alerting = alerting;
        Ok("reloaded".to_owned())
    }
}
