//! `noroshi blackbox`: blackbox_exporter's place, taken. No schedule and no state, only `/probe` and the pages around it.
//!
//! The server shares the runtime of the probes: each of its requests is a probe, so one cannot starve the other, and
//! handing each over to another thread would cost more than a small probe itself.

pub mod lines;
pub(super) mod probing;
mod reload;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::reload::Reloader;
use super::{
    Cause, Front, SLACK, StartError, Supervisor,
    requests::{self, Requests},
    serve,
};
use crate::{
    api::{
        self,
        blackbox::{Blackbox, Metrics, Pages},
    },
    clock::{Clock, Instant},
    compat::blackbox::{
        Place,
        log::{Format, Level},
    },
    config::BlackboxFile,
    metrics::{Scrapes, Telemetry},
    net::Net,
};

/// The program whose place is taken, as its metrics name it.
const PROGRAM: &str = "blackbox_exporter";

/// Requests for a reload that may wait: they are one at a time.
const RELOADS: usize = 4;

/// What the personality is started with: its flags.
pub struct Options {
    /// The `blackbox.yml`.
    pub config_file: PathBuf,
    /// How often the file is looked at, if at all.
    pub auto_reload: Option<Duration>,
    /// Seconds by which a probe's deadline is before that of its scrape.
    pub timeout_offset: f64,
    /// Results that are kept.
    pub history_limit: usize,
    /// Probes at the same time.
    pub max_requests: usize,
    /// How lines are written.
    pub format: Format,
    /// Lines of probes from this level on go to the log.
    pub level: Level,
    /// Where to listen, and what stands before the pages.
    pub front: Front,
    /// Where the pages stand.
    pub place: Place,
    /// The calendar.
    pub clock: Clock,
}

/// A running personality.
pub struct Personality {
    addresses: Vec<SocketAddr>,
    reload: mpsc::Sender<api::Reload>,
    supervisor: Supervisor,
    stop: CancellationToken,
}

impl Personality {
    /// Starts on a file that was read without errors.
    pub fn start(options: Options, file: BlackboxFile) -> Result<Self, StartError> {
        let opened = serve::open(&options.front)?;
        let addresses = opened.addresses();
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        let mut telemetry = Telemetry::in_place_of(PROGRAM);
        supervisor.register(telemetry.registry());
        let (metrics, scrapes) = (Metrics::default(), Scrapes::default());
        metrics.register(telemetry.registry(), true);
        scrapes.register(telemetry.registry());

        let modules = Arc::new(ArcSwap::new(file.modules.clone().unwrap_or_default()));
        let (reload, asked) = mpsc::channel(RELOADS);
        let reloader = Reloader::new(
            options.config_file,
            file,
            Arc::clone(&modules),
            options.clock,
            telemetry.reloads.clone(),
        );
        let requests = Requests { asked, every: options.auto_reload, stop: stop.clone() };
        supervisor.essential("reload", reloader.run(requests));

        let run = probing::here(Net::new(), options.clock);
        let say = lines::to_stderr(options.level, options.format);
        let probes = api::blackbox::Options {
            timeout_offset: options.timeout_offset,
            history_limit: options.history_limit,
            max_requests: options.max_requests,
            format: options.format,
        };
        let blackbox = Blackbox::new(modules, probes, run, say, options.clock, metrics);
        let router = api::blackbox::personality(Pages {
            blackbox: Arc::new(blackbox),
            telemetry: Arc::new(telemetry),
            scrapes,
            reload: reload.clone(),
            route_prefix: options.place.route_prefix,
            external_url: options.place.external_url,
        });
        supervisor
            .essential("server", serve::here(opened, &router, &stop, api::Patience::default())?);
        for address in &addresses {
            info!(%address, "Listening on");
        }
        Ok(Self { addresses, reload, supervisor, stop })
    }

    /// Where it listens, in the order of the flags; port 0 is already a real one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Reads the file again; keeps the modules there are when it has mistakes.
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

    /// Answers what was asked, for so long at most. Says whether all ended by itself.
    pub async fn stop(self, grace: Duration) -> bool {
        self.stop.cancel();
        self.supervisor.drain(Instant::now() + grace + SLACK).await
    }
}

/// What this machine calls itself, for links; `localhost` where it does not say.
pub fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned())
}

/// Room for a socket per probe and per scraper, as every Go program takes it: the soft limit of open files becomes the
/// hard one. What cannot be had is done without.
pub fn take_file_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
