use tracing::{debug, error, info};

use super::Options;
use crate::{
    app::{
        StartError,
        alerting::{self, Alerts},
        log,
        requests::Requests,
    },
    clock::Clock,
    config::{Alerting, AlertmanagerFile},
    metrics::Reloads,
    model::Diagnostic,
};

/// What a look at the file and at what it names found.
#[derive(PartialEq)]
struct Found {
    diagnostics: Vec<Diagnostic>,
    /// What it says, or its mistakes as text.
    says: Result<Alerting, String>,
}

/// Holds the file that is in force.
pub(super) struct Reloader {
    options: Options,
    alerting: Alerting,
    /// What the last look found.
    seen: Option<Found>,
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
        warnings: Vec<Diagnostic>,
        alerts: Alerts,
        counts: Reloads,
    ) -> Self {
        let clock = options.clock;
        let seen = Some(Found { diagnostics: warnings, says: Ok(alerting.clone()) });
        counts.succeeded(clock.now());
        Self { options, alerting, seen, alerts, clock, counts }
    }

    /// Reads the file at each request, until they end.
    pub(super) async fn run(mut self, mut requests: Requests) {
        while let Some(answer) = requests.next().await {
            let read = self.read().await;
            // A look that finds what the last one found is no news.
            if answer.is_none() && self.seen.as_ref() == Some(&read) {
                debug!("Nothing new in the configuration file, nor in what it names");
                continue;
            }
            let result = self.reload(read).await;
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                let _ = answer.send(result);
            }
        }
    }

    async fn reload(&mut self, read: Found) -> Result<String, String> {
        info!(file = %self.options.config_file.display(), "Loading configuration file");
        let result = self.apply(&read).await;
        self.seen = Some(read);
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
                let err = log::last_line(why);
                error!(
                    file = %self.options.config_file.display(),
                    err,
                    "Loading configuration file failed"
                );
            }
        }
        result
    }

    async fn read(&self) -> Found {
        let source = self.options.source();
        let reading = tokio::task::spawn_blocking(move || AlertmanagerFile::read(&source));
        match reading.await {
            Err(error) => Found { diagnostics: Vec::new(), says: Err(error.to_string()) },
            Ok(file) => {
                let says = of(&file, &self.options)
                    .map_err(|_| file.human("nothing was changed").trim_end().to_owned());
                Found { diagnostics: file.diagnostics, says }
            }
        }
    }

    async fn apply(&mut self, read: &Found) -> Result<String, String> {
        log::diagnostics(&read.diagnostics);
        let alerting = read.says.as_ref().map_err(Clone::clone)?;
        if *alerting == self.alerting {
            return Ok("unchanged".to_owned());
        }
        let prepared = alerting::prepared(alerting).map_err(|refused| refused.to_string())?;
        self.alerts.reload(prepared).await;
        self.alerting = alerting.clone();
        Ok("reloaded".to_owned())
    }
}
