//! `noroshi alertmanager`: Alertmanager's place, taken. The pipeline, delivery and the store, its API, and no checks.
//!
//! The server has a runtime of its own, as in the daemon: a list of 100,000 alerts must not hold up a notice.

mod features;
mod reload;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use self::features::Features;
use self::reload::Reloader;
use super::{
    Cause, Front, SLACK, StartError, Supervisor,
    alerting::{self, Alerts, Around, Memory},
    requests::{self, Requests},
    serve,
};
pub use crate::api::alertmanager::VERSION;
use crate::{
    alert,
    api::{
        self,
        alertmanager::{Alertmanager, Counts, Metrics, Pages},
    },
    clock::{Clock, Instant},
    compat::blackbox::Place,
    config::{AlertmanagerFile, AlertmanagerSource},
    metrics::{Scrapes, Telemetry},
    model::PromDuration,
    net::Net,
    store,
};

/// The program whose place is taken, as its metrics name it.
const PROGRAM: &str = "alertmanager";

/// The database in the folder of `--storage.path`.
const DATABASE: &str = "noroshi.db";

/// Requests for a reload that may wait: they are one at a time.
const RELOADS: usize = 4;

/// What the personality is started with: its flags.
pub struct Options {
    /// The `alertmanager.yml`.
    pub config_file: PathBuf,
    /// A file of noroshi's own beside it, for what that has no words for.
    pub extras: Option<PathBuf>,
    /// How often it and what it names are read again; `None` to do so only when asked.
    pub auto_reload: Option<Duration>,
    /// The folder of the database.
    pub storage_path: PathBuf,
    /// How long ended silences and what was told are kept.
    pub retention: Duration,
    /// The most silences.
    pub max_silences: Option<usize>,
    /// The largest silence, in bytes.
    pub max_silence_size: Option<usize>,
    /// Whether each change of a silence is a line in the log.
    pub log_silences: bool,
    /// How often resolved alerts are forgotten.
    pub gc_interval: Duration,
    /// The most alerts of one name.
    pub per_alertname_limit: Option<usize>,
    /// Nothing is sent sooner than this after the start.
    pub start_delay: Duration,
    /// GETs at the same time.
    pub get_concurrency: Option<usize>,
    /// How long a request may take.
    pub timeout: Option<Duration>,
    /// What is switched on.
    pub features: Features,
    /// Start although a route reaches a receiver whose provider is not built.
    pub allow_missing_providers: bool,
    /// Whether `/metrics` tells of a cluster with this one as its only member.
    pub is_member: bool,
    /// Where to listen, and what stands before the pages.
    pub front: Front,
    /// Where the pages stand.
    pub place: Place,
    /// How long sends on their way may take at the end.
    pub grace: Duration,
    /// The calendar.
    pub clock: Clock,
}

impl Options {
    /// Where its configuration is, and how it is read.
    pub fn source(&self) -> AlertmanagerSource {
        AlertmanagerSource {
            path: self.config_file.clone(),
            extras: self.extras.clone(),
            matchers: self.features.matchers,
            external_url: self.place.external_url.as_str().into(),
        }
    }
}

/// A running personality.
pub struct Personality {
    addresses: Vec<SocketAddr>,
    reload: mpsc::Sender<api::Reload>,
    supervisor: Supervisor,
    late: Supervisor,
    alerts: Alerts,
    server: serve::Server,
    stop: CancellationToken,
    stop_server: CancellationToken,
    grace: Duration,
}

impl Personality {
    /// Starts on a file that was read without errors.
    pub async fn start(options: Options, file: AlertmanagerFile) -> Result<Self, StartError> {
        let alerting = reload::of(&file, &options)?;
        let prepared = alerting::prepared(&alerting)?;
        let opened = serve::open(&options.front)?;
        let addresses = opened.addresses();
        let (stop, stop_server) = (CancellationToken::new(), CancellationToken::new());
        let mut supervisor = Supervisor::new(stop.clone());
        let mut telemetry = Telemetry::speaking_as(PROGRAM, VERSION);
        supervisor.register(telemetry.registry());
        let mut late = supervisor.sibling();
        let memory =
            Memory::open(stored(&options), options.clock, &mut late, telemetry.registry()).await?;

        let counts = Counts::default();
        let counted = counts.clone();
        let commits = memory.commits.clone();
        let around = Around {
            late: &mut late,
            registry: telemetry.registry(),
            net: Net::new(),
            clock: options.clock,
            commits,
            alive: Arc::new(memory.is_alive()),
            count: Some(Box::new(move |delivery| counted.delivery(delivery))),
            log_silences: options.log_silences,
        };
        let alerts = Alerts::start(prepared, pipeline(&options), &memory.restored, around);
        let reader = memory.reader.clone();
        drop(memory);

        let (reload, asked) = mpsc::channel(RELOADS);
        let reload_counts = telemetry.reloads.clone();
        let kept = (counts, reader);
        let pages = pages(&options, &alerts, kept, telemetry, reload.clone());
        let router = api::alertmanager::personality(pages);
        let grace = options.grace;
        let requests = Requests { asked, every: options.auto_reload, stop: stop.clone() };
        let reloader =
            Reloader::new(options, alerting, file.diagnostics, alerts.clone(), reload_counts);
        supervisor.essential("reload", reloader.run(requests));
        let (server, end) = serve::start(opened, &router, &stop_server)?;
        let stopping = stop.clone();
        supervisor.essential("server", async move {
            let _ = stopping.run_until_cancelled(end).await;
        });
        for address in &addresses {
            info!(%address, "Listening on");
        }
        Ok(Self { addresses, reload, supervisor, late, alerts, server, stop, stop_server, grace })
    }

    /// Where it listens, in the order of the flags; port 0 is already a real one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Reads the file again; keeps everything as it is when it has mistakes.
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

    /// Answers what was asked and ends the sends on their way; what is not sent stays in the outbox. Says whether all
    /// ended within the grace.
    pub async fn stop(self) -> bool {
        let deadline = Instant::now() + self.grace + SLACK;
        self.stop.cancel();
        self.stop_server.cancel();
        self.alerts.stop_sending(self.grace).await;
        let served = self.server.join(deadline).await;
        let ended = self.supervisor.drain(deadline).await;
        // Nobody is left who asks the pipeline: it ends, then delivery, then the store, which closes its file.
        drop(self.alerts);
        self.late.drain(deadline.max(Instant::now() + SLACK)).await && served && ended
    }
}

fn stored(options: &Options) -> store::spec::Options {
    store::spec::Options {
        path: Some(options.storage_path.join(DATABASE)),
        retention: PromDuration(options.retention),
        ..store::spec::Options::default()
    }
}

fn pipeline(options: &Options) -> alert::Options {
    alert::Options {
        gc_interval: options.gc_interval,
        per_alertname_limit: options.per_alertname_limit.unwrap_or_default(),
        start_delay: options.start_delay,
        retention: options.retention,
        max_silences: options.max_silences.unwrap_or_default(),
        max_silence_size: options.max_silence_size.unwrap_or_default(),
        syntax: options.features.matchers.into(),
        ..alert::Options::default()
    }
}

fn pages(
    options: &Options,
    alerts: &Alerts,
    (counts, store): (Counts, Option<store::Reader>),
    mut telemetry: Telemetry,
    reload: mpsc::Sender<api::Reload>,
) -> Pages {
    let (metrics, scrapes) = (Metrics::default(), Scrapes::default());
    metrics.register(telemetry.registry());
    scrapes.register(telemetry.registry());
    let api = api::alertmanager::Options {
        get_concurrency: options.get_concurrency.unwrap_or_default(),
        timeout: options.timeout.unwrap_or_default(),
        syntax: options.features.matchers.into(),
        ..api::alertmanager::Options::default()
    };
    let alertmanager =
        Alertmanager::new(alerts.handle.clone(), alerts.original(), api, options.clock, metrics);
    Pages {
        alertmanager: Arc::new(alertmanager),
        counts,
        store,
        pipeline: alerts.metrics.clone(),
        per_alertname_limit: options.per_alertname_limit.unwrap_or_default(),
        fingerprint: Arc::clone(&alerts.fingerprint),
        is_member: options.is_member,
        telemetry: Arc::new(telemetry),
        scrapes,
        reload,
        route_prefix: options.place.route_prefix.trim_end_matches('/').to_owned(),
        external_url: options.place.external_url.clone(),
    }
}
