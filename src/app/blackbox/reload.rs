use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tracing::{error, info};

use crate::{
    app::{log, requests::Requests},
    clock::Clock,
    compat::blackbox::Modules,
    config::BlackboxFile,
    metrics::Reloads,
};

/// Holds the file that is in force.
pub(super) struct Reloader {
    path: PathBuf,
    /// Its text: the same text again changes nothing.
    text: String,
    modules: Arc<ArcSwap<Modules>>,
    clock: Clock,
    counts: Reloads,
}

impl Reloader {
    pub(super) fn new(
        path: PathBuf,
        file: BlackboxFile,
        modules: Arc<ArcSwap<Modules>>,
        clock: Clock,
        counts: Reloads,
    ) -> Self {
        counts.succeeded(clock.now());
        let text = file.file.map(|file| file.text).unwrap_or_default();
        Self { path, text, modules, clock, counts }
    }

    /// Reads the file at each request, until they end.
    pub(super) async fn run(mut self, mut requests: Requests) {
        while let Some(answer) = requests.next().await {
            let result = self.reload().await;
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                let _ = answer.send(result);
            }
        }
    }

    async fn reload(&mut self) -> Result<String, String> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || BlackboxFile::read(path)).await;
        let result = match read {
            Ok(read) => self.apply(read),
            Err(error) => Err(error.to_string()),
        };
        match &result {
            Ok(_) => {
                self.counts.succeeded(self.clock.now());
                info!("Reloaded config file");
            }
            Err(why) => {
                self.counts.failed();
                let err = log::last_line(why);
                error!(err, "Error reloading config");
            }
        }
        result
    }

    fn apply(&mut self, read: BlackboxFile) -> Result<String, String> {
        if read.file.as_ref().is_some_and(|file| file.text == self.text) {
            info!("Configuration checksum check passed. No changes detected.");
            return Ok("unchanged".to_owned());
        }
        info!("Configuration file change detected, reloading the configuration.");
        let Some(modules) = read.modules.clone() else {
            log::diagnostics(&read.diagnostics);
            return Err(read.human("nothing was changed").trim_end().to_owned());
        };
        log::diagnostics(&read.diagnostics);
        self.modules.store(modules);
        self.text = read.file.map(|file| file.text).unwrap_or_default();
        Ok("reloaded".to_owned())
    }
}
